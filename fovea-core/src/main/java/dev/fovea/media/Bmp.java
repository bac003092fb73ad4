package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Windows bitmaps of 1 to 32 bits, run lengths and bit fields included, in the modes that Pillow gives them. */
final class Bmp {

    private static final int RAW = 0;
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int BIT_FIELDS = 3;
    private static final int FILE_HEADER = 14;
    private static final int MASKS_AT = 40;

    private static final List<Integer> HEADERS = List.of(12, 40, 52, 56, 64, 108, 124);

    /** Where red, green, blue and alpha are in a pixel; the layouts that Pillow knows. */
    private static final int[][] LAYOUTS_32 = {
        {0xff0000, 0xff00, 0xff, 0},
        {0xff000000, 0xff0000, 0xff00, 0},
        {0xff000000, 0xff00, 0xff, 0},
        {0xff000000, 0xff0000, 0xff00, 0xff},
        {0xff, 0xff00, 0xff0000, 0xff000000},
        {0xff0000, 0xff00, 0xff, 0xff000000},
        {0xff000000, 0xff00, 0xff, 0xff0000}
    };

    private static final int[] FIVE_BITS = {0x7c00, 0x3e0, 0x1f, 0};
    private static final int[] SIX_BITS_OF_GREEN = {0xf800, 0x7e0, 0x1f, 0};

    private final ByteBuffer in;
    private final int width;
    private final int height;
    private final boolean topDown;
    private final int bits; // a pixel
    private final int compression;
    private final int[] masks;
    private final boolean grey;
    private byte[] palette = {};

