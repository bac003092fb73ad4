package dev.fovea.backend.cpu.rows;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
    private static final int POINTS = 1 << 17;

    /** Largest error in units of the last place of the expected value, or of the smallest normal number. */
    private static double worst(float from, float to, UnaryOperator<FloatVector> vector, DoubleUnaryOperator expected) {
        double worst = 0;
        float[] lanes = new float[Lanes.COUNT];
        for (int i = 0; i < POINTS; i += Lanes.COUNT) {
            for (int j = 0; j < Lanes.COUNT; j++) {
                lanes[j] = from + (to - from) * (i + j) / POINTS;
            }
            float[] results = vector.apply(VectorMath.at(lanes, 0)).toArray();
            for (int j = 0; j < Lanes.COUNT; j++) {
                double e = expected.applyAsDouble(lanes[j]);
                worst = Math.max(worst, Math.abs(results[j] - e) / Math.max(Math.ulp((float) e), 0x1p-149 * (1 << 23)));
            }
        }
        return worst;
    }

    @Test
    void exp() {
        assertThat(worst(-87.3f, 88.7f, VectorMath::exp, Math::exp)).isLessThan(1.5);
        assertThat(worst(-0.35f, 0.35f, VectorMath::exp, Math::exp)).isLessThan(1.5);
    }

    @Test
    void expAtItsEnds() {
        float[] x = java.util.Arrays.copyOf(
                new float[] {Float.NEGATIVE_INFINITY, -1e30f, 0, Float.NaN}, Math.max(4, Lanes.COUNT));
        float[] e = VectorMath.exp(VectorMath.at(x, 0)).toArray();
        assertThat(e[0]).isZero();
        assertThat(e[1]).isZero();
        assertThat(e[2]).isEqualTo(1f);
        assertThat(e[3]).isNaN();
        assertThat(VectorMath.exp(FloatVector.broadcast(Vectors.FLOATS, 1000f)).lane(0))
                .isFinite()
                .isGreaterThan(1e38f);
    }

    /** Adding an exponent to the bits of what is no number may give one. */
    @Test
    void ofNoNumberThereIsNone() {
        float[] x = new float[Lanes.COUNT];
        for (int bits = 0; bits < 1024; bits++) {
            for (int head : new int[] {0x7fc00000, 0xffc00000, 0x7f800400, 0xff800400, 0x7ffffc00}) {
                float nan = Float.intBitsToFloat(head | bits);
                java.util.Arrays.fill(x, nan);
                assertThat(VectorMath.exp(VectorMath.at(x, 0)).lane(0)).isNaN();
                assertThat(PlainMath.exp(nan)).isNaN();
            }
        }
    }

    @Test
    void erf() {
        assertThat(worst(0f, 6f, VectorMath::erf, VectorMathTest::erf)).isLessThan(2.5);
    }

    /** Abramowitz and Stegun 7.1.6, which converges everywhere: {@code 2/sqrt(pi) exp(-x²) sum 2^n x^(2n+1) / (2n+1)!!}. */
    private static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    @Test
    void sumIsOfAllLanesInOneOrder() {
        float[] lanes = new float[Lanes.COUNT];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = 1 << i;
        }
        assertThat(Vectors.sum(VectorMath.at(lanes, 0))).isEqualTo((1 << lanes.length) - 1);
        assertThat(Vectors.largest(VectorMath.at(lanes, 0))).isEqualTo(1 << (lanes.length - 1));
    }
}
