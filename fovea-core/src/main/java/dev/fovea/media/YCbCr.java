package dev.fovea.media;

/** The colour conversion of JPEG in the fixed-point arithmetic of libjpeg, {@code ycc_rgb_convert} in jdcolor.c. */
final class YCbCr {

    private static final int HALF = 1 << 15;
    private static final int CR_RED = fixed(1.40200);
    private static final int CB_BLUE = fixed(1.77200);
    private static final int CR_GREEN = fixed(0.71414);
    private static final int CB_GREEN = fixed(0.34414);

    private YCbCr() {}

    private static int fixed(double x) {
        return (int) (x * (1 << 16) + 0.5);
    }

    /** The first three of {@code bytes} channels converted; a fourth stays as it is. */
    static byte[] toRgb(byte[] samples, int bytes) {
        byte[] out = samples.clone();
        for (int i = 0; i < out.length; i += bytes) {
            int y = samples[i] & 255;
            int cb = (samples[i + 1] & 255) - 128;
            int cr = (samples[i + 2] & 255) - 128;
            out[i] = Clip8.of(y + (CR_RED * cr + HALF >> 16));
            out[i + 1] = Clip8.of(y + (HALF - CB_GREEN * cb - CR_GREEN * cr >> 16));
            out[i + 2] = Clip8.of(y + (CB_BLUE * cb + HALF >> 16));
        }
        return out;
    }

    /** One pixel of mode YCbCr by {@code ImagingConvertYCbCr2RGB}, whose tables have six bits behind the point. */
    static void byPillow(byte[] in, int from, byte[] rgb, int to) {
        int y = in[from] & 255;
        int cb = (in[from + 1] & 255) - 128;
        int cr = (in[from + 2] & 255) - 128;
        rgb[to] = Clip8.of(y + (sixBits(1.40200, cr) >> 6));
        rgb[to + 1] = Clip8.of(y + (sixBits(-0.34414, cb) + sixBits(-0.71414, cr) >> 6));
        rgb[to + 2] = Clip8.of(y + (sixBits(1.77200, cb) >> 6));
    }

    private static int sixBits(double factor, int value) {
        return (int) (factor * 64 * value + 0.5);
    }

    /**
     * Turns the doubled rows of a channel into interpolated ones, in place: {@code h1v2_fancy_upsample} of
     * libjpeg-turbo, which the JDK's own libjpeg lacks. Some distributions build their JDK with libjpeg-turbo, whose rows
     * differ already and stay as they are.
     *
     * @param samples {@code (height, width, bytes)}
     */
    static void smoothRows(byte[] samples, int width, int height, int bytes, int channel) {
        int row = width * bytes;
        byte[] old = samples.clone();
        for (int at = channel; at < height / 2 * 2 * row; at += bytes) {
            if (old[at] != old[at / row / 2 * 2 * row + at % row]) {
                return;
            }
        }
        for (int y = 0; y < height; y++) {
            boolean lower = y % 2 == 1;
            int other = Math.clamp(lower ? y + 1 : y - 1, 0, height - 1);
            for (int at = channel; at < row; at += bytes) {
                int sum = 3 * (old[y * row + at] & 255) + (old[other * row + at] & 255);
                samples[y * row + at] = (byte) (sum + (lower ? 2 : 1) >> 2);
            }
        }
    }
}