    /**
     * @param in at the information header
     * @param dataAt where the pixels are; 0 behind all headers
     */
    private Bmp(ByteBuffer in, int dataAt, boolean doubleHeight, ImageFormat format, long maxPixels) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        int start = in.position();
        int headerSize = in.getInt();
        boolean old = headerSize == 12;
        if (!HEADERS.contains(headerSize)) {
            throw new InputException(
                    "The BMP file has a header of " + headerSize + " bytes, expected one of " + HEADERS);
        }
        in.get(start + headerSize - 1); // all of it is there
        width = old ? in.getShort() & 0xffff : in.getInt();
        int signedHeight = old ? in.getShort() & 0xffff : in.getInt();
        topDown = signedHeight >>> 24 == 0xff;
        int claimed = topDown ? -signedHeight : signedHeight;
        format.checkSize(width, claimed, maxPixels);
        height = doubleHeight ? claimed / 2 : claimed;
        format.checkSize(width, height, maxPixels);
        in.getShort();
        bits = in.getShort();
        compression = old ? RAW : in.getInt();
        int colours = old ? 0 : in.getInt(start + 32);
        in.position(start + headerSize);
        masks = bits > 8 ? readMasks(start, headerSize) : FIVE_BITS;
        int palettePadding = old ? 3 : 4;
        colours = colours == 0 ? 1 << Math.clamp(bits, 0, 16) : colours;
        if (bits <= 8) {
            readPalette(colours, palettePadding);
        }
        grey = bits <= 8 && isGreyRamp(colours);
        boolean forgetful = dataAt == FILE_HEADER + headerSize && bits <= 8; // the offset leaves the palette out
        in.position(dataAt == 0 ? in.position() : forgetful ? dataAt + palettePadding * colours : dataAt);
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new Bmp(in.position(FILE_HEADER), in.getInt(10), false, ImageFormat.BMP, maxPixels).image();
    }

    /** A bitmap as icons hold it: without file header, and twice as high as its picture, for the mask behind it. */
    static Bmp ofIcon(ByteBuffer in, long maxPixels) {
        return new Bmp(in, 0, true, ImageFormat.ICO, maxPixels);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** Where the pixels begin. */
    int dataAt() {
        return in.position();
    }

    private int[] readMasks(int start, int headerSize) {
        if (compression != BIT_FIELDS) {
            return bits == 16 ? FIVE_BITS : LAYOUTS_32[0];
        }
        var found = new int[4];
        int at = headerSize == 40 ? in.position() : start + MASKS_AT;
        for (int c = 0; c < (headerSize >= 56 ? 4 : 3); c++) {
            found[c] = in.getInt(at + 4 * c);
        }
        if (headerSize == 40) {
            in.position(at + 12);
        }
        if (bits == 32 && Arrays.equals(found, new int[4])) {
            return LAYOUTS_32[5];
        }
        if (bits != 32) {
            found[3] = 0;
        }
        int[][] known = switch (bits) {
            case 16 -> new int[][] {FIVE_BITS, SIX_BITS_OF_GREEN};
            case 24 -> new int[][] {LAYOUTS_32[0]};
            default -> LAYOUTS_32;
        };
        if (Arrays.stream(known).noneMatch(k -> Arrays.equals(k, found))) {
            throw new InputException("The BMP file has bit fields in an order that Pillow does not know");
        }
        return found;
    }

    private void readPalette(int colours, int step) {
        int stored = Math.min(colours, in.remaining() / step);
        if (colours < 1 || colours > 65_536 || stored > 256) {
            throw new InputException("The BMP file has a palette of " + colours + " colours, expected 1 to 256");
        }
        palette = new byte[3 * stored];
        for (int i = 0; i < palette.length / 3; i++) {
            int at = in.position() + i * step;
            palette[3 * i] = in.get(at + 2);
            palette[3 * i + 1] = in.get(at + 1);
            palette[3 * i + 2] = in.get(at);
        }
        in.position((int) Math.min(in.limit(), in.position() + (long) colours * step));
    }

    /** Then the indices are the picture. */
    private boolean isGreyRamp(int colours) {
        if (palette.length != 3 * colours) {
            return false;
        }
        int step = colours == 2 ? 255 : 1;
        for (int i = 0; i < palette.length; i++) {
            if ((palette[i] & 255) != i / 3 * step) {
                return false;
            }
        }
        return true;
    }

    DecodedImage image() {
        boolean runs = compression == RLE8 || compression == RLE4;
        if ((bits == 1 || bits == 4 || bits == 8) && (runs || compression == RAW)) {
            return indexed(runs);
        }
        if (bits != 16 && bits != 24 && bits != 32 || compression != RAW && compression != BIT_FIELDS) {
            throw unsupported();
        }
        Mode mode = bits == 32 && masks[3] != 0 ? Mode.RGBA : Mode.RGB;
        int rowBytes = rowBytes(bits);
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

    /**
     * Rows are padded to whole words of four bytes. Throws where the file ends before the last.
     *
     * @param used bits a pixel that are read
     */
    private int rowBytes(int used) {
        long rowBytes = Math.ceilDiv((long) width * bits, 32) * 4;
        if (rowBytes * (height - 1) + Math.ceilDiv((long) width * used, 8) > in.remaining()) {
            throw new InputException(
                    "The BMP file is truncated: its data end after " + in.remaining() / rowBytes + " of " + height
                            + " rows",
                    "fetch or save the picture again");
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

    private DecodedImage indexed(boolean runs) {
        boolean bilevel = grey && palette.length <= 6;
        byte[] indices = runs
                ? new BmpRuns(in, width, height, topDown, compression == RLE4).read()
                : packed(bilevel ? 1 : grey ? 8 : bits);
        if (!grey) {
            return DecodedImage.of(width, height, indices, palette);
        }
        if (bilevel) {
            for (int i = 0; i < indices.length; i++) {
                indices[i] = (byte) (indices[i] == 0 ? 0 : 255);
            }
        }
        return DecodedImage.of(bilevel ? Mode.BILEVEL : Mode.L, width, height, indices);
    }

    /** @param used bits a pixel: what the palette says, whatever the header does */
    private byte[] packed(int used) {
        if (used > bits) {
            throw unsupported();
        }
        int rowBytes = rowBytes(used);
        byte[] indices = Mode.P.samples(width, height);
        for (int y = 0; y < height; y++) {
            int from = in.position() + storedRow(y) * rowBytes;
            for (int x = 0; x < width; x++) {
                int bit = x * used;
                int value = (in.get(from + bit / 8) & 255) >> 8 - used - bit % 8;
                indices[y * width + x] = (byte) (value & (1 << used) - 1);
            }
        }
        return indices;
    }
}
