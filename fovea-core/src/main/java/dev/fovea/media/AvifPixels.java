package dev.fovea.media;

import java.util.Optional;

/**
 * The RGB that libavif gives Pillow, by libyuv's integers: colours are interpolated between their samples, 9:3:3:1 where they are
 * coarser both ways, and 10 bits lose two.
 */
final class AvifPixels {

    /** libyuv's numbers for a matrix: six bits behind the point. */
    private record Matrix(int ub, int ug, int vg, int vr, int yg, int yb) {
        static Matrix of(int coefficients, boolean full) {
            return switch (coefficients) {
                case 2, 5, 6 ->
                    full ? new Matrix(113, 22, 46, 90, 16320, 32) : new Matrix(128, 25, 52, 102, 18997, -1160);
                case 1 -> full ? new Matrix(119, 12, 30, 101, 16320, 32) : new Matrix(128, 14, 34, 115, 18997, -1160);
                case 9 -> full ? new Matrix(120, 11, 37, 94, 16320, 32) : new Matrix(128, 12, 42, 107, 19003, -1160);
                default -> throw Avif.unsupported("its colours have the matrix number " + coefficients);
            };
        }
    }

    private AvifPixels() {}

    /** Mode L, LA, RGB or RGBA, as Pillow chooses. */
    static DecodedImage image(YuvPicture colours, Optional<YuvPicture> alpha) {
        int width = colours.width();
        int height = colours.height();
        if (colours.depth() > 10
                || alpha.isPresent() && (colours.depth() > 8 || alpha.get().depth() > 8)) {
            throw Avif.unsupported(
                    "it has " + colours.depth() + " bits" + (alpha.isPresent() ? " and transparency" : ""));
        }
        boolean grey = colours.isGrey();
        Mode mode = grey ? alpha.isPresent() ? Mode.LA : Mode.L : alpha.isPresent() ? Mode.RGBA : Mode.RGB;
        byte[] samples = mode.samples(width, height);
        if (grey) {
            grey(colours, samples, mode.bytes);
        } else if (colours.matrix() == 0) {
            identity(colours, samples, mode.bytes);
        } else {
            colours(colours, samples, mode.bytes);
        }
        alpha.ifPresent(a -> alpha(a, width, height, samples, mode.bytes));
        return DecodedImage.of(mode, width, height, samples);
    }

    private static int eight(YuvPicture picture, int plane, int index) {
        return picture.planes()[plane][index] >> picture.depth() - 8;
    }

    private static void grey(YuvPicture picture, byte[] samples, int step) {
        byte[] table = levels(picture.full());
        for (int i = 0; i < picture.width() * picture.height(); i++) {
            samples[i * step] = table[eight(picture, 0, i)];
        }
    }

    /** 16 to 235 made 0 to 255. */
    private static byte[] levels(boolean full) {
        byte[] table = new byte[256];
        for (int i = 0; i < 256; i++) {
            float value = Math.clamp((i - 16) / 219f, 0f, 1f);
            table[i] = (byte) (full ? i : (int) (0.5f + value * 255f));
        }
        return table;
    }

    /** Lossless: the planes are green, blue and red. */
    private static void identity(YuvPicture picture, byte[] samples, int step) {
        if (picture.chromaX() != 1 || picture.chromaY() != 1 || !picture.full()) {
            throw Avif.unsupported("its planes are colours, and not all of one size");
        }
        for (int i = 0, at = 0; i < picture.width() * picture.height(); i++, at += step) {
            samples[at] = (byte) eight(picture, 2, i);
            samples[at + 1] = (byte) eight(picture, 0, i);
            samples[at + 2] = (byte) eight(picture, 1, i);
        }
    }

    private static void colours(YuvPicture picture, byte[] samples, int step) {
        Matrix m = Matrix.of(picture.matrix(), picture.full());
        int bb = m.ub * 128 - m.yb;
        int gb = m.ug * 128 + m.vg * 128 + m.yb;
        int br = m.vr * 128 - m.yb;
        int width = picture.width();
        for (int y = 0, i = 0; y < picture.height(); y++) {
            for (int x = 0; x < width; x++, i++) {
                int luma = (int) ((long) eight(picture, 0, i) * 0x0101 * m.yg >> 16);
                int u = chroma(picture, 1, x, y);
                int v = chroma(picture, 2, x, y);
                samples[i * step] = clamped(luma + v * m.vr - br);
                samples[i * step + 1] = clamped(luma + gb - (u * m.ug + v * m.vg));
                samples[i * step + 2] = clamped(luma + u * m.ub - bb);
            }
        }
    }

    private static byte clamped(int value) {
        return (byte) Math.clamp(value >> 6, 0, 255);
    }

    /** A sample of colour at a pixel, between its neighbours; the outermost columns have the outermost samples. */
    private static int chroma(YuvPicture picture, int plane, int x, int y) {
        int wide = picture.planeWidth(plane);
        int nearX = x / picture.chromaX();
        int nearY = y / picture.chromaY();
        int near = eight(picture, plane, nearY * wide + nearX);
        if (picture.chromaX() == 1) {
            return near;
        }
        boolean edge = x == 0 || x == picture.width() - 1;
        int farX = edge ? nearX : Math.min(wide - 1, x % 2 == 0 ? nearX - 1 : nearX + 1);
        int beside = eight(picture, plane, nearY * wide + farX);
        if (picture.chromaY() == 1) {
            return 3 * near + beside + 2 >> 2;
        }
        int farY = Math.clamp(y % 2 == 0 ? nearY - 1 : nearY + 1, 0, picture.planeHeight(plane) - 1);
        int below = eight(picture, plane, farY * wide + nearX);
        int across = eight(picture, plane, farY * wide + farX);
        return 9 * near + 3 * beside + 3 * below + across + 8 >> 4;
    }

    private static void alpha(YuvPicture alpha, int width, int height, byte[] samples, int step) {
        if (alpha.width() != width || alpha.height() != height) {
            throw Avif.unsupported("its transparency has another size than its colours");
        }
        byte[] table = levels(alpha.full());
        for (int i = 0; i < width * height; i++) {
            samples[i * step + step - 1] = table[eight(alpha, 0, i)];
        }
    }
}
