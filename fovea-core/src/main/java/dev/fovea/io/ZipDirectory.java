package dev.fovea.io;

import dev.fovea.error.InputException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Where the entries of a mapped zip archive lie, by its central directory. Entries must be stored, not compressed: they
 * are used where they are. Format: PKWARE's APPNOTE.TXT 4.3, zip64 records included.
 *
 * <p>Every number is checked against the file before it is used. Checksums are not: that would read all of the data, and PyTorch
 * can be told to leave them out.
 */
final class ZipDirectory {
    static final String DAMAGED = "download the file again";

    private static final int MAX_ENTRIES = 1 << 20;
    private static final int MAX_COMMENT = 0xffff;

    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END64 = 0x06064b50;
    private static final int LOCATOR64 = 0x07064b50;

    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL_BYTES = 46;
    private static final int END_BYTES = 22;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR64_BYTES = 20;

    private static final int ZIP64_EXTRA = 1;
    private static final long IN_ZIP64 = 0xffff_ffffL;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final MemorySegment bytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** The bytes of an entry in the file. */
    record Extent(long begin, long bytes) {}

    /** As the central directory has it. */
    private record Entry(int flags, int method, long compressed, long size, long header) {}

    private record Directory(long entries, long begin, long end) {}

    private ZipDirectory(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /**
     * @param file for messages
     * @param bytes all of it
     * @throws InputException where it is not a zip archive, or a damaged one
     */
    static ZipDirectory read(Path file, MemorySegment bytes) {
        var zip = new ZipDirectory(file, bytes);
        zip.readEntries(zip.directory());
        return zip;
    }

    /** In the directory's order. */
    Set<String> names() {
        return entries.keySet();
    }

    /** @throws InputException where there is no such entry, or it is not stored as it is */
    Extent extent(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw broken("has no entry " + Json.quoted(name));
        }
        if ((entry.flags & 1) != 0 || entry.method != 0 || entry.compressed != entry.size) {
            throw new InputException(
                    file + ": entry " + Json.quoted(name)
                            + " is compressed or encrypted; PyTorch stores entries as they are",
                    "save the weights again with torch.save, or as safetensors");
        }
        require(entry.header, LOCAL_BYTES, "the header of entry " + Json.quoted(name));
        if (int32(entry.header) != LOCAL) {
            throw broken("has no entry header at byte " + entry.header + ", where " + Json.quoted(name) + " should be");
        }
        long begin = entry.header + LOCAL_BYTES + uint16(entry.header + 26) + uint16(entry.header + 28);
        require(begin, entry.size, "entry " + Json.quoted(name));
        return new Extent(begin, entry.size);
    }

    // ----------------------------------------------------------------------------------------- the directory itself

    private Directory directory() {
        long end = end();
        long count = uint16(end + 10);
        long size = uint32(end + 12);
        long begin = uint32(end + 16);
        boolean zip64 = count == 0xffff || size == IN_ZIP64 || begin == IN_ZIP64;
        if (zip64) {
            end = end64(end);
            count = int64(end + 32);
            size = int64(end + 40);
            begin = int64(end + 48);
        }
        require(begin, size, "its directory");
        if (count < 0 || count > MAX_ENTRIES || count > size / CENTRAL_BYTES) {
            throw broken("announces " + Long.toUnsignedString(count) + " entries in a directory of " + size + " bytes");
        }
        return new Directory(count, begin, begin + size);
    }

    /** The last record, behind which there is nothing but its comment. */
    private long end() {
        long last = bytes.byteSize() - END_BYTES;
        for (long at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
            if (int32(at) == END && at + END_BYTES + uint16(at + 20) == bytes.byteSize()) {
                return at;
            }
        }
        throw broken("has no zip directory at its end: it is truncated, or not a zip archive");
    }

    private long end64(long end) {
        long locator = end - LOCATOR64_BYTES;
        if (locator < 0 || int32(locator) != LOCATOR64) {
            throw broken("has no zip64 locator in front of its last record");
        }
        long at = int64(locator + 8);
        require(at, END64_BYTES, "its zip64 record");
        if (int32(at) != END64) {
            throw broken("has no zip64 record at byte " + at);
        }
        return at;
    }

    private void readEntries(Directory directory) {
        long at = directory.begin;
        for (long i = 0; i < directory.entries; i++) {
            if (at + CENTRAL_BYTES > directory.end || int32(at) != CENTRAL) {
                throw broken("has no directory entry at byte " + at);
            }
            int nameBytes = uint16(at + 28);
            int extraBytes = uint16(at + 30);
            long next = at + CENTRAL_BYTES + nameBytes + extraBytes + uint16(at + 32);
            if (next > directory.end) {
                throw broken("has a directory entry at byte " + at + " that goes beyond the directory");
            }
            String name = text(at + CENTRAL_BYTES, nameBytes);
            if (entries.put(name, entry(at, at + CENTRAL_BYTES + nameBytes, extraBytes)) != null) {
                throw broken("has two entries " + Json.quoted(name));
            }
            at = next;
        }
    }

    /** @param extra where the fields lie that are too long for the entry itself */
    private Entry entry(long at, long extra, int extraBytes) {
        long size = uint32(at + 24);
        long compressed = uint32(at + 20);
        long header = uint32(at + 42);
        long field = extra;
        long end = extra + extraBytes;
        while (field + 4 <= end && uint16(field) != ZIP64_EXTRA) {
            field += 4 + uint16(field + 2);
        }
        long value = field + 4;
        if (size == IN_ZIP64) {
            size = zip64(value, end);
            value += Long.BYTES;
        }
        if (compressed == IN_ZIP64) {
            compressed = zip64(value, end);
            value += Long.BYTES;
        }
        if (header == IN_ZIP64) {
            header = zip64(value, end);
        }
        return new Entry(uint16(at + 8), uint16(at + 10), compressed, size, header);
    }

    private long zip64(long at, long end) {
        if (at + Long.BYTES > end) {
            throw broken("has a directory entry without the zip64 sizes that it announces");
        }
        return int64(at);
    }

    // -------------------------------------------------------------------------------------------------------- bytes

    private void require(long begin, long count, String what) {
        if (begin < 0 || count < 0 || begin > bytes.byteSize() || count > bytes.byteSize() - begin) {
            throw broken("has " + bytes.byteSize() + " bytes; " + what + " should have " + Long.toUnsignedString(count)
                    + " from byte " + Long.toUnsignedString(begin) + " on");
        }
    }

    private int uint16(long at) {
        return Short.toUnsignedInt(bytes.get(SHORT, at));
    }

    private int int32(long at) {
        return bytes.get(INT, at);
    }

    private long uint32(long at) {
        return Integer.toUnsignedLong(int32(at));
    }

    private long int64(long at) {
        return bytes.get(LONG, at);
    }

    private String text(long at, int length) {
        return new String(bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private InputException broken(String what) {
        return new InputException(file + " " + what, DAMAGED);
    }
}
