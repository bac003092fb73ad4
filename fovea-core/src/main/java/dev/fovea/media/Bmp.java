package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Windows bitmaps of 1 to 32 bits, run lengths and bit fields included, in the modes that Pillow gives them. */
final class Bmp {

    private static final int RAW = 0;
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int BIT_FIELDS = 3;

    private final ByteBuffer in;
    private final int width;
    private final int height;
    private final boolean topDown;
    private final int bits; // a pixel
    private final int compression;
    private int[] masks = {0x7c00, 0x3e0, 0x1f, 0}; // red, green, blue, alpha
    private byte[] palette = {};

    private Bmp(byte[] bytes, long maxPixels) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(14);
        int headerSize = in.getInt();
        boolean old = headerSize == 12;
        if (!old && (headerSize < 40 || headerSize > 124)) {
            throw new InputException("The BMP file has a header of " + headerSize + " bytes, expected 12 or 40 to 124");
        }
        width = old ? in.getShort() & 0xffff : in.getInt();
        int signedHeight = old ? in.getShort() & 0xffff : in.getInt();
        topDown = signedHeight < 0;
        height = Math.abs(signedHeight);
        ImageFormat.BMP.checkSize(width, height, maxPixels);
        in.getShort();
        bits = in.getShort();
        compression = old ? RAW : in.getInt();
        int colours = old ? 0 : in.getInt(46);
        if (compression == BIT_FIELDS) {
            readMasks(headerSize);
        } else if (bits == 32) {
            masks = new int[] {0xff0000, 0xff00, 0xff, 0};
        }
        in.position(Math.max(in.position(), 14 + headerSize));
        if (bits <= 8) {
            readPalette(colours == 0 ? 1 << bits : colours, old ? 3 : 4);
        }
        in.position(in.getInt(10) == 0 ? in.position() : in.getInt(10));
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        return new Bmp(bytes, maxPixels).image();
    }

    private void readMasks(int headerSize) {
        in.position(54);
        for (int c = 0; c < 3; c++) {
            masks[c] = in.getInt();
        }
        masks[3] = headerSize >= 56 ? in.getInt() : 0;
        if (bits == 32 && (masks[0] | masks[1] | masks[2] | masks[3]) == 0) {
            masks = new int[] {0xff0000, 0xff00, 0xff, 0xff000000};
        }
    }

    private void readPalette(int colours, int step) {
        if (colours < 1 || colours > 256) {
            throw new InputException("The BMP file has a palette of " + colours + " colours, expected 1 to 256");
        }
        palette = new byte[3 * colours];
        for (int i = 0; i < colours; i++) {
            int at = in.position() + i * step;
            palette[3 * i] = in.get(at + 2);
            palette[3 * i + 1] = in.get(at + 1);
            palette[3 * i + 2] = in.get(at);
        }
        in.position(in.position() + colours * step);
    }

    private DecodedImage image() {
        if (bits <= 8) {
            return indexed();
        }
        if ((bits != 16 && bits != 24 && bits != 32) || (compression != RAW && compression != BIT_FIELDS)) {
            throw unsupported();
        }
        Mode mode = bits == 32 && masks[3] != 0 ? Mode.RGBA : Mode.RGB;
        int rowBytes = rowBytes();
        byte[] samples = mode.samples(width, height);
        for (int y = 0; y < height; y++) {
            int from = in.position() + storedRow(y) * rowBytes;
            for (int x = 0; x < width; x++) {
                putColour(from + x * bits / 8, mode, samples, (y * width + x) * mode.bytes);
            }
        }
        return DecodedImage.of(mode, width, height, samples);
    }

    private InputException unsupported() {
        return new InputException("The BMP file has " + bits + " bits a pixel with compression " + compression
                + "; supported are 1, 4, 8, 16, 24 and 32 bits, with run lengths or bit fields");
    }

    /** Rows are padded to whole words of four bytes. Throws where the file ends before the last. */
    private int rowBytes() {
        long rowBytes = Math.ceilDiv((long) width * bits, 32) * 4;
        if (rowBytes * height > in.remaining()) {
            throw new InputException(
                    "The BMP file is truncated: its data end after " + in.remaining() / rowBytes + " of " + height
                            + " rows",
                    "Fetch or save the picture again.");
        }
        return Math.toIntExact(rowBytes);
    }

    private int storedRow(int y) {
        return topDown ? y : height - 1 - y;
    }

    private void putColour(int from, Mode mode, byte[] samples, int to) {
        if (bits == 24) {
            samples[to] = in.get(from + 2);
            samples[to + 1] = in.get(from + 1);
            samples[to + 2] = in.get(from);
            return;
        }
        int pixel = bits == 16 ? in.getShort(from) & 0xffff : in.getInt(from);
        for (int c = 0; c < mode.bytes; c++) {
            samples[to + c] = (byte) field(pixel, masks[c]);
        }
    }

    /** The bits under a mask, stretched to 0..255. */
    private static int field(int pixel, int mask) {
        if (mask == 0) {
            return 0;
        }
        int largest = mask >>> Integer.numberOfTrailingZeros(mask);
        return (int) (255L * ((pixel & mask) >>> Integer.numberOfTrailingZeros(mask)) / largest);
    }

    private DecodedImage indexed() {
        byte[] indices = switch (compression) {
            case RAW -> packed();
            case RLE8, RLE4 -> runs(compression == RLE4);
            default -> throw unsupported();
        };
        if (!isGreyRamp()) {
            return DecodedImage.of(width, height, indices, palette);
        }
        boolean bilevel = palette.length <= 6;
        if (bilevel) {
            for (int i = 0; i < indices.length; i++) {
                indices[i] = (byte) (indices[i] == 0 ? 0 : 255);
            }
        }
        return DecodedImage.of(bilevel ? Mode.BILEVEL : Mode.L, width, height, indices);
    }

    private boolean isGreyRamp() {
        int step = palette.length == 6 ? 255 : 1;
        for (int i = 0; i < palette.length; i++) {
            if ((palette[i] & 255) != i / 3 * step) {
                return false;
            }
        }
        return true;
    }

    private byte[] packed() {
        if (bits != 1 && bits != 4 && bits != 8) {
            throw unsupported();
        }
        int rowBytes = rowBytes();
        byte[] indices = Mode.P.samples(width, height);
        for (int y = 0; y < height; y++) {
            int from = in.position() + storedRow(y) * rowBytes;
            for (int x = 0; x < width; x++) {
                int bit = x * bits;
                int value = (in.get(from + bit / 8) & 255) >> 8 - bits - bit % 8;
                indices[y * width + x] = (byte) (value & (1 << bits) - 1);
            }
        }
        return indices;
    }

    /** Run lengths; a pair with first byte 0 is an escape. What the file skips has index 0. */
    private byte[] runs(boolean nibbles) {
        byte[] indices = Mode.P.samples(width, height);
        int x = 0;
        int y = 0;
        while (y < height && in.remaining() >= 2) {
            int count = in.get() & 255;
            int value = in.get() & 255;
            if (count > 0) {
                for (int i = 0; i < count; i++) {
                    set(indices, x++, y, nibbles ? nibble(value, i) : value);
                }
            } else if (value == 0) {
                x = 0;
                y++;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                x += in.get() & 255;
                y += in.get() & 255;
            } else {
                x = literal(indices, x, y, value, nibbles);
            }
        }
        return indices;
    }

    /** {@code count} pixels as they are, padded to whole words of two bytes. Returns the column behind them. */
    private int literal(byte[] indices, int x, int y, int count, boolean nibbles) {
        int size = nibbles ? (count + 1) / 2 : count;
        int from = in.position();
        for (int i = 0; i < count; i++) {
            set(indices, x + i, y, nibbles ? nibble(in.get(from + i / 2), i) : in.get(from + i));
        }
        in.position(Math.min(in.limit(), from + size + size % 2));
        return x + count;
    }

    private static int nibble(int value, int i) {
        return i % 2 == 0 ? value >> 4 & 15 : value & 15;
    }

    private void set(byte[] indices, int x, int y, int value) {
        if (x < width && y < height) {
            indices[storedRow(y) * width + x] = (byte) value;
        }
    }
}
