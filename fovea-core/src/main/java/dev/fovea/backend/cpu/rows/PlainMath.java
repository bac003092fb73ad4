package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * exp, erf and the activations made of them, one by one, and plain loops over arrays and memory. {@link VectorMath},
 * {@link Vectors} and {@link RowSoftmax} do the same by vectors, with the same bits: sums are one per lane at first, and then
 * halves onto halves.
 *
 * <p>Polynomials of least largest error, fitted with weighted least squares in 40 digits; the error with float32 coefficients
 * and arithmetic is about one unit in the last place of exp, and 1e-7 of erf.
 */
public final class PlainMath {
    /** exp of less is 0, or would be denormal. */
    static final float EXP_MIN = -87.33f;

    static final float EXP_MAX = 88.72f;
    static final float LOG2_E = 1.44269504f;

    /** ln 2 in two parts: the first has few bits, so that its product with an integer is exact. */
    static final float LN2_HIGH = 0.693359375f;

    static final float LN2_LOW = -2.12194440e-4f;

    /** 1.5 * 2^23: adding it leaves the nearest integer in the low bits. */
    static final float TO_INTEGER = 12582912f;

    /** {@code e^r = 1 + r + r² (EXP_2 + r (EXP_3 + …))}. */
    static final float EXP_2 = 0.49999994f;

    static final float EXP_3 = 0.1666652f;
    static final float EXP_4 = 0.041668393f;
    static final float EXP_5 = 0.008368781f;
    static final float EXP_6 = 0.0013814458f;

    /** {@code erf t = t + t (NEAR_0 + NEAR_1 t² + …)} below 1. */
    static final float NEAR_0 = 0.12837917f;

    static final float NEAR_1 = -0.37612626f;
    static final float NEAR_2 = 0.112835854f;
    static final float NEAR_3 = -0.026853811f;
    static final float NEAR_4 = 0.0051883273f;
    static final float NEAR_5 = -8.010189e-4f;
    static final float NEAR_6 = 7.853847e-5f;

    /** {@code erf t = 1 - exp(FAR_0 + FAR_1 t + …)} from 1 to 4, beyond which it is 1. */
    static final float FAR_0 = -3.5367746e-4f;

    static final float FAR_1 = -1.1270403f;
    static final float FAR_2 = -0.6382254f;
    static final float FAR_3 = -0.10303763f;
    static final float FAR_4 = 0.021805448f;
    static final float FAR_5 = -0.0029396408f;
    static final float FAR_6 = 1.8557752e-4f;
    static final float FAR_END = 4f;

    static final float SQRT_HALF = 0.70710678f;
    static final float TWO_SQRT_2_OVER_PI = 1.59576912f;
    static final float GELU_CUBIC = 0.044715f;

    private PlainMath() {}

    // ------------------------------------------------------------------------------------------------- functions

    /** {@code e^x}; 0 below {@code e^-87.3}, {@code e^88.7} above. */
    static float exp(float x) {
        return expUpTo88(x > EXP_MAX ? EXP_MAX : x);
    }

    /** {@code e^x} for x up to 88, by {@code 2^n e^r}, |r| at most half of ln 2; 0 below {@code e^-87.3}. */
    static float expUpTo88(float x) {
        float shifted = Math.fma(x, LOG2_E, TO_INTEGER);
        float n = shifted - TO_INTEGER;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
        float p = Math.fma(r, EXP_6, EXP_5);
        p = Math.fma(p, r, EXP_4);
        p = Math.fma(p, r, EXP_3);
        p = Math.fma(p, r, EXP_2);
        float power = Math.fma(p, r * r, r) + 1;
        int scale = Float.floatToRawIntBits(shifted) << 23;
        float result = Float.intBitsToFloat(Float.floatToRawIntBits(power) + scale);
        return x < EXP_MIN ? 0 : Math.fma(r, 0, result); // adding to the bits makes numbers of some NaN
    }

    /** erf of t, not negative. */
    static float erf(float t) {
        return t >= 1 ? erfFar(t) : erfNear(t);
    }

    private static float erfNear(float t) {
        float s = t * t;
        float p = Math.fma(s, NEAR_6, NEAR_5);
        p = Math.fma(p, s, NEAR_4);
        p = Math.fma(p, s, NEAR_3);
        p = Math.fma(p, s, NEAR_2);
        p = Math.fma(p, s, NEAR_1);
        p = Math.fma(p, s, NEAR_0);
        return Math.fma(p, t, t);
    }

