package dev.fovea.media;

/** Alpha arithmetic on bytes, in the roundings of Pillow. */
final class Alpha {

    private Alpha() {}

    /** {@code value / 255}, rounded, for 0 to 255 * 255: {@code MULDIV255} of Pillow's ImagingUtils.h. */
    static int divideBy255(int value) {
        int shifted = value + 128;
        return (shifted >> 8) + shifted >> 8;
    }

    /** The last of {@code bytes} channels. */
    static byte[] channel(byte[] samples, int bytes) {
        var alpha = new byte[samples.length / bytes];
        for (int i = 0; i < alpha.length; i++) {
            alpha[i] = samples[i * bytes + bytes - 1];
        }
        return alpha;
    }

    /**
     * {@code Image.alpha_composite} over opaque white, and {@code Image.paste} on white with the alpha as its mask:
     * their formulas differ, their results do not.
     */
    static byte[] overWhite(byte[] rgb, byte[] alpha) {
        var out = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            int a = alpha[i / 3] & 255;
            out[i] = (byte) divideBy255((rgb[i] & 255) * a + 255 * (255 - a));
        }
        return out;
    }
}
