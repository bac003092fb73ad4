package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** What {@link PlainMath} says, lane by lane, and loops of it over arrays, of which whole vectors are read and written. */
final class VectorMath {
    private VectorMath() {}

    /** {@code e^x}; 0 below {@code e^-87.3}, {@code e^88.7} above. */
    static FloatVector exp(FloatVector x) {
        // min() takes six instructions, to order NaN and zeros
        return expUpTo88(x.blend(PlainMath.EXP_MAX, x.compare(VectorOperators.GT, PlainMath.EXP_MAX)));
    }

    /** {@code e^x} for x up to 88, by {@code 2^n e^r}, |r| at most half of ln 2; 0 below {@code e^-87.3}. */
    static FloatVector expUpTo88(FloatVector x) {
        FloatVector shifted = x.fma(broadcast(PlainMath.LOG2_E), broadcast(PlainMath.TO_INTEGER));
        FloatVector n = shifted.sub(PlainMath.TO_INTEGER);
        FloatVector r = n.fma(broadcast(-PlainMath.LN2_LOW), n.fma(broadcast(-PlainMath.LN2_HIGH), x));
        FloatVector p = r.fma(broadcast(PlainMath.EXP_6), broadcast(PlainMath.EXP_5))
                .fma(r, broadcast(PlainMath.EXP_4))
                .fma(r, broadcast(PlainMath.EXP_3))
                .fma(r, broadcast(PlainMath.EXP_2));
        FloatVector power = p.fma(r.mul(r), r).add(1f);
        IntVector scale = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector result = power.reinterpretAsInts().add(scale).reinterpretAsFloats();
        return r.fma(broadcast(0), result).blend(0f, x.lt(PlainMath.EXP_MIN));
    }

    /** erf of t, not negative: {@code t + t P(t²)} below 1, {@code 1 - exp(Q(t))} beyond. */
    static FloatVector erf(FloatVector t) {
        FloatVector s = t.mul(t);
        FloatVector near = s.fma(broadcast(PlainMath.NEAR_6), broadcast(PlainMath.NEAR_5))
                .fma(s, broadcast(PlainMath.NEAR_4))
                .fma(s, broadcast(PlainMath.NEAR_3))
                .fma(s, broadcast(PlainMath.NEAR_2))
                .fma(s, broadcast(PlainMath.NEAR_1))
                .fma(s, broadcast(PlainMath.NEAR_0))
                .fma(t, t);
        FloatVector u = t.blend(PlainMath.FAR_END, t.compare(VectorOperators.GT, PlainMath.FAR_END));
        FloatVector exponent = u.fma(broadcast(PlainMath.FAR_6), broadcast(PlainMath.FAR_5))
                .fma(u, broadcast(PlainMath.FAR_4))
                .fma(u, broadcast(PlainMath.FAR_3))
                .fma(u, broadcast(PlainMath.FAR_2))
                .fma(u, broadcast(PlainMath.FAR_1))
                .fma(u, broadcast(PlainMath.FAR_0));
        FloatVector far = broadcast(1f).sub(expUpTo88(exponent));
        return near.blend(far, t.compare(VectorOperators.GE, 1f));
    }

    static FloatVector silu(FloatVector x) {
        return x.div(exp(x.neg()).add(1f));
    }

    /** By {@code x erf(x) = |x| erf(|x|)}, which spares the sign. */
    static FloatVector gelu(FloatVector x) {
        FloatVector magnitude = x.abs();
        return magnitude.fma(erf(magnitude.mul(PlainMath.SQRT_HALF)), x).mul(0.5f);
    }

    /** By {@code (1 + tanh u) / 2 = 1 / (1 + exp(-2 u))}. */
    static FloatVector geluTanh(FloatVector x) {
        FloatVector cubic = x.mul(x).mul(PlainMath.GELU_CUBIC).fma(x, x);
        return x.div(exp(cubic.mul(-PlainMath.TWO_SQRT_2_OVER_PI)).add(1f));
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    // ---------------------------------------------------------------------------------------------------- arrays
    // One method per loop: together they are more than C2 inlines.

    static void exp(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            exp(at(a, i)).intoArray(a, i);
        }
    }

    static void relu(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).max(0f).intoArray(a, i);
        }
    }

    static void silu(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            silu(at(a, i)).intoArray(a, i);
        }
    }

    static void gelu(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            gelu(at(a, i)).intoArray(a, i);
        }
    }

    static void geluTanh(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            geluTanh(at(a, i)).intoArray(a, i);
        }
    }

    /** Sums of four vectors at a time stay in registers. */
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

    static void normalise(float[] a, float shift, float scale, int n) {
        for (int i = 0; i < n; i += COUNT) {
            at(a, i).sub(shift).mul(scale).intoArray(a, i);
        }
    }

    static float sum(float[] a, int n) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < n; i += COUNT) {
            sum = sum.add(at(a, i));
        }
        return Vectors.sum(sum);
    }

    static float sumOfSquares(float[] a, float shift, int n) {
        int whole = FLOATS.loopBound(n);
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector d = at(a, i).sub(shift);
            sum = d.fma(d, sum);
        }
        return whole == n ? Vectors.sum(sum) : PlainMath.sumWithSquares(sum.toArray(), a, shift, whole, n);
    }

    static FloatVector at(float[] a, int i) {
        return FloatVector.fromArray(FLOATS, a, i);
    }
}
