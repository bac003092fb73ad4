package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * GIF, by the GIF89a specification: the first frame, laid on the empty canvas as Pillow shows it. Damaged files are read as far
 * as Pillow reads them: bytes that begin no block are skipped, as are empty blocks within the data.
 */
final class Gif {

    private static final int EXTENSION = 0x21;
    private static final int IMAGE = 0x2c;
    private static final int TRAILER = 0x3b;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int COMMENT = 0xfe;
    private static final int APPLICATION = 0xff;
    private static final byte[] NONE = {};
    private static final byte[] LOOP = {'N', 'E', 'T', 'S', 'C', 'A', 'P', 'E', '2', '.', '0'};

    /** First row and step of the four passes of an interlaced frame. */
    private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

    private static final int[][] ONE_PASS = {{0, 1}};

    /** Indices of a frame, and where on the canvas they belong. */
    private record Frame(int canvasWidth, int canvasHeight, int left, int top, int width, int height, byte[] indices) {
        byte[] onCanvas(int filling) {
            byte[] canvas = Mode.P.samples(canvasWidth, canvasHeight);
            Arrays.fill(canvas, (byte) filling);
            for (int y = 0; y < height; y++) {
                System.arraycopy(indices, y * width, canvas, (top + y) * canvasWidth + left, width);
            }
            return canvas;
        }
    }

    private final ByteBuffer in;
    private final long maxPixels;
    private byte[] palette = {};
    private byte[] background = {0, 0, 0};
    private int transparent = Transparency.NO_INDEX;

    private Gif(byte[] bytes, long maxPixels) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(6);
        this.maxPixels = maxPixels;
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        var gif = new Gif(bytes, maxPixels);
        return gif.image(gif.firstFrame());
    }

    /** For torchvision: the only frame over the background colour, which Pillow makes no use of. */
    static Picture decodeByTorchvision(byte[] bytes, long maxPixels) {
        var gif = new Gif(bytes, maxPixels);
        Frame frame = gif.firstFrame();
        if (gif.hasMoreFrames()) {
            throw new InputException(
                    "The GIF file is an animation, which the loader torchvision hands on as a stack of pictures",
                    Torchvision.HINT);
        }
        return gif.overBackground(frame);
    }

    private Frame firstFrame() {
        int width = u16();
        int height = u16();
        int flags = u8();
        int backgroundIndex = u8();
        u8(); // the aspect ratio of a pixel
        readPalette(flags);
        if (3 * backgroundIndex < palette.length) {
            background = Arrays.copyOfRange(palette, 3 * backgroundIndex, 3 * backgroundIndex + 3);
        }
        if (!skipTo(IMAGE)) {
            throw new InputException("The GIF file has no picture in it");
        }
        return frame(width, height);
    }

    /** Reads extensions up to a block of a kind; false at the end. */
    private boolean skipTo(int kind) {
        while (in.hasRemaining()) {
            int block = u8();
            if (block == TRAILER || block == kind) {
                return block == kind;
            }
            if (block == EXTENSION) {
                readExtension();
            }
        }
        return false;
    }

    private boolean hasMoreFrames() {
        while (block().length > 0) {
            // what is left of the data
        }
        return skipTo(IMAGE);
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

    /** The next block of data; empty for the one that ends them, and at the end of the file. */
    private byte[] block() {
        int size = in.hasRemaining() ? u8() : 0;
        byte[] block = size == 0 ? NONE : new byte[Math.min(size, in.remaining())];
        in.get(block);
        return block;
    }

    private void readExtension() {
        int label = u8();
        byte[] block = block();
        if (label == COMMENT) {
            while (block.length > 0) {
                block = block();
            }
            return;
        }
        if (label == GRAPHIC_CONTROL && block.length > 0) {
            readGraphicControl(ByteBuffer.wrap(block));
        } else if (label == APPLICATION && startsWith(block, LOOP)) {
            block();
        }
        // Also behind an empty block, which was the last of its extension: Pillow reads on there.
        while (block().length > 0) {
            // of no interest
        }
    }

    private static boolean startsWith(byte[] block, byte[] start) {
        return block.length >= start.length && Arrays.equals(block, 0, start.length, start, 0, start.length);
    }

    private void readGraphicControl(ByteBuffer block) {
        block.getShort(1); // the time of a frame, without which the block is damaged
        if ((block.get(0) & 1) != 0) {
            transparent = block.get(3) & 255;
        }
    }

    private Frame frame(int screenWidth, int screenHeight) {
        int left = u16();
        int top = u16();
        int width = u16();
        int height = u16();
        int flags = u8();
        readPalette(flags);
        int canvasWidth = Math.max(screenWidth, left + width);
        int canvasHeight = Math.max(screenHeight, top + height);
        ImageFormat.GIF.checkSize(canvasWidth, canvasHeight, maxPixels);
        if (width == 0 || height == 0) {
            throw new InputException("The GIF file has a frame of " + width + " x " + height + " pixels");
        }
        byte[] pixels = new Lzw(in, u8()).read(Math.multiplyExact(width, height));
        var indices = new byte[pixels.length];
        int from = 0;
        for (int[] pass : (flags & 0x40) != 0 ? PASSES : ONE_PASS) {
            for (int y = pass[0]; y < height; y += pass[1], from += width) {
                System.arraycopy(pixels, from, indices, y * width, width);
            }
        }
        return new Frame(canvasWidth, canvasHeight, left, top, width, height, indices);
    }

    private DecodedImage image(Frame frame) {
        boolean grey = isGreyRamp();
        byte[] canvas = frame.onCanvas(Math.max(0, transparent));
        DecodedImage image = grey
                ? DecodedImage.of(Mode.L, frame.canvasWidth, frame.canvasHeight, canvas)
                : DecodedImage.of(frame.canvasWidth, frame.canvasHeight, canvas, palette);
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
        if (transparent == Transparency.NO_INDEX) {
            return Transparency.NONE;
        }
        return grey
                ? new Transparency.OfColour(transparent, transparent, transparent)
                : Transparency.OfIndex.single(transparent);
    }

    private Picture overBackground(Frame frame) {
        if (palette.length == 0) {
            throw new InputException("The GIF file has no palette, without which torchvision does not read it");
        }
        var rgb = new byte[Math.multiplyExact(Math.multiplyExact(frame.canvasWidth, frame.canvasHeight), 3)];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = background[i % 3];
        }
        for (int y = 0; y < frame.height; y++) {
            for (int x = 0; x < frame.width; x++) {
                int index = frame.indices[y * frame.width + x] & 255;
                if (index != transparent && 3 * index < palette.length) {
                    int to = 3 * ((frame.top + y) * frame.canvasWidth + frame.left + x);
                    System.arraycopy(palette, 3 * index, rgb, to, 3);
                }
            }
        }
        return new Picture(frame.canvasWidth, frame.canvasHeight, rgb);
    }
}
