package dev.fovea.media;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * The first directory of a TIFF file, which is also the form of an EXIF block: numbers by tag. Entries of other kinds
 * are left out, and so is everything behind a damaged entry.
 */
final class Ifd {

    static final int WIDTH = 256;
    static final int HEIGHT = 257;
    static final int BITS = 258;
    static final int COMPRESSION = 259;
    static final int PHOTOMETRIC = 262;
    static final int ORIENTATION = 274;
    static final int SAMPLES_PER_PIXEL = 277;
    static final int COLOR_MAP = 320;
    static final int TILE_WIDTH = 322;
    static final int TILE_HEIGHT = 323;
    static final int EXTRA_SAMPLES = 338;
    static final int SAMPLE_FORMAT = 339;

    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;

    private final Map<Integer, int[]> values = new HashMap<>();

    private Ifd() {}

    /** Of a buffer that begins with the byte order mark; offsets count from its start. */
    static Ifd first(ByteBuffer tiff) {
        var ifd = new Ifd();
        try {
            tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            tiff.position(tiff.getInt(4));
            for (int entries = tiff.getShort() & 0xffff; entries > 0; entries--) {
                ifd.read(tiff);
            }
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return ifd; // a picture is not worth less for its broken metadata
        }
        return ifd;
    }

    private void read(ByteBuffer tiff) {
        int tag = tiff.getShort() & 0xffff;
        int type = tiff.getShort();
        int count = tiff.getInt();
        int size = type == BYTE ? 1 : type == SHORT ? 2 : 4;
        int at = (long) count * size <= 4 ? tiff.position() : tiff.getInt(tiff.position());
        tiff.getInt();
        if ((type == BYTE || type == SHORT || type == LONG) && 0 < count && count <= tiff.limit()) {
            var numbers = new int[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = switch (type) {
                    case BYTE -> tiff.get(at + i) & 255;
                    case SHORT -> tiff.getShort(at + 2 * i) & 0xffff;
                    default -> tiff.getInt(at + 4 * i);
                };
            }
            values.put(tag, numbers);
        }
    }

    /** All numbers of a tag; none where it is missing. */
    int[] all(int tag) {
        return values.getOrDefault(tag, new int[0]);
    }

    /** The only, or first, number of a tag. */
    int get(int tag, int otherwise) {
        int[] numbers = all(tag);
        return numbers.length == 0 ? otherwise : numbers[0];
    }
}
