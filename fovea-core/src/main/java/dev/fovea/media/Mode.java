package dev.fovea.media;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

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
    /** Luma and chroma of JPEG. */
    YCBCR("YCbCr", 3),
    /** 16-bit grey, little endian. */
    I16("I;16", 2),
    /** 32-bit signed integers, little endian. */
    I("I", 4),
    /** 32-bit floating-point numbers, little endian. */
    F("F", 4);

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle FLOAT = MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);

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
            case YCBCR -> YCbCr.byPillow(in, from, rgb, to);
            case I -> grey(Clip8.of((int) INT.get(in, from)), rgb, to);
            case F -> grey((byte) Math.clamp((float) FLOAT.get(in, from), 0, 255), rgb, to);
        }
    }

    static void putInt(byte[] samples, int at, int value) {
        INT.set(samples, at, value);
    }

    static void putFloat(byte[] samples, int at, float value) {
        FLOAT.set(samples, at, value);
    }

    /** Whether {@link #toRgb} clips numbers that would not fit into a byte, so that what they showed is lost. */
    boolean clips(byte[] samples) {
        return switch (this) {
            case I16 -> anyOf(samples, 2, at -> samples[at + 1] != 0);
            case I -> anyOf(samples, 4, at -> (int) INT.get(samples, at) > 255);
            case F -> anyOf(samples, 4, at -> (float) FLOAT.get(samples, at) >= 256);
            default -> false;
        };
    }

    private static boolean anyOf(byte[] samples, int step, IntPredicate test) {
        return IntStream.iterate(0, at -> at < samples.length, at -> at + step).anyMatch(test);
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
