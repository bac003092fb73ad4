package dev.fovea.backend.cpu;

import static dev.fovea.backend.cpu.Lanes.COUNT;
import static dev.fovea.backend.cpu.Lanes.FLOATS;

import dev.fovea.tensor.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * exp, erf and the activations made of them, lane by lane. Polynomials of least largest error, fitted with weighted least
 * squares in 40 digits; the error with float32 coefficients and arithmetic is about one unit in the last place of exp, and
 * 1e-7 of erf.
 */
final class VectorMath {
    /** exp of less is 0, or would be denormal. */
    private static final float EXP_MIN = -87.33f;

    private static final float EXP_MAX = 88.72f;
    private static final float LOG2_E = 1.44269504f;

    /** ln 2 in two parts: the first has few bits, so that its product with an integer is exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = -2.12194440e-4f;

    /** 1.5 * 2^23: adding it leaves the nearest integer in the low bits. */
    private static final float TO_INTEGER = 12582912f;

    private static final float SQRT_HALF = 0.70710678f;
    private static final float TWO_SQRT_2_OVER_PI = 1.59576912f;

    private VectorMath() {}

    /** {@code e^x}; 0 below {@code e^-87.3}, {@code e^88.7} above. */
    static FloatVector exp(FloatVector x) {
        // min() takes six instructions, to order NaN and zeros
        return expUpTo88(x.blend(EXP_MAX, x.compare(VectorOperators.GT, EXP_MAX)));
    }

    /** {@code e^x} for x up to 88, by {@code 2^n e^r}, |r| at most half of ln 2; 0 below {@code e^-87.3}. */
    static FloatVector expUpTo88(FloatVector x) {
        FloatVector shifted = x.fma(broadcast(LOG2_E), broadcast(TO_INTEGER));
        FloatVector n = shifted.sub(TO_INTEGER);
        FloatVector r = n.fma(broadcast(-LN2_LOW), n.fma(broadcast(-LN2_HIGH), x));
        FloatVector p = r.fma(broadcast(0.0013814458f), broadcast(0.008368781f))
                .fma(r, broadcast(0.041668393f))
                .fma(r, broadcast(0.1666652f))
                .fma(r, broadcast(0.49999994f));
        FloatVector power = p.fma(r.mul(r), r).add(1f);
        IntVector scale = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector result = power.reinterpretAsInts().add(scale).reinterpretAsFloats();
        return result.blend(0f, x.lt(EXP_MIN));
    }

    /** erf of t, not negative: {@code t + t P(t²)} below 1, {@code 1 - exp(Q(t))} beyond. */
    static FloatVector erf(FloatVector t) {
        FloatVector s = t.mul(t);
        FloatVector near = s.fma(broadcast(7.853847e-5f), broadcast(-8.010189e-4f))
                .fma(s, broadcast(0.0051883273f))
                .fma(s, broadcast(-0.026853811f))
                .fma(s, broadcast(0.112835854f))
                .fma(s, broadcast(-0.37612626f))
                .fma(s, broadcast(0.12837917f))
                .fma(t, t);
        FloatVector u = t.blend(4f, t.compare(VectorOperators.GT, 4f));
        FloatVector exponent = u.fma(broadcast(1.8557752e-4f), broadcast(-0.0029396408f))
                .fma(u, broadcast(0.021805448f))
                .fma(u, broadcast(-0.10303763f))
                .fma(u, broadcast(-0.6382254f))
                .fma(u, broadcast(-1.1270403f))
                .fma(u, broadcast(-3.5367746e-4f));
        FloatVector far = broadcast(1f).sub(expUpTo88(exponent));
        return near.blend(far, t.compare(VectorOperators.GE, 1f));
    }

    static FloatVector silu(FloatVector x) {
        return x.div(exp(x.neg()).add(1f));
    }

    /** By {@code x erf(x) = |x| erf(|x|)}, which spares the sign. */
    static FloatVector gelu(FloatVector x) {
        FloatVector magnitude = x.abs();
        return magnitude.fma(erf(magnitude.mul(SQRT_HALF)), x).mul(0.5f);
    }

