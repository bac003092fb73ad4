package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Truevision TGA, raw and with run lengths, in the modes that Pillow gives it. It has no mark; its header has to make sense. */
final class Tga {

    private static final int HEADER = 18;
    private static final int INDEXED = 1;
    private static final int COLOURS = 2;
    private static final int GREY = 3;
    private static final int RUN_LENGTHS = 8;
    private static final int FROM_RIGHT = 0x10;
    private static final int FROM_TOP = 0x20;
    private static final byte[] FOOTER = "TRUEVISION-XFILE.\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final int FOOTER_BYTES = 26;
    private static final int ATTRIBUTES = 494; // the place in the extension that says what alpha means

    private final ByteBuffer in;
    private final int width;
    private final int height;
    private final int kind;
    private final boolean runLengths;
    private final int depth; // bits a pixel
    private final int flags;
    private final byte[] palette;

    private Tga(byte[] bytes, long maxPixels) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        kind = bytes[2] & 7;
        runLengths = (bytes[2] & RUN_LENGTHS) != 0;
        width = in.getShort(12) & 0xffff;
        height = in.getShort(14) & 0xffff;
        depth = bytes[16];
        flags = bytes[17];
        ImageFormat.TGA.checkSize(width, height, maxPixels);
        in.position(HEADER + (bytes[0] & 255));
        palette = bytes[1] == 0 ? new byte[0] : readPalette(bytes[7]);
    }

    /** Whether the first bytes make sense as a header. */
    static boolean matches(byte[] bytes) {
        if (bytes.length < HEADER) {
            return false;
        }
        int type = bytes[2] & ~RUN_LENGTHS;
        return (bytes[1] == 0 || bytes[1] == 1)
                && (type == INDEXED || type == COLOURS || type == GREY)
                && (bytes[12] | bytes[13]) != 0
                && (bytes[14] | bytes[15]) != 0
                && (bytes[16] == 1 || bytes[16] == 8 || bytes[16] == 16 || bytes[16] == 24 || bytes[16] == 32);
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        return new Tga(bytes, maxPixels).image();
    }

    /** RGB triples. */
    private byte[] readPalette(int bits) {
        int start = in.getShort(3) & 0xffff;
        int size = in.getShort(5) & 0xffff;
        if (bits != 16 && bits != 24 && bits != 32) {
            throw new InputException("The TGA file has palette entries of " + bits + " bits, expected 16, 24 or 32");
        }
        int step = bits / 8;
        int stored = Math.min(size * step, in.remaining());
        int colours = (start * step + stored) / step;
        if (colours > 256) {
            throw new InputException("The TGA file has a palette of " + colours + " colours, expected 256 at most");
        }
        var rgb = new byte[3 * colours];
        for (int i = start; i < colours; i++) {
            putRgb(in.array(), in.position() + (i - start) * step, bits, rgb, 3 * i);
        }
        in.position(in.position() + stored);
        return rgb;
    }

    /** Blue, green, red; or five bits of each. */
    private static void putRgb(byte[] in, int from, int bits, byte[] rgb, int to) {
        if (bits == 16) {
            int pixel = in[from] & 255 | (in[from + 1] & 255) << 8;
            for (int c = 0; c < 3; c++) {
                rgb[to + c] = (byte) ((pixel >> 10 - 5 * c & 31) * 255 / 31);
            }
        } else {
            rgb[to] = in[from + 2];
            rgb[to + 1] = in[from + 1];
            rgb[to + 2] = in[from];
        }
    }

    private Mode mode() {
        if (kind == INDEXED && depth == 8 && palette.length > 0) {
            return Mode.P;
        }
        if (kind == GREY && depth == 1 && palette.length == 0 && !runLengths) {
            return Mode.BILEVEL;
        }
        if (kind == GREY && depth == 8) {
            return palette.length > 0 ? Mode.P : Mode.L;
        }
        if (kind == GREY && depth == 16 && palette.length == 0) {
            return Mode.LA;
        }
        if (kind == COLOURS && depth >= 16 && palette.length == 0) {
            return depth == 24 ? Mode.RGB : Mode.RGBA;
        }
        throw new InputException("The TGA file is of kind " + kind + " with " + depth + " bits a pixel and "
                + palette.length / 3 + " colours in its palette, which is not supported");
    }

    private DecodedImage image() {
        Mode mode = mode();
        byte[] stored = runLengths ? runs() : raw();
        byte[] samples = mode.samples(width, height);
        int rowBytes = Math.ceilDiv(width * depth, 8);
        boolean fromTop = (flags & FROM_TOP) != 0;
        boolean fromRight = (flags & FROM_RIGHT) != 0;
        for (int y = 0; y < height; y++) {
            int row = (fromTop ? y : height - 1 - y) * rowBytes;
            for (int x = 0; x < width; x++) {
                put(stored, row, x, mode, samples, (y * width + (fromRight ? width - 1 - x : x)) * mode.bytes);
            }
        }
        if (mode == Mode.RGBA && alphaIsNone()) {
            for (int i = 3; i < samples.length; i += 4) {
                samples[i] = (byte) 255;
            }
        }
        return mode == Mode.P
                ? DecodedImage.of(width, height, samples, palette)
                : DecodedImage.of(mode, width, height, samples);
    }

    private void put(byte[] stored, int row, int x, Mode mode, byte[] samples, int to) {
        int from = row + x * depth / 8;
        switch (mode) {
            case BILEVEL -> samples[to] = (byte) -(stored[from] >> 7 - x % 8 & 1);
            case RGB, RGBA -> {
                putRgb(stored, from, depth, samples, to);
                if (mode == Mode.RGBA) {
                    // Of sixteen bits the highest is set where a pixel is transparent.
                    samples[to + 3] = depth == 32 ? stored[from + 3] : (byte) (stored[from + 1] < 0 ? 0 : 255);
                }
            }
            default -> System.arraycopy(stored, from, samples, to, mode.bytes);
        }
    }

    private byte[] raw() {
        long needed = (long) Math.ceilDiv(width * depth, 8) * height;
        if (in.remaining() < needed) {
            throw truncated();
        }
        var stored = new byte[Math.toIntExact(needed)];
        in.get(stored);
        return stored;
    }

    private InputException truncated() {
        return new InputException(
                "The TGA file is truncated: its data end before its " + height + " rows do",
                "fetch or save the picture again");
    }

    /** Runs end with their row, plain pixels may go on in the next. */
    private byte[] runs() {
        int step = depth / 8;
        int rowBytes = width * step;
        var stored = new byte[Math.multiplyExact(rowBytes, height)];
        for (int at = 0; at < stored.length; ) {
            if (in.remaining() < 1 + step) {
                throw truncated();
            }
            int head = in.get();
            int size = step * ((head & 127) + 1);
            if (head < 0) {
                if (at % rowBytes + size > rowBytes) {
                    throw new InputException("The TGA file is damaged: a run goes on beyond the end of its row");
                }
                for (int i = 0; i < size; i++) {
                    stored[at++] = in.get(in.position() + i % step);
                }
                in.position(in.position() + step);
            } else {
                if (in.remaining() < size) {
                    throw truncated();
                }
                int count = Math.min(size, stored.length - at);
                in.get(stored, at, count);
                at += count;
            }
        }
        return stored;
    }

    /** Files of version 2 may say that what looks like alpha is nothing. */
    private boolean alphaIsNone() {
        byte[] bytes = in.array();
        int footer = bytes.length - FOOTER_BYTES;
        for (int i = 0; i < FOOTER.length; i++) {
            if (bytes[bytes.length - FOOTER.length + i] != FOOTER[i]) {
                return false;
            }
        }
        long extension = Integer.toUnsignedLong(in.getInt(footer));
        return extension != 0 && extension + ATTRIBUTES < bytes.length && bytes[(int) extension + ATTRIBUTES] == 0;
    }
}
