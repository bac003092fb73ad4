package dev.fovea.media;

import dev.fovea.error.InputException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;

/** The items of an ISO base media file as HEIF uses them (ISO/IEC 23008-12): which there are, their properties, and their bytes. */
final class HeifItems {

    /** A box with four letters. */
    record Property(String type, ByteBuffer content) {}

    /** A reference from an item to others: {@code auxl}, {@code dimg}, {@code prem}. */
    record Reference(String type, int from, List<Integer> to) {}

    private record Extent(long offset, long length, boolean inIdat) {}

    private final ByteBuffer file;
    private final Map<Integer, String> types = new HashMap<>();
    private final Map<Integer, List<Extent>> extents = new HashMap<>();
    private final List<Property> properties = new ArrayList<>();
    private final Map<Integer, List<Integer>> associations = new HashMap<>();
    private final List<Reference> references = new ArrayList<>();
    private ByteBuffer idat = ByteBuffer.allocate(0);
    private int primary = -1;

    HeifItems(byte[] bytes) {
        file = ByteBuffer.wrap(bytes);
        boxes(file, (type, content) -> {
            if (type.equals("meta")) {
                boxes(content.slice(4, content.limit() - 4), this::readMeta);
            }
        });
        if (primary < 0) {
            throw new InputException(
                    "The AVIF file names no picture: it is truncated or damaged", "fetch or save the picture again");
        }
    }

    int primary() {
        return primary;
    }

    String type(int item) {
        return types.getOrDefault(item, "");
    }

    List<Reference> references(String type) {
        return references.stream().filter(r -> r.type.equals(type)).toList();
    }

    Optional<ByteBuffer> property(int item, String type) {
        return associations.getOrDefault(item, List.of()).stream()
                .filter(i -> i >= 1 && i <= properties.size())
                .map(i -> properties.get(i - 1))
                .filter(p -> p.type.equals(type))
                .map(p -> p.content.duplicate())
                .findFirst();
    }

    /** All bytes of an item, its extents one after another. */
    byte[] bytes(int item) {
        var out = new ByteArrayOutputStream();
        for (Extent extent : extents.getOrDefault(item, List.of())) {
            ByteBuffer from = extent.inIdat ? idat : file;
            int length =
                    extent.length == 0 ? from.limit() - Math.toIntExact(extent.offset) : Math.toIntExact(extent.length);
            if (length > file.limit() - out.size()) {
                throw new InputException("The file is damaged: a picture in it has more bytes than the file");
            }
            int offset = Objects.checkFromIndexSize(Math.toIntExact(extent.offset), length, from.limit());
            byte[] part = new byte[length];
            from.get(offset, part);
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static void boxes(ByteBuffer in, BiConsumer<String, ByteBuffer> use) {
        for (int at = 0; at + 8 <= in.limit(); ) {
            long size = u32(in, at);
            int header = 8;
            if (size == 1) {
                size = in.getLong(at + 8);
                header = 16;
            }
            long end = size == 0 ? in.limit() : Math.min(in.limit(), at + size);
            if (end < at + header) {
                return;
            }
            use.accept(letters(in, at + 4), in.slice(at + header, (int) end - at - header));
            at = (int) end;
        }
    }

    private void readMeta(String type, ByteBuffer in) {
        switch (type) {
            case "pitm" -> primary = number(in, 4, in.get(0) == 0 ? 2 : 4);
            case "iinf" -> {
                int skip = in.get(0) == 0 ? 6 : 8;
                boxes(in.slice(skip, in.limit() - skip), this::readItem);
            }
            case "iloc" -> readLocations(in);
            case "iprp" -> boxes(in, this::readProperties);
            case "iref" -> {
                int idBytes = in.get(0) == 0 ? 2 : 4;
                boxes(in.slice(4, in.limit() - 4), (kind, content) -> readReference(kind, content, idBytes));
            }
            case "idat" -> idat = in;
            default -> {}
        }
    }

    private void readItem(String type, ByteBuffer in) {
        if (type.equals("infe") && in.get(0) >= 2) {
            int idBytes = in.get(0) == 2 ? 2 : 4;
            types.put(number(in, 4, idBytes), letters(in, 4 + idBytes + 2));
        }
    }

    private void readReference(String type, ByteBuffer in, int idBytes) {
        List<Integer> to = new ArrayList<>();
        int count = number(in, idBytes, 2);
        for (int i = 0; i < count; i++) {
            to.add(number(in, idBytes + 2 + i * idBytes, idBytes));
        }
        references.add(new Reference(type, number(in, 0, idBytes), to));
    }

    private void readProperties(String type, ByteBuffer in) {
        if (type.equals("ipco")) {
            boxes(in, (kind, content) -> properties.add(new Property(kind, content)));
        } else if (type.equals("ipma")) {
            int idBytes = in.get(0) < 1 ? 2 : 4;
            int indexBytes = (in.get(3) & 1) == 0 ? 1 : 2;
            int count = number(in, 4, 4);
            for (int i = 0, at = 8; i < count; i++) {
                List<Integer> indices = associations.computeIfAbsent(number(in, at, idBytes), _ -> new ArrayList<>());
                int own = in.get(at + idBytes) & 255;
                at += idBytes + 1;
                for (int k = 0; k < own; k++, at += indexBytes) {
                    indices.add(number(in, at, indexBytes) & (indexBytes == 1 ? 0x7f : 0x7fff));
                }
            }
        }
    }

    private void readLocations(ByteBuffer in) {
        int version = in.get(0);
        int offsetBytes = in.get(4) >> 4 & 15;
        int lengthBytes = in.get(4) & 15;
        int baseBytes = in.get(5) >> 4 & 15;
        int indexBytes = version == 0 ? 0 : in.get(5) & 15;
        int idBytes = version < 2 ? 2 : 4;
        int count = number(in, 6, idBytes);
        int at = 6 + idBytes;
        for (int i = 0; i < count; i++) {
            int item = number(in, at, idBytes);
            at += idBytes;
            boolean inIdat = version > 0 && (in.get(at + 1) & 15) == 1;
            at += version > 0 ? 4 : 2;
            long base = longNumber(in, at, baseBytes);
            int parts = number(in, at + baseBytes, 2);
            at += baseBytes + 2;
            for (int k = 0; k < parts; k++) {
                at += indexBytes;
                long offset = base + longNumber(in, at, offsetBytes);
                long length = longNumber(in, at + offsetBytes, lengthBytes);
                at += offsetBytes + lengthBytes;
                extents.computeIfAbsent(item, _ -> new ArrayList<>()).add(new Extent(offset, length, inIdat));
            }
        }
    }

    static String letters(ByteBuffer in, int at) {
        byte[] four = new byte[4];
        in.get(at, four);
        return new String(four, StandardCharsets.ISO_8859_1);
    }

    static long u32(ByteBuffer in, int at) {
        return Integer.toUnsignedLong(in.getInt(at));
    }

    static int number(ByteBuffer in, int at, int bytes) {
        return (int) longNumber(in, at, bytes);
    }

    private static long longNumber(ByteBuffer in, int at, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << 8 | in.get(at + i) & 255;
        }
        return value;
    }
}
