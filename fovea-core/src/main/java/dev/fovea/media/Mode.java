package dev.fovea.media;

/** Pillow's pixel modes, as far as files of the supported formats need them. */
enum Mode {
    /** Black and white: bytes 0 and 255. */
    BILEVEL("1", 1),
    L("L", 1),
    LA("LA", 2),
    P("P", 1),
    RGB("RGB", 3),
    RGBA("RGBA", 4),
    /** Ink: 0 is none. */
    CMYK("CMYK", 4),
    /** 16-bit grey, little endian. */
    I16("I;16", 2);

    final String pillowName;

    /** Bytes a pixel. */
    final int bytes;

    Mode(String pillowName, int bytes) {
        this.pillowName = pillowName;
        this.bytes = bytes;
    }

    boolean hasAlpha() {
        return this == LA || this == RGBA;
    }

    /** Room for a picture. */
    byte[] samples(int width, int height) {
        return new byte[Math.multiplyExact(Math.multiplyExact(width, height), bytes)];
    }

    /** {@code convert("RGB")} of Pillow; the samples themselves where they are RGB already. */
    byte[] toRgb(byte[] samples, byte[] palette) {
        if (this == RGB) {
            return samples;
        }
        int pixels = samples.length / bytes;
        var rgb = new byte[Math.multiplyExact(pixels, 3)];
        for (int i = 0; i < pixels; i++) {
            put(samples, i * bytes, palette, rgb, i * 3);
        }
        return rgb;
    }

    private void put(byte[] in, int from, byte[] palette, byte[] rgb, int to) {
        switch (this) {
            case BILEVEL, L, LA -> grey(in[from], rgb, to);
            case I16 -> grey(in[from + 1] == 0 ? in[from] : (byte) 255, rgb, to);
            case P -> System.arraycopy(palette, (in[from] & 255) * 3, rgb, to, 3);
            case RGB, RGBA -> System.arraycopy(in, from, rgb, to, 3);
            case CMYK -> ink(in, from, rgb, to);
        }
    }

    private static void grey(byte value, byte[] rgb, int to) {
        rgb[to] = value;
        rgb[to + 1] = value;
        rgb[to + 2] = value;
    }

    /** {@code cmyk2rgb} of Pillow's Convert.c. */
    private static void ink(byte[] in, int from, byte[] rgb, int to) {
        int light = 255 - (in[from + 3] & 255);
        for (int c = 0; c < 3; c++) {
            rgb[to + c] = (byte) (light - Alpha.divideBy255((in[from + c] & 255) * light));
        }
    }
}
