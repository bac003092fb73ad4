package dev.fovea.backend;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Copies, which are exact, and means. */
interface MovementContract extends Subject {

    @Test
    default void copy() {
        Trial trial = trial("copy");
        Operand map = trial.operand(Values.NORMAL, DType.BFLOAT16, 37, 3, 2, 35);
        trial.stepwise("turned", Bound.EXACT, (b, t) -> b.copy(t[0].permute(1, 3, 2, 0), DType.BFLOAT16), map);
        for (int width : SIZES) {
            for (DType from : DTYPES) {
                for (DType to : DTYPES) {
                    Values kind = trial.any(Values.values());
                    Operand x = trial.rowsOperand(kind, from, 3, 2, width);
                    String what = kind + " to " + to;
                    trial.stepwise(what, Bound.EXACT, (b, t) -> b.copy(t[0], to), x);
                    trial.stepwise(what + " permuted", Bound.EXACT, (b, t) -> b.copy(t[0].permute(2, 0, 1), to), x);
                    trial.stepwise(
                            what + " sliced",
                            Bound.EXACT,
                            (b, t) -> b.copy(
                                    t[0].slice(0, 1, 3)
                                            .slice(2, width / 3, width)
                                            .slice(1, 1, 2),
                                    to),
                            x);
                }
            }
        }
    }

    /** Half way, overflow, denormals, infinities: every bfloat16 and float16 value and what lies around it. */
    @Test
    default void copyRoundsToNearestEven() {
        Trial trial = trial("copy");
        for (DType to : DTYPES) {
            float[] values = new float[3 << 16];
            for (int i = 0; i < 1 << 16; i++) {
                float x = to == DType.FLOAT16 ? Float.float16ToFloat((short) i) : DType.bfloat16ToFloat((short) i);
                float next = to == DType.FLOAT16
                        ? Float.float16ToFloat((short) (i + 1))
                        : DType.bfloat16ToFloat((short) (i + 1));
                float middle = x + (next - x) / 2;
                values[3 * i] = x;
                values[3 * i + 1] = middle;
                values[3 * i + 2] = trial.random().nextBoolean() ? Math.nextUp(middle) : Math.nextDown(middle);
            }
            Operand x = new Operand(DType.FLOAT32, values, new int[] {values.length}, Operand.Layout.SHIFTED);
            trial.stepwise("to " + to, Bound.EXACT, (b, t) -> b.copy(t[0], to), x);
        }
    }

    @Test
    default void concat() {
        Trial trial = trial("concat");
        for (int width : SIZES) {
            for (DType dtype : DTYPES) {
                Operand first = trial.operand(Values.MIXED, dtype, 3, width);
                Operand second = trial.operand(Values.MIXED, dtype, 1, width);
                Operand none = trial.operand(Values.MIXED, dtype, 0, width);
                Operand third = trial.operand(Values.MIXED, dtype, 5, width);
                trial.stepwise("", Bound.EXACT, (b, t) -> b.concat(List.of(t)), first, second, none, third);
                trial.stepwise("single", Bound.EXACT, (b, t) -> b.concat(List.of(t)), first);
            }
        }
    }

    @Test
    default void gatherRows() {
        Trial trial = trial("gatherRows");
        int[] ids = {4, 0, 4, 6, 2};
        for (int width : SIZES) {
            for (DType dtype : DTYPES) {
                Operand table = trial.rowsOperand(Values.MIXED, dtype, 7, width);
                Operand cubes = trial.rowsOperand(Values.MIXED, dtype, 7, width, 3);
                for (DType to : new DType[] {dtype, DType.FLOAT32}) {
                    Trial.Call call = (b, t) -> b.gatherRows(t[0], ids, to);
                    trial.stepwise("to " + to, Bound.EXACT, call, table);
                    trial.stepwise("to " + to, Bound.EXACT, call, cubes);
                    trial.stepwise("none", Bound.EXACT, (b, t) -> b.gatherRows(t[0], new int[0], to), table);
                }
            }
        }
    }

    /** What is written to a column slice of something wider leaves the other columns alone. */
    @Test
    default void scatterRows() {
        Trial trial = trial("scatterRows");
        int[] ids = {5, 0, 3};
        for (int width : SIZES) {
            for (DType dtype : DTYPES) {
                Operand wide = trial.operand(Values.MIXED, dtype, 6, width + 5);
                Operand source = trial.rowsOperand(Values.MIXED, dtype, ids.length, width);
                trial.stepwise("", Bound.EXACT, (b, t) -> scattered(b, t[0], ids, t[1], width), wide, source);
            }
        }
    }

    private static Tensor scattered(Backend backend, Tensor wide, int[] ids, Tensor source, int width) {
        Tensor target = backend.copy(wide, wide.dtype());
        backend.scatterRows(target.slice(1, 2, 2 + width), ids, source);
        return target;
    }

    @Test
    default void avgPool2d() {
        Trial trial = trial("avgPool2d");
        for (int channels : SIZES) {
            for (DType dtype : DTYPES) {
                int size = trial.any(1, 2, 3, 4);
                Values kind = trial.any(Values.values());
                Operand x = trial.operand(kind, dtype, 2 * size, 3 * size, channels);
                means(trial, kind + " " + size, size * size, (b, t) -> b.avgPool2d(t[0], size), x);
            }
        }
    }

    @Test
    default void meanRows() {
        Trial trial = trial("meanRows");
        for (int rows : SIZES) {
            for (DType dtype : DTYPES) {
                Values kind = trial.any(Values.values());
                Operand x = trial.operand(kind, dtype, rows, trial.any(1, 5, 8, 33));
                means(trial, kind.name(), rows, (b, t) -> b.meanRows(t[0]), x);
            }
        }
    }

    private static void means(Trial trial, String what, int terms, Trial.Call call, Operand x) {
        float[] magnitude = trial.expect(call, x.widened().magnitudes()).values();
        trial.once(what, (i, e) -> (Bound.sum(terms) + 2 * Bound.EPS) * magnitude[i] + terms * Bound.FLUSHED, call, x);
    }
}