    /** By {@code (1 + tanh u) / 2 = 1 / (1 + exp(-2 u))}. */
    static FloatVector geluTanh(FloatVector x) {
        FloatVector cubic = x.mul(x).mul(0.044715f).fma(x, x);
        return x.div(exp(cubic.mul(-TWO_SQRT_2_OVER_PI)).add(1f));
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    // ------------------------------------------------------------------------------------------------- on arrays

    /** f of the first n values, in place. One method per loop: together they are more than C2 inlines. */
    static void activate(Activation f, float[] a, int n) {
        switch (f) {
            case RELU -> reluAll(a, n);
            case SILU -> siluAll(a, n);
            case GELU -> geluAll(a, n);
            case GELU_TANH -> geluTanhAll(a, n);
        }
    }

    private static void reluAll(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).max(0f).intoArray(a, i);
        }
    }

    private static void siluAll(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            silu(at(a, i)).intoArray(a, i);
        }
    }

    private static void geluAll(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            gelu(at(a, i)).intoArray(a, i);
        }
    }

    private static void geluTanhAll(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            geluTanh(at(a, i)).intoArray(a, i);
        }
    }

    /** Softmax of the first n values, in place; what lies between n and the next whole vector is overwritten. */
    static void softmax(float[] a, int n) {
        int end = Lanes.padded(n);
        java.util.Arrays.fill(a, n, end, Float.NEGATIVE_INFINITY);
        FloatVector max = at(a, 0);
        for (int i = COUNT; i < end; i += COUNT) {
            max = Lanes.larger(max, at(a, i));
        }
        float top = Lanes.largest(max);
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < end; i += COUNT) {
            FloatVector e = expUpTo88(at(a, i).sub(top));
            e.intoArray(a, i);
            sum = sum.add(e);
        }
        float scale = 1 / Lanes.sum(sum);
        for (int i = 0; i < end; i += COUNT) {
            at(a, i).mul(scale).intoArray(a, i);
        }
    }

    static void add(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).add(at(b, i)).intoArray(a, i);
        }
    }

    static void mul(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).mul(at(b, i)).intoArray(a, i);
        }
    }

    static void scale(float[] a, float factor, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).mul(factor).intoArray(a, i);
        }
    }

    /** {@code a += b[bAt[j]…] c[cAt[j]…]} for all j below terms; sums of four vectors at a time stay in registers. */
    static void addProducts(float[] a, float[] b, int[] bAt, float[] c, int[] cAt, int terms, int n) {
        int i = 0;
        for (; i + 4 * COUNT <= Lanes.padded(n); i += 4 * COUNT) {
            FloatVector s0 = at(a, i);
            FloatVector s1 = at(a, i + COUNT);
            FloatVector s2 = at(a, i + 2 * COUNT);
            FloatVector s3 = at(a, i + 3 * COUNT);
            for (int j = 0; j < terms; j++) {
                int u = bAt[j] + i;
                int v = cAt[j] + i;
                s0 = at(b, u).fma(at(c, v), s0);
                s1 = at(b, u + COUNT).fma(at(c, v + COUNT), s1);
                s2 = at(b, u + 2 * COUNT).fma(at(c, v + 2 * COUNT), s2);
                s3 = at(b, u + 3 * COUNT).fma(at(c, v + 3 * COUNT), s3);
            }
            s0.intoArray(a, i);
            s1.intoArray(a, i + COUNT);
            s2.intoArray(a, i + 2 * COUNT);
            s3.intoArray(a, i + 3 * COUNT);
        }
        for (; i < n; i += COUNT) {
            FloatVector s = at(a, i);
            for (int j = 0; j < terms; j++) {
                s = at(b, bAt[j] + i).fma(at(c, cAt[j] + i), s);
            }
            s.intoArray(a, i);
        }
    }

    /** {@code a = (a - shift) scale}. */
    static void normalise(float[] a, float shift, float scale, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).sub(shift).mul(scale).intoArray(a, i);
        }
    }

    /** Sum of the first n values; the padding must be zeros. */
    static float sum(float[] a, int n) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < n; i += COUNT) {
            sum = sum.add(at(a, i));
        }
        return Lanes.sum(sum);
    }

    /** Sum of {@code (a - shift)²} over the first n values. */
    static float sumOfSquares(float[] a, float shift, int n) {
        int whole = FLOATS.loopBound(n);
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector d = at(a, i).sub(shift);
            sum = d.fma(d, sum);
        }
        if (whole < n) {
            VectorMask<Float> rest = FLOATS.indexInRange(whole, n);
            FloatVector d = at(a, whole).sub(shift);
            sum = sum.add(d.mul(d), rest);
        }
        return Lanes.sum(sum);
    }

    static FloatVector at(float[] a, int i) {
        return FloatVector.fromArray(FLOATS, a, i);
    }
}
