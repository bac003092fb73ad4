package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.io.WeightFile.Entry;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of a safetensors file, all of whose claims were checked: every entry lies inside the file, has as many
 * bytes as its dtype and shape ask for, and together they cover the data without holes or overlaps. Format: 8 bytes of
 * length, little endian, that many bytes of JSON, the data (github.com/huggingface/safetensors, "Format").
 *
 * <p>Tensors at odd addresses are accepted: the format promises no alignment, old files have none, and tensors are read
 * without it.
 *
 * @param entries by name, in the header's order
 * @param dataStart where the data begins in the file
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata, long dataStart) {
    static final int MAX_BYTES = 100_000_000;
    private static final String METADATA = "__metadata__";
    private static final String DAMAGED = "download the file again";

    /** @throws InputException where the file breaks a rule of the format */
    static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
        return new Reader(file, channel.size()).read(channel::read);
    }

    /**
     * Of a file that need not be here.
     *
     * @param beginning so many of its bytes as {@link #end} says, or more
     * @throws InputException where the file breaks a rule of the format
     */
    static SafetensorsHeader read(Path file, long fileBytes, byte[] beginning) throws IOException {
        return new Reader(file, fileBytes).read((to, position) -> {
            int count = (int) Math.min(to.remaining(), beginning.length - position);
            to.put(beginning, (int) position, Math.max(0, count));
            return count > 0 ? count : -1;
        });
    }

    /** Where the header ends, by the first bytes of the file; 0 where they announce none that is read. */
    static long end(byte[] first) {
        long length = first.length < Long.BYTES ? -1 : announced(first);
        return length < 0 || length > MAX_BYTES ? 0 : Long.BYTES + length;
    }

    private static long announced(byte[] first) {
        return ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private interface Source {
        int read(ByteBuffer to, long position) throws IOException;
    }

    private record Reader(Path file, long fileBytes) {

        SafetensorsHeader read(Source source) throws IOException {
            StandIn.refuse(file, bytes(source, 0, (int) Math.min(fileBytes, StandIn.HEAD_BYTES)));
            if (fileBytes < Long.BYTES) {
                throw broken("has " + fileBytes + " bytes; a safetensors file begins with 8 bytes of header length");
            }
            int length = headerLength(bytes(source, 0, Long.BYTES));
            String text = decode(bytes(source, Long.BYTES, length));
            Map<String, @Nullable Object> json =
                    Json.object(Json.parse(text, file + ": the header"), file + ": the header");
            Map<String, Entry> entries = new LinkedHashMap<>();
            json.forEach((name, value) -> {
                if (!name.equals(METADATA)) {
                    entries.put(name, entry(name, value));
                }
            });
            long dataStart = (long) Long.BYTES + length;
            requireExactCover(entries, dataStart);
            return new SafetensorsHeader(Collections.unmodifiableMap(entries), metadata(json.get(METADATA)), dataStart);
        }

        private byte[] bytes(Source source, long position, int count) throws IOException {
            ByteBuffer buffer = ByteBuffer.allocate(count);
            while (buffer.hasRemaining()) {
                if (source.read(buffer, position + buffer.position()) < 0) {
                    throw broken("ended at byte " + (position + buffer.position()) + " while it was being read");
                }
            }
            return buffer.array();
        }

        /** The length is unsigned: what does not fit is far over the limit. */
        private int headerLength(byte[] first) {
            long length = announced(first);
            if (Long.compareUnsigned(length, MAX_BYTES) > 0) {
                throw broken("announces a header of " + Long.toUnsignedString(length) + " bytes; at most " + MAX_BYTES
                        + " are allowed: it is not a safetensors file");
            }
            if (length > fileBytes - Long.BYTES) {
                throw broken("has " + fileBytes + " bytes; its header alone has " + length + ": it is truncated");
            }
            return (int) length;
        }

        private String decode(byte[] header) {
            if (header.length == 0 || header[0] != '{') {
                throw broken(header.length == 0 ? "has an empty header" : "has a header that does not begin with {");
            }
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(header))
                        .toString();
            } catch (CharacterCodingException e) {
                throw new InputException(file + " has a header that is not UTF-8", DAMAGED, e);
            }
        }

        private Map<String, String> metadata(@Nullable Object value) {
            if (value == null) {
                return Map.of();
            }
            Map<String, String> result = new LinkedHashMap<>();
            Json.object(value, file + ": " + METADATA).forEach((key, text) -> {
                if (!(text instanceof String s)) {
                    throw broken("has " + Json.typeName(text) + " in " + METADATA + "; expected strings only");
                }
                result.put(key, s);
            });
            return Collections.unmodifiableMap(result);
        }

        private Entry entry(String name, @Nullable Object value) {
            Map<String, @Nullable Object> info = Json.object(value, file + ": tensor " + Json.quoted(name));
            StoredType type = type(name, info.get("dtype"));
            Shape shape = shape(name, info.get("shape"));
            long[] offsets = extents(name, "data_offsets", info.get("data_offsets"), Long.MAX_VALUE);
            if (offsets.length != 2 || offsets[1] < offsets[0]) {
                throw broken(name, "has data_offsets " + Arrays.toString(offsets) + "; expected begin and end");
            }
            Entry entry = new Entry(name, type, shape, offsets[0], offsets[1]);
            long expected = sizeOf(name, type, shape);
            if (entry.bytes() != expected) {
                throw broken(name, "has " + entry.bytes() + " bytes; " + type + shape + " needs " + expected);
            }
            return entry;
        }

        private StoredType type(String name, @Nullable Object value) {
            if (!(value instanceof String s)) {
                throw broken(name, "has a dtype that is " + Json.typeName(value) + "; expected a string");
            }
            return StoredType.named(s)
                    .orElseThrow(
                            () -> broken(name, "has the dtype " + Json.quoted(s) + ", which the format does not know"));
        }

        private Shape shape(String name, @Nullable Object value) {
            long[] extents = extents(name, "shape", value, Integer.MAX_VALUE);
            Shape shape =
                    Shape.of(Arrays.stream(extents).mapToInt(Math::toIntExact).toArray());
            try {
                shape.size();
            } catch (ArithmeticException e) {
                throw broken(name, "has more elements than 64 bits can count: shape " + Json.quoted(shape.toString()));
            }
            return shape;
        }

        /** A list of whole numbers from 0 to a limit. */
        private long[] extents(String name, String what, @Nullable Object value, long limit) {
            if (!(value instanceof List<?> list)) {
                throw broken(name, "has a " + what + " that is " + Json.typeName(value) + "; expected a list");
            }
            long[] result = new long[list.size()];
            for (int i = 0; i < result.length; i++) {
                if (!(list.get(i) instanceof Long n) || n < 0 || n > limit) {
                    throw broken(
                            name,
                            "has " + Json.typeName(list.get(i)) + " in its " + what
                                    + "; expected whole numbers from 0 to " + limit);
                }
                result[i] = n;
            }
            return result;
        }

        private long sizeOf(String name, StoredType type, Shape shape) {
            long bits;
            try {
                bits = Math.multiplyExact(shape.size(), type.bits());
            } catch (ArithmeticException e) {
                throw broken(name, "has more bits than 64 bits can count: " + type + shape);
            }
            if (bits % 8 != 0) {
                throw broken(name, "ends inside a byte: " + type + shape);
            }
            return bits / 8;
        }

        private void requireExactCover(Map<String, Entry> entries, long dataStart) {
            List<Entry> sorted = new ArrayList<>(entries.values());
            sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
            long covered = 0;
            String last = "the header";
            for (Entry e : sorted) {
                if (e.begin() != covered) {
                    throw broken(
                            e.name(),
                            "begins at byte " + e.begin() + " of the data, " + last + " ends at " + covered
                                    + (e.begin() < covered ? ": they overlap" : ": there is a hole between them"));
                }
                covered = e.end();
                last = Json.quoted(e.name());
            }
            long held = fileBytes - dataStart;
            if (covered > held) {
                throw new InputException(
                        file + " has " + fileBytes + " bytes; its header describes " + covered
                                + " bytes of data from byte " + dataStart + " on: " + (covered - held)
                                + " are missing, it is truncated",
                        DAMAGED);
            }
            if (covered < held) {
                throw broken("has " + (held - covered) + " bytes after the last tensor");
            }
        }

        private InputException broken(String tensor, String what) {
            return broken(": tensor " + Json.quoted(tensor) + " " + what);
        }

        private InputException broken(String what) {
            return new InputException(file + (what.startsWith(":") ? "" : " ") + what, DAMAGED);
        }
    }
}
