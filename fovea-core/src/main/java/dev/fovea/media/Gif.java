package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** GIF, by the GIF89a specification: the first frame, laid on the empty canvas as Pillow shows it. */
final class Gif {

    private static final int EXTENSION = 0x21;
    private static final int IMAGE = 0x2c;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int NO_INDEX = -1;

    /** First row and step of the four passes of an interlaced frame. */
    private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

    private static final int[][] ONE_PASS = {{0, 1}};

    private final ByteBuffer in;
    private final long maxPixels;
    private byte[] palette = {};
    private int transparent = NO_INDEX;

    private Gif(byte[] bytes, long maxPixels) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(6);
        this.maxPixels = maxPixels;
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        return new Gif(bytes, maxPixels).firstFrame();
    }

    private DecodedImage firstFrame() {
        int width = u16();
        int height = u16();
        int flags = u8();
        in.getShort(); // background and aspect ratio, of which Pillow makes no use either
        readPalette(flags);
        while (true) {
            int block = u8();
            if (block == IMAGE) {
                return frame(width, height);
            }
            if (block == EXTENSION) {
                readExtension();
            } else if (block == ';') {
                throw new InputException("The GIF file has no picture in it");
            }
        }
    }

    private int u8() {
        return in.get() & 255;
    }

    private int u16() {
        return in.getShort() & 0xffff;
    }

    private void readPalette(int flags) {
        if ((flags & 0x80) != 0) {
            palette = new byte[3 << (flags & 7) + 1];
            in.get(palette);
        }
    }

    private void readExtension() {
        int label = u8();
        int size = u8();
        if (label == GRAPHIC_CONTROL && size >= 4 && (in.get(in.position()) & 1) != 0) {
            transparent = in.get(in.position() + 3) & 255;
        }
        while (size > 0) {
            in.position(in.position() + size);
            size = u8();
        }
    }

    private DecodedImage frame(int screenWidth, int screenHeight) {
        int left = u16();
        int top = u16();
        int width = u16();
        int height = u16();
        int flags = u8();
        readPalette(flags);
        int canvasWidth = Math.max(screenWidth, left + width);
        int canvasHeight = Math.max(screenHeight, top + height);
        ImageFormat.GIF.checkSize(canvasWidth, canvasHeight, maxPixels);
        boolean grey = isGreyRamp();
        byte[] canvas = (grey ? Mode.L : Mode.P).samples(canvasWidth, canvasHeight);
        Arrays.fill(canvas, (byte) Math.max(0, transparent));
        byte[] pixels = new Lzw(in, u8()).read(Math.multiplyExact(width, height));
        int from = 0;
        for (int[] pass : (flags & 0x40) != 0 ? PASSES : ONE_PASS) {
            for (int y = pass[0]; y < height; y += pass[1], from += width) {
                System.arraycopy(pixels, from, canvas, (top + y) * canvasWidth + left, width);
            }
        }
        DecodedImage image = grey
                ? DecodedImage.of(Mode.L, canvasWidth, canvasHeight, canvas)
                : DecodedImage.of(canvasWidth, canvasHeight, canvas, palette);
        return image.with(transparency(grey));
    }

    /** No palette, or one in which each index means its own grey: Pillow calls that mode L. */
    private boolean isGreyRamp() {
        for (int i = 0; i < palette.length; i++) {
            if ((palette[i] & 255) != i / 3) {
                return false;
            }
        }
        return true;
    }

    private Transparency transparency(boolean grey) {
        if (transparent == NO_INDEX) {
            return Transparency.NONE;
        }
        return grey
                ? new Transparency.OfColour(transparent, transparent, transparent)
                : Transparency.OfIndex.single(transparent);
    }
}