    private static float erfFar(float t) {
        float u = t > FAR_END ? FAR_END : t;
        float p = Math.fma(u, FAR_6, FAR_5);
        p = Math.fma(p, u, FAR_4);
        p = Math.fma(p, u, FAR_3);
        p = Math.fma(p, u, FAR_2);
        p = Math.fma(p, u, FAR_1);
        return 1 - expUpTo88(Math.fma(p, u, FAR_0));
    }

    static float silu(float x) {
        return x / (exp(-x) + 1);
    }

    /** By {@code x erf(x) = |x| erf(|x|)}, which spares the sign. */
    static float gelu(float x) {
        float magnitude = Math.abs(x);
        return Math.fma(magnitude, erf(magnitude * SQRT_HALF), x) * 0.5f;
    }

    /** By {@code (1 + tanh u) / 2 = 1 / (1 + exp(-2 u))}. */
    static float geluTanh(float x) {
        float cubic = Math.fma(x * x * GELU_CUBIC, x, x);
        return x / (exp(cubic * -TWO_SQRT_2_OVER_PI) + 1);
    }

    // -------------------------------------------------------------------------------------------------- bfloat16

    public static void loadBfloat16(long address, float[] to, int at, int n) {
        short[] bits = new short[n];
        MemorySegment.copy(MEMORY, Lanes.SHORT, address, bits, 0, n);
        for (int i = 0; i < n; i++) {
            to[at + i] = DType.bfloat16ToFloat(bits[i]);
        }
    }

    static void storeBfloat16(float[] from, int at, long address, int n) {
        short[] bits = new short[n];
        for (int i = 0; i < n; i++) {
            bits[i] = DType.floatToBfloat16(from[at + i]);
        }
        MemorySegment.copy(bits, 0, MEMORY, Lanes.SHORT, address, n);
    }

    static void roundToBfloat16(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = DType.bfloat16ToFloat(DType.floatToBfloat16(a[i]));
        }
    }

    // ---------------------------------------------------------------------------------------------------- arrays

    static void exp(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = exp(a[i]);
        }
    }

    static void relu(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = Math.max(a[i], 0);
        }
    }

    static void silu(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = silu(a[i]);
        }
    }

    static void gelu(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = gelu(a[i]);
        }
    }

    static void geluTanh(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = geluTanh(a[i]);
        }
    }

    static void addProducts(float[] a, float[] b, int[] bAt, float[] c, int[] cAt, int terms, int n) {
        for (int j = 0; j < terms; j++) {
            int u = bAt[j];
            int v = cAt[j];
            for (int i = 0; i < n; i++) {
                a[i] = Math.fma(b[u + i], c[v + i], a[i]);
            }
        }
    }

    static void add(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] += b[i];
        }
    }

    static void mul(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] *= b[i];
        }
    }

    static void scale(float[] a, float factor, int n) {
        for (int i = 0; i < n; i++) {
            a[i] *= factor;
        }
    }

    static void normalise(float[] a, float shift, float scale, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = (a[i] - shift) * scale;
        }
    }

    static float sum(float[] a, int n) {
        float[] sums = new float[COUNT];
        for (int lane = 0; lane < COUNT; lane++) {
            float sum = 0;
            for (int i = lane; i < n; i += COUNT) {
                sum += a[i];
            }
            sums[lane] = sum;
        }
        return sum(sums);
    }

    static float sumOfSquares(float[] a, float shift, int n) {
        int whole = n - n % COUNT;
        float[] sums = new float[COUNT];
        for (int lane = 0; lane < COUNT; lane++) {
            float sum = 0;
            for (int i = lane; i < whole; i += COUNT) {
                float d = a[i] - shift;
                sum = Math.fma(d, d, sum);
            }
            sums[lane] = sum;
        }
        return sumWithSquares(sums, a, shift, whole, n);
    }

    /** The sum of lanes, to which the squares of the last values are added that are no whole vector. */
    static float sumWithSquares(float[] lanes, float[] a, float shift, int whole, int n) {
        for (int i = whole; i < n; i++) {
            float d = a[i] - shift;
            lanes[i - whole] += d * d;
        }
        return sum(lanes);
    }

    // ---------------------------------------------------------------------------------------------- across lanes

    /** Halves onto halves, in place. */
    public static float sum(float[] lanes) {
        for (int half = lanes.length / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }
}
