package dev.fovea.backend;

import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import org.junit.jupiter.api.Test;

/** {@link Backend#rope}, activations, sums and gates. */
interface ElementwiseContract extends Subject {

    @Test
    default void add() {
        pairs("add", (b, t) -> b.add(t[0], t[1]));
    }

    /** One float32 operation and one rounding leave no freedom. */
    private void pairs(String operation, Trial.Call call) {
        Trial trial = trial(operation);
        for (int width : SIZES) {
            for (Mix mix : Mix.values()) {
                Values kind = trial.any(Values.values());
                Operand x = trial.operand(kind, mix.x, 3, 2, width);
                Operand row = trial.operand(kind, mix.weight, width);
                trial.stepwise(kind.name(), Bound.EXACT, call, x, trial.operand(kind, mix.weight, 3, 2, width));
                trial.stepwise(kind + " one row", Bound.EXACT, call, x, row);
                trial.rowsAlone(kind.name(), 1, call, x, row);
            }
        }
        for (DType dtype : DTYPES) {
            Operand x = new Operand(
                    dtype,
                    new float[] {0f, -0f, 0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 3e38f, 6e4f},
                    new int[] {8},
                    Operand.Layout.SHIFTED);
            Operand y = x.with(new float[] {0f, -0f, -0f, 1f, Float.POSITIVE_INFINITY, 1f, 3e38f, 6e4f});
            trial.stepwise("borders", Bound.EXACT, call, x, y);
        }
    }

    @Test
    default void scale() {
        Trial trial = trial("scale");
        for (int width : SIZES) {
            for (DType dtype : DTYPES) {
                Values kind = trial.any(Values.values());
                float factor = trial.any(0f, -1f, 0.125f, 33.941124f, 1e-20f);
                Trial.Call call = (b, t) -> b.scale(t[0], factor);
                trial.stepwise(kind + " " + factor, Bound.EXACT, call, trial.operand(kind, dtype, 3, width));
            }
        }
    }

    @Test
    default void activation() {
        Trial trial = trial("activation");
        for (int width : SIZES) {
            for (DType dtype : DTYPES) {
                for (Activation f : Activation.values()) {
                    Values kind = trial.any(Values.values());
                    Operand x = wide(trial, trial.operand(kind, dtype, 3, width));
                    Trial.Call call = (b, t) -> b.activation(t[0], f);
                    trial.once(f + " " + kind, (i, e) -> error(f, x.values()[i], e), call, x);
                    trial.rowsAlone(f + " " + kind, 1, call, x);
                }
            }
        }
    }

    @Test
    default void gated() {
        Trial trial = trial("gated");
        for (int width : SIZES) {
            for (DType dtype : DTYPES) {
                for (Activation f : Activation.values()) {
                    Values kind = trial.any(Values.values());
                    Operand gate = wide(trial, trial.operand(kind, dtype, 3, width));
                    Operand up = trial.operand(kind, dtype, 3, width);
                    float[] inner = trial.expect((b, t) -> b.activation(t[0], f), gate.widened())
                            .values();
                    // Both roundings may fall to the other side.
                    Bound bound = (i, e) -> (error(f, gate.values()[i], inner[i]) + 2 * Bound.halfUnit(dtype, inner[i]))
                                    * Math.abs(up.values()[i])
                            + 2 * Bound.halfUnit(dtype, e);
                    trial.stepwise(f + " " + kind, bound, (b, t) -> b.gated(t[0], t[1], f), gate, up);
                }
            }
        }
    }

    /** Some elements moved to where the functions bend and saturate. */
    private static Operand wide(Trial trial, Operand x) {
        for (int i = 0; i < x.values().length; i += 3) {
            x.values()[i] = x.dtype().round((float) trial.random().nextDouble(-100, 100) / trial.any(1, 10, 20));
        }
        return x;
    }

    /**
     * Where GELU nears zero on the left, 1 + erf cancels, in PyTorch as here: its error is relative to x. SiLU has no such
     * trouble, but exp errs by the error of its argument and overflows at 88.
     */
    private static double error(Activation f, double x, double expected) {
        return switch (f) {
            case RELU -> 0;
            case SILU ->
                4 * Bound.EPS * Math.abs(expected) * (2 + Math.min(100, Math.abs(x)))
                        + 4 * Bound.FLUSHED * (1 + Math.abs(x));
            case GELU, GELU_TANH -> 8 * Bound.EPS * Math.abs(x) + Bound.FLUSHED;
        };
    }

    @Test
    default void rope() {
        Trial trial = trial("rope");
        Trial.Call call = (b, t) -> b.rope(t[0], t[1], t[2]);
        for (int half : new int[] {1, 2, 3, 4, 7, 8, 9, 16, 17, 20, 32, 36, 40, 64, 128}) {
            for (DType dtype : DTYPES) {
                int rows = trial.any(1, 2, 5, 17);
                Operand x = trial.rowsOperand(trial.any(Values.values()), dtype, rows, trial.any(1, 2, 3), 2 * half);
                Operand angles = trial.operand(Values.NORMAL, DType.FLOAT32, rows, half);
                trial.stepwise(
                        "tables alike", Bound.EXACT, call, x, turn(angles, dtype, true), turn(angles, dtype, false));
                Operand cos = turn(angles, DType.FLOAT32, true);
                Operand sin = turn(angles, DType.FLOAT32, false);
                trial.rowsAlone("tables float32", 3, call, x, cos, sin);
                if (dtype != DType.FLOAT32) {
                    trial.once("tables float32", ropeBound(x, half), call, x, cos, sin);
                }
            }
        }
    }

    /** Neither table exceeds 1, so two products and a sum err by the magnitudes of the pair. */
    private static Bound ropeBound(Operand x, int half) {
        return (i, e) -> {
            int other = i % (2 * half) < half ? i + half : i - half;
            return 2 * Bound.EPS * (Math.abs(x.values()[i]) + Math.abs(x.values()[other])) + Bound.FLUSHED;
        };
    }

    private static Operand turn(Operand angles, DType dtype, boolean cosine) {
        float[] out = angles.values().clone();
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (cosine ? Math.cos(out[i]) : Math.sin(out[i]));
        }
        return new Operand(dtype, out, angles.dims(), angles.layout());
    }
}
