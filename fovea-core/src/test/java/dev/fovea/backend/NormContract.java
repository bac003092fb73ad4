package dev.fovea.backend;

import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The norms and argmax: what reduces along rows. */
interface NormContract extends Subject {

    @Test
    default void rmsNorm() {
        Trial trial = trial("rmsNorm");
        Trial.Call call = (b, t) -> b.rmsNorm(t[0], t[1], 1e-6f);
        for (int width : SIZES) {
            for (Mix mix : Mix.values()) {
                Values kind = trial.any(Values.values());
                Operand x = trial.operand(kind, mix.x, rows(trial, width));
                Operand w = trial.operand(Values.NORMAL, mix.weight, width);
                float[] normed = trial.expect((b, t) -> b.rmsNorm(t[0], t[1], 1e-6f), x.widened(), ones(width))
                        .values();
                // Both roundings may fall to the other side.
                Bound bound = (i, e) -> Math.abs(e) * (Bound.sum(width) + 8 * Bound.EPS)
                        + 2 * Bound.halfUnit(mix.x, normed[i]) * Math.abs(w.values()[i % width])
                        + 2 * Bound.halfUnit(mix.x, e)
                        + flushed(w);
                trial.stepwise(kind.name(), bound, call, x, w);
                trial.rowsAlone(kind.name(), 1, call, x, w);
            }
        }
    }

    @Test
    default void rmsNormPlusOne() {
        Trial trial = trial("rmsNormPlusOne");
        Trial.Call call = (b, t) -> b.rmsNormPlusOne(t[0], t[1], 1e-6f);
        for (int width : SIZES) {
            for (Mix mix : Mix.values()) {
                Values kind = trial.any(Values.values());
                Operand x = trial.operand(kind, mix.x, rows(trial, width));
                Operand w = trial.operand(Values.NORMAL, mix.weight, width);
                Bound bound = (i, e) -> Math.abs(e) * (Bound.sum(width) + 8 * Bound.EPS) + flushed(w);
                trial.once(kind.name(), bound, call, x, w);
                trial.rowsAlone(kind.name(), 1, call, x, w);
            }
        }
    }

    @Test
    default void layerNorm() {
        Trial trial = trial("layerNorm");
        Trial.Call call = (b, t) -> b.layerNorm(t[0], t[1], t[2], 1e-5f);
        for (int width : SIZES) {
            for (Mix mix : Mix.values()) {
                Values kind = trial.any(Values.values());
                Operand x = trial.operand(kind, mix.x, rows(trial, width));
                Operand w = trial.operand(Values.NORMAL, mix.weight, width);
                Operand bias = trial.operand(Values.NORMAL, mix.weight, width);
                trial.once(kind.name(), layerNormBound(x, w, bias), call, x, w, bias);
                trial.rowsAlone(kind.name(), 1, call, x, w, bias);
            }
        }
    }

    /** A mean far from zero shows a variance that is computed as a difference of squares. */
    @Test
    default void layerNormFarFromZero() {
        Trial trial = trial("layerNorm");
        for (int width : new int[] {5, 64, 257}) {
            Operand x = trial.operand(Values.NORMAL, DType.FLOAT32, 3, width);
            for (int i = 0; i < x.values().length; i++) {
                x.values()[i] += 1000;
            }
            Operand w = trial.operand(Values.NORMAL, DType.FLOAT32, width);
            Operand bias = trial.operand(Values.NORMAL, DType.FLOAT32, width);
            trial.once(
                    "mean 1000",
                    layerNormBound(x, w, bias),
                    (b, t) -> b.layerNorm(t[0], t[1], t[2], 1e-5f),
                    x,
                    w,
                    bias);
        }
    }

