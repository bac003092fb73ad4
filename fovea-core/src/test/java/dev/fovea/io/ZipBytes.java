package dev.fovea.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Zip archives byte by byte, broken ones too. */
final class ZipBytes {
    /** One entry; what is written about it may be anything. */
    static final class Entry {
        final String name;
        final byte[] content;
        String localName;
        int localSignature = 0x04034b50;
        int centralSignature = 0x02014b50;
        int flags = 0x0800;
        int method = 0;
        long size;
        long compressed;
        long header;
        byte[] localExtra = {};
        byte[] centralExtra = {};

        private Entry(String name, byte[] content) {
            this.name = name;
            this.localName = name;
            this.content = content;
            this.size = content.length;
            this.compressed = content.length;
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private long entryCount = -1;
    private long directorySize = -1;
    private long directoryBegin = -1;
    private String comment = "";
    private boolean zip64;

    /** An archive as torch.save writes it, with storages 0, 1, … */
    static ZipBytes torch(byte[] pickle, byte[]... storages) {
        ZipBytes zip = new ZipBytes().add("x/data.pkl", pickle).add("x/byteorder", "little");
        for (int i = 0; i < storages.length; i++) {
            zip.add("x/data/" + i, storages[i]);
        }
        return zip.add("x/version", "3\n");
    }

    ZipBytes add(String name, String content) {
        return add(name, content.getBytes(StandardCharsets.UTF_8));
    }

    ZipBytes add(String name, byte[] content) {
        return add(name, content, _ -> {});
    }

    ZipBytes add(String name, byte[] content, Consumer<Entry> change) {
        Entry entry = new Entry(name, content);
        entry.header = out.size();
        change.accept(entry);
        byte[] local = entry.localName.getBytes(StandardCharsets.UTF_8);
        write(
                30,
                b -> b.putInt(entry.localSignature)
                        .position(26)
                        .putShort((short) local.length)
                        .putShort((short) entry.localExtra.length));
        out.writeBytes(local);
        out.writeBytes(entry.localExtra);
        out.writeBytes(entry.content);
        entries.add(entry);
        return this;
    }

    ZipBytes entryCount(long announced) {
        entryCount = announced;
        return this;
    }

    ZipBytes directory(long begin, long size) {
        directoryBegin = begin;
        directorySize = size;
        return this;
    }

    ZipBytes comment(String text) {
        comment = text;
        return this;
    }

    /** Its numbers stand in the zip64 record. */
    ZipBytes zip64() {
        zip64 = true;
        return this;
    }

    byte[] bytes() {
        long begin = out.size();
        entries.forEach(this::writeCentral);
        long size = out.size() - begin;
        long count = entryCount < 0 ? entries.size() : entryCount;
        long writtenBegin = directoryBegin < 0 ? begin : directoryBegin;
        long writtenSize = directoryBegin < 0 ? size : directorySize;
        if (zip64) {
            long record = out.size();
            write(
                    56,
                    b -> b.putInt(0x06064b50)
                            .position(24)
                            .putLong(count)
                            .putLong(count)
                            .putLong(writtenSize)
                            .putLong(writtenBegin));
            write(20, b -> b.putInt(0x07064b50).position(8).putLong(record));
        }
        write(
                22,
                b -> b.putInt(0x06054b50)
                        .position(8)
                        .putShort((short) (zip64 ? -1 : count))
                        .putShort((short) (zip64 ? -1 : count))
                        .putInt((int) (zip64 ? -1 : writtenSize))
                        .putInt((int) (zip64 ? -1 : writtenBegin))
                        .putShort((short) comment.length()));
        out.writeBytes(comment.getBytes(StandardCharsets.US_ASCII));
        return out.toByteArray();
    }

    private void writeCentral(Entry entry) {
        byte[] name = entry.name.getBytes(StandardCharsets.UTF_8);
        write(
                46,
                b -> b.putInt(entry.centralSignature)
                        .position(8)
                        .putShort((short) entry.flags)
                        .putShort((short) entry.method)
                        .position(20)
                        .putInt((int) entry.compressed)
                        .putInt((int) entry.size)
                        .putShort((short) name.length)
                        .putShort((short) entry.centralExtra.length)
                        .position(42)
                        .putInt((int) entry.header));
        out.writeBytes(name);
        out.writeBytes(entry.centralExtra);
    }

    private void write(int length, Consumer<ByteBuffer> content) {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        content.accept(buffer);
        out.writeBytes(buffer.array());
    }
}
