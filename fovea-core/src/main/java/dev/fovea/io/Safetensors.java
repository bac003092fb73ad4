package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.files.OutputFile;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file. Its header is checked in full before anything is mapped; the data is mapped as one segment,
 * whatever its size, and never copied:
 *
 * <pre>{@code
 * try (Safetensors file = Safetensors.open(Path.of("model.safetensors"))) {
 *     MemorySegment bytes = file.segment("model.norm.weight");
 * }
 * }</pre>
 *
 * May be shared by threads.
 */
public final class Safetensors implements WeightFile {
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int ALIGNMENT = 64;

    private final SafetensorsHeader header;
    private final MappedFile file;

    private Safetensors(SafetensorsHeader header, MappedFile file) {
        this.header = header;
        this.file = file;
    }

    /** @throws InputException where the file cannot be read or breaks a rule of the format */
    public static Safetensors open(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            SafetensorsHeader header = SafetensorsHeader.read(file, channel);
            return new Safetensors(header, new MappedFile(file, channel, header.dataStart()));
        } catch (IOException e) {
            throw InputException.cannot("read", file, e);
        }
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public Map<String, Entry> entries() {
        return header.entries();
    }

    /** The strings under {@code __metadata__}; empty where there are none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public MemorySegment segment(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new InputException(path() + " has no tensor " + name);
        }
        return file.data().asSlice(entry.begin(), entry.bytes());
    }

    @Override
    public void checkUnchanged() {
        file.checkUnchanged();
    }

    @Override
    public void close() {
        file.close();
    }

    // --------------------------------------------------------------------------------------------------- writing

    /** A tensor to write. */
    public interface Part {
        StoredType type();

        Shape shape();

        /** As many bytes as type and shape say. */
        void writeTo(OutputStream out) throws IOException;
    }

    /** Values to write, row-major. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Floats(Shape shape, float[] values) implements Part {
        /** @throws IllegalArgumentException if the shape asks for another number of values */
        public Floats {
            if (shape.size() != values.length) {
                throw new IllegalArgumentException(values.length + " values for shape " + shape);
            }
        }

        @Override
        public StoredType type() {
            return StoredType.F32;
        }

        @Override
        public void writeTo(OutputStream out) throws IOException {
            byte[] buffer = new byte[BUFFER_BYTES];
            FloatBuffer floats =
                    ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
            for (int from = 0; from < values.length; from += floats.capacity()) {
                int count = Math.min(floats.capacity(), values.length - from);
                floats.put(0, values, from, count);
                out.write(buffer, 0, count * Float.BYTES);
            }
        }
    }

    /**
     * Writes tensors in the map's order. An existing file is replaced once the new one is whole; who has it open, or mapped, keeps the
     * former one.
     *
     * @throws InputException where the file cannot be written
     */
    public static void write(Path file, Map<String, ? extends Part> tensors, Map<String, String> metadata) {
        OutputFile.of(file).write(out -> write(out, tensors, metadata));
    }

    /** The bytes of such a file, through a small buffer. The caller closes the stream. */
    public static void write(OutputStream out, Map<String, ? extends Part> tensors, Map<String, String> metadata)
            throws IOException {
        byte[] header = header(tensors, metadata);
        out.write(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .array());
        out.write(header);
        for (Part tensor : tensors.values()) {
            tensor.writeTo(out);
        }
    }

    /** The JSON, padded with blanks so that the data begins where a vector does. */
    private static byte[] header(Map<String, ? extends Part> tensors, Map<String, String> metadata) {
        Map<String, Object> json = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            json.put("__metadata__", metadata);
        }
        long begin = 0;
        for (Map.Entry<String, ? extends Part> e : tensors.entrySet()) {
            Part part = e.getValue();
            long end = begin + part.shape().size() * part.type().bits() / Byte.SIZE;
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("dtype", part.type().name());
            info.put("shape", part.shape().toArray());
            info.put("data_offsets", List.of(begin, end));
            json.put(e.getKey(), info);
            begin = end;
        }
        String text = Json.write(json);
        int length = Long.BYTES + text.getBytes(StandardCharsets.UTF_8).length;
        return (text + " ".repeat(Math.floorMod(-length, ALIGNMENT))).getBytes(StandardCharsets.UTF_8);
    }
}
