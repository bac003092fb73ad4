package dev.fovea.backend;

import dev.fovea.tensor.DType;
import java.util.random.RandomGenerator;

/** Kinds of random data. The extremes leave room for sums of thousands of products in float32. */
enum Values {
    NORMAL,
    LARGE,
    TINY,
    DENORMAL,
    ZEROS,
    MIXED;

    /** What is no number has many forms: of both signs, quiet and signalling, the low bits all ones or hardly any. */
    static float[] nans() {
        int[] bits = {
            0x7fc00000,
            0xffc00000,
            0x7fffffff,
            0xffffffff,
            0x7f800001,
            0xffbfffff,
            0x7fc00081,
            0x7fc000ff,
            0xffc00101,
            0x7fff0000
        };
        float[] nans = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            nans[i] = Float.intBitsToFloat(bits[i]);
        }
        return nans;
    }

    private static final Values[] PURE = {NORMAL, LARGE, TINY, DENORMAL, ZEROS};

    float[] draw(RandomGenerator random, DType dtype, int n) {
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = dtype.round(next(random, dtype == DType.FLOAT16));
        }
        return out;
    }

    private float next(RandomGenerator random, boolean half) {
        float x = (float) random.nextGaussian();
        return switch (this) {
            case NORMAL -> x;
            case LARGE -> x * (half ? 4 : 1e15f);
            case TINY -> x * (half ? 1e-4f : 1e-18f);
            case DENORMAL -> x * (half ? 1e-6f : 1e-40f);
            case ZEROS -> random.nextInt(3) == 0 ? x : Math.copySign(0f, x);
            case MIXED -> PURE[random.nextInt(PURE.length)].next(random, half);
        };
    }
}
