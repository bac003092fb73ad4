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