    /** The error of the mean, in standard deviations, shifts a row; its square widens the variance. */
    private static Bound layerNormBound(Operand x, Operand w, Operand bias) {
        int width = w.values().length;
        double[] shift = new double[x.values().length / width];
        for (int row = 0; row < shift.length; row++) {
            shift[row] = (Bound.sum(width) + 4 * Bound.EPS) * largestDeviation(x.values(), row * width, width);
        }
        return (i, e) -> {
            double weight = Math.abs(w.values()[i % width]);
            double offset = Math.abs(bias.values()[i % width]);
            double normed = Math.abs(e) + offset; // times the weight
            double s = shift[i / width];
            return s * weight + normed * (s * s + Bound.sum(width) + 8 * Bound.EPS) + flushed(w);
        };
    }

    /** The largest magnitude of a row over its standard deviation. */
    private static double largestDeviation(float[] x, int from, int width) {
        double mean = 0;
        double largest = 0;
        for (int i = from; i < from + width; i++) {
            mean += (double) x[i] / width;
            largest = Math.max(largest, Math.abs(x[i]));
        }
        double variance = 0;
        for (int i = from; i < from + width; i++) {
            variance += (x[i] - mean) * (x[i] - mean) / width;
        }
        return largest / Math.sqrt(variance + 1e-5f);
    }

    /** The first of equal values; -1 for a row with a NaN, wherever it stands. */
    @Test
    default void argmax() {
        Trial trial = trial("argmax");
        for (int width : Stream.concat(SIZES.stream(), Stream.of(40_000)).toList()) {
            for (DType dtype : DTYPES) {
                Operand x = trial.operand(Values.NORMAL, dtype, 5, width);
                float[] values = x.values();
                int[] expected = new int[5];
                Arrays.fill(values, 0, width, Float.NEGATIVE_INFINITY); // all alike: the first
                for (int row = 1; row < 5; row++) {
                    expected[row] = trial.random().nextInt(width);
                    for (int i = 0; i < width; i++) {
                        values[row * width + i] =
                                i < expected[row] || trial.random().nextBoolean() ? 1.5f : 2f;
                    }
                    values[row * width + expected[row]] = 2f;
                }
                values[4 * width + trial.random().nextInt(width)] = Float.NaN;
                expected[4] = -1;
                trial.argmax(expected, x);
            }
        }
    }

    /** A NaN fills its row and no other. */
    @Test
    default void nanStaysInItsRow() {
        for (DType dtype : DTYPES) {
            for (int width : new int[] {4, 17}) {
                Trial trial = trial("softmax");
                Operand x = trial.operand(Values.NORMAL, dtype, 3, width);
                x.values()[width + 2] = Float.NaN;
                Operand w = trial.operand(Values.NORMAL, dtype, width);
                Operand square = trial.operand(Values.NORMAL, dtype, width, width);
                Bound bound = (i, e) -> 1e-5 * (1 + Math.abs(e)) + 4 * Bound.halfUnit(dtype, e);
                trial("rmsNorm").stepwise("NaN", bound, (b, t) -> b.rmsNorm(t[0], t[1], 1e-6f), x, w);
                trial("rmsNormPlusOne").once("NaN", bound, (b, t) -> b.rmsNormPlusOne(t[0], t[1], 1e-6f), x, w);
                trial("layerNorm").once("NaN", bound, (b, t) -> b.layerNorm(t[0], t[1], t[1], 1e-5f), x, w);
                trial("linear").once("NaN", bound, (b, t) -> b.linear(t[0], t[1], null), x, square);
                trial("add").once("NaN", bound, (b, t) -> b.add(t[0], t[1]), x, w);
                for (Activation f : Activation.values()) {
                    trial("activation").once("NaN " + f, bound, (b, t) -> b.activation(t[0], f), x);
                }
            }
        }
    }

    private static int[] rows(Trial trial, int width) {
        return trial.any(new int[] {1, width}, new int[] {5, width}, new int[] {2, 3, width});
    }

    private static Operand ones(int width) {
        float[] ones = new float[width];
        Arrays.fill(ones, 1);
        return new Operand(DType.FLOAT32, ones, new int[] {width}, Operand.Layout.ALIGNED);
    }

    /** A denormal may count as zero before 1 / sqrt(eps) lifts it. */
    private static double flushed(Operand w) {
        return 1e4 * (1 + w.largest()) * Bound.FLUSHED;
    }
}
