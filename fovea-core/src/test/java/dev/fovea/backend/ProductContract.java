package dev.fovea.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.Trial.Call;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Backend.Projection;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@link Backend#linear}, {@link Backend#conv2d} and {@link Backend#attention}. */
interface ProductContract extends Subject {

    @Test
    default void linear() {
        Trial trial = trial("linear");
        for (int width : SIZES) {
            for (Mix mix : Mix.values()) {
                for (Values kind : new Values[] {Values.NORMAL, trial.any(Values.values())}) {
                    int rows = trial.any(1, 2, 3, 7, Backend.FEW_ROWS, Backend.FEW_ROWS + 1, 37);
                    int outputs = Math.min(trial.any(SIZES), 40_000 / width);
                    Operand x = trial.rowsOperand(kind, mix.x, rows, width);
                    Operand w = matrix(trial, kind, mix.weight, outputs, width);
                    Operand bias = trial.operand(kind, mix.weight, outputs);
                    sums(trial, kind.name(), width, (b, t) -> b.linear(t[0], t[1], null), x, w);
                    sums(trial, kind + " with bias", width, (b, t) -> b.linear(t[0], t[1], t[2]), x, w, bias);
                }
            }
        }
        for (Mix mix : Mix.values()) {
            Operand x = trial.operand(Values.NORMAL, mix.x, 0, 5);
            trial.once(
                    "no rows",
                    Bound.EXACT,
                    (b, t) -> b.linear(t[0], t[1], null),
                    x,
                    trial.operand(Values.NORMAL, mix.weight, 3, 5));
        }
    }

    @Test
    default void linearKeepsFewRowsApart() {
        Trial trial = trial("linear");
        for (int rows : new int[] {2, 3, 4, 5, 8, 15, Backend.FEW_ROWS}) {
            for (Mix mix : Mix.values()) {
                int width = trial.any(SIZES);
                int outputs = Math.min(trial.any(SIZES), 40_000 / width);
                Operand x = trial.rowsOperand(Values.NORMAL, mix.x, rows, width);
                Operand w = matrix(trial, Values.NORMAL, mix.weight, outputs, width);
                Operand bias = trial.operand(Values.NORMAL, mix.weight, outputs);
                trial.rowsAlone("", 1, (b, t) -> b.linear(t[0], t[1], t[2]), x, w, bias);
            }
        }
    }

    /** Of the same rows with several weights, of which the third lies elsewhere where there are two homes. */
    @Test
    default void linearOfSeveralWeights() {
        Trial trial = trial("linear");
        for (Mix mix : Mix.values()) {
            int rows = trial.any(1, 5, Backend.FEW_ROWS + 1);
            int width = trial.any(SIZES);
            Operand[] operands = {
                trial.rowsOperand(Values.NORMAL, mix.x, rows, width),
                matrix(trial, Values.NORMAL, mix.weight, 33, width),
                trial.operand(Values.NORMAL, mix.weight, 33),
                matrix(trial, Values.NORMAL, mix.weight, 16, width),
                matrix(trial, Values.NORMAL, mix.weight, 5, width)
            };
            for (int count : new int[] {2, 3}) {
                for (int i = 0; i < count; i++) {
                    int one = i;
                    assertThat(trial.actual(
                                            (b, t) -> b.linear(t[0], projections(t, count))
                                                    .get(one),
                                            operands)
                                    .values())
                            .as("%s: weight %d of %d", trial.name(), one, count)
                            .isEqualTo(trial.actual(
                                            (b, t) -> {
                                                Projection p =
                                                        projections(t, count).get(one);
                                                return b.linear(t[0], p.weight(), p.bias());
                                            },
                                            operands)
                                    .values());
                }
            }
        }
    }

    /** What the two products and their gate give one by one; outputs fill no vector, a piece of the weights, and several. */
    @Test
    default void gatedLinear() {
        Trial trial = trial("gatedLinear");
        for (Mix mix : Mix.values()) {
            for (int outputs : new int[] {5, trial.any(SIZES), 700}) {
                int rows = trial.any(1, 3, Backend.FEW_ROWS, Backend.FEW_ROWS + 1);
                int width = trial.any(SIZES);
                Activation f = trial.any(Activation.values());
                Operand[] operands = {
                    trial.rowsOperand(Values.NORMAL, mix.x, rows, width),
                    matrix(trial, Values.NORMAL, mix.weight, outputs, width),
                    trial.operand(Values.NORMAL, mix.weight, outputs),
                    matrix(trial, Values.NORMAL, mix.weight, outputs, width)
                };
                assertThat(trial.actual(
                                        (b, t) -> b.gatedLinear(
                                                t[0], new Projection(t[1], t[2]), new Projection(t[3], null), f),
                                        operands)
                                .values())
                        .as("%s: %d rows of %d to %d, %s", trial.name(), rows, width, outputs, f)
                        .isEqualTo(trial.actual(
                                        (b, t) -> b.gated(b.linear(t[0], t[1], t[2]), b.linear(t[0], t[3], null), f),
                                        operands)
                                .values());
            }
        }
    }

    private static List<Projection> projections(Tensor[] t, int count) {
        return List.of(new Projection(t[1], t[2]), new Projection(t[3], null), new Projection(t[4], null))
                .subList(0, count);
    }

    /** Short prompts run together with the bits that each has alone, and long ones in parts with those of the whole. */
    @Test
    default void linearKeepsSharedRowsApart() {
        Trial trial = trial("linear");
        for (Mix mix : Mix.values()) {
            SharedRows shared = trial.sharedRows(mix.x);
            int most = Math.min(shared.most(), 600);
            for (int width : new int[] {trial.any(SIZES), trial.any(SIZES), 1280, 11_008}) {
                int rows = most - trial.random().nextInt(most / 8 + 1);
                int outputs = Math.min(trial.any(SIZES), 40_000 / width);
                Operand x = trial.rowsOperand(Values.NORMAL, mix.x, rows, width);
                Operand w = matrix(trial, Values.NORMAL, mix.weight, outputs, width);
                Operand bias = trial.operand(Values.NORMAL, mix.weight, outputs);
                int cut = shared.least();
                trial.rowsInParts(
                        shared.most() < shared.least()
                                ? new int[] {}
                                : new int[] {cut, cut + trial.random().nextInt(20) + cut, rows},
                        (b, t) -> b.linear(t[0], t[1], t[2]),
                        x,
                        w,
                        bias);
            }
        }
    }

    private static Operand matrix(Trial trial, Values kind, DType dtype, int rows, int columns) {
        Operand dense = trial.operand(kind, dtype, rows, columns);
        return trial.random().nextInt(4) == 0 ? dense.with(Operand.Layout.TRANSPOSED) : dense;
    }

    /** Operation whose elements are sums of so many products, perhaps with a bias. */
    private static void sums(Trial trial, String what, int terms, Call call, Operand... operands) {
        Operand[] magnitudes =
                Stream.of(operands).map(o -> o.widened().magnitudes()).toArray(Operand[]::new);
        float[] magnitude = trial.expect(call, magnitudes).values();
        double largest = Stream.of(operands).mapToDouble(Operand::largest).max().orElse(0);
        double denormals = (terms + 1) * (1 + largest) * Bound.FLUSHED; // may count as zero
        trial.once(what, (i, e) -> Bound.sum(terms + 1) * magnitude[i] + denormals, call, operands);
    }

    // ------------------------------------------------------------------------------------------------- convolution

    /** Sizes of a convolution. */
    record Conv(
            int height, int width, int channels, int outputs, int ky, int kx, int stride, int padding, int groups) {}

    @Test
    default void conv2d() {
        Trial trial = trial("conv2d");
        Conv[] convs = {
            new Conv(1, 1, 1, 1, 1, 1, 1, 0, 1),
            new Conv(5, 7, 8, 9, 1, 1, 1, 0, 1),
            new Conv(28, 42, 3, 33, 14, 14, 14, 0, 1), // patches
            new Conv(19, 23, 3, 17, 7, 7, 4, 3, 1), // overlapping patches
            new Conv(9, 12, 16, 24, 3, 3, 2, 1, 1), // downsampling
            new Conv(8, 6, 5, 7, 2, 2, 2, 0, 1),
            new Conv(6, 5, 4, 6, 3, 2, 1, 2, 1),
            new Conv(4, 9, 6, 4, 3, 3, 1, 1, 2),
            new Conv(7, 5, 1, 1, 3, 3, 1, 1, 1), // depthwise from here on
            new Conv(1, 1, 16, 16, 3, 3, 1, 1, 16),
            new Conv(7, 5, 33, 33, 3, 3, 1, 1, 33),
            new Conv(10, 11, 17, 17, 5, 5, 2, 2, 17),
            new Conv(6, 6, 4, 8, 3, 3, 1, 1, 4)
        };
        for (Conv c : convs) {
            for (Mix mix : Mix.values()) {
                Values kind = trial.any(Values.values());
                int inputs = c.channels / c.groups;
                Operand x = trial.operand(kind, mix.x, c.height, c.width, c.channels);
                Operand w = trial.operand(kind, mix.weight, c.outputs, inputs, c.ky, c.kx);
                Operand bias = trial.operand(kind, mix.weight, c.outputs);
                String what = kind + " " + c;
                int terms = inputs * c.ky * c.kx;
                sums(trial, what, terms, (b, t) -> b.conv2d(t[0], t[1], null, c.stride, c.padding, c.groups), x, w);
                sums(
                        trial,
                        what,
                        terms,
                        (b, t) -> b.conv2d(t[0], t[1], t[2], c.stride, c.padding, c.groups),
                        x,
                        w,
                        bias);
            }
        }
    }

    // --------------------------------------------------------------------------------------------------- attention

    /** The kinds of masks that models use. */
    enum Masks {
        FULL,
        CAUSAL,
        SLIDING,
        SEGMENTS,
        TABLE;

        Mask of(Trial trial, int queries, int keys) {
            int[] all = IntStream.range(0, queries).toArray();
            return switch (this) {
                case FULL -> Mask.full(queries, keys);
                case CAUSAL ->
                    queries == keys
                            ? Mask.causal(queries)
                            : interval(new int[queries], each(all, i -> keys - queries + i + 1));
                case SLIDING ->
                    interval(
                            each(all, i -> Math.max(0, keys - queries + i + 1 - 5)),
                            each(all, i -> keys - queries + i + 1));
                case SEGMENTS ->
                    queries == keys
                            ? Mask.segments(new int[] {0, queries / 3, queries / 2, queries})
                            : interval(each(all, i -> i % keys), each(all, i -> keys));
                case TABLE -> beams(trial, queries, keys);
            };
        }

        private static Mask interval(int[] from, int[] to) {
            return new Mask(new int[0], from, to, new int[0][]);
        }

        private static int[] each(int[] of, IntUnaryOperator f) {
            return Arrays.stream(of).map(f).toArray();
        }

        /** Three sequences that share rows in no order, as beams do after some steps. */
        private static Mask beams(Trial trial, int queries, int keys) {
            int[][] rows = new int[3][keys];
            for (int[] sequence : rows) {
                Arrays.setAll(sequence, p -> trial.random().nextInt(keys));
            }
            int[] from = new int[queries];
            int[] to = new int[queries];
            int[] sequence = new int[queries];
            for (int i = 0; i < queries; i++) {
                sequence[i] = trial.random().nextInt(3);
                from[i] = trial.random().nextInt(keys);
                to[i] = trial.random().nextInt(from[i], keys) + 1;
            }
            return new Mask(sequence, from, to, rows);
        }
    }

    @Test
    default void attention() {
        Trial trial = trial("attention");
        int[] widths = {1, 3, 8, 12, 24, 64, 72, 80, 88, 128, 256};
        int[][] heads = {{1, 1}, {3, 3}, {4, 2}, {6, 1}, {8, 4}};
        for (int width : widths) {
            for (Masks masks : Masks.values()) {
                for (DType dtype : DTYPES) {
                    int queries = trial.any(1, 2, 5, 16, 33);
                    int keys = queries + trial.any(0, 0, 1, 7, 30);
                    int[] h = trial.any(heads);
                    attend(trial, masks, dtype, queries, keys, h[0], h[1], width);
                }
            }
        }
    }

    @Test
    default void attentionOverManyKeys() {
        Trial trial = trial("attention");
        for (DType dtype : DTYPES) {
            attend(trial, Masks.CAUSAL, dtype, 1, 2053, 2, 1, 64);
            attend(trial, Masks.SLIDING, dtype, 3, 1031, 4, 2, 16);
            attend(trial, Masks.CAUSAL, dtype, 2, 4259, 2, 1, 8);
            attend(trial, Masks.CAUSAL, dtype, 149, 149, 2, 2, 8);
            attend(trial, Masks.FULL, dtype, 257, 257, 1, 1, 72);
            attend(trial, Masks.SEGMENTS, dtype, 131, 131, 2, 2, 80);
            attend(trial, Masks.TABLE, dtype, 5, 701, 4, 2, 32);
        }
    }

    /** As towers have it: queries that see the same keys, some dozens or hundreds of them. */
    @Test
    default void attentionInsideIntervals() {
        Trial trial = trial("attention");
        for (int width : new int[] {2, 18, 64, 72, 80, 88, 128, 160, 256}) {
            for (DType dtype : DTYPES) {
                int keys = trial.any(48, 49, 64, 127, 128, 129, 161, 300);
                attend(trial, Masks.FULL, dtype, trial.any(8, 31, 32, 33, 70), keys, 4, 2, width);
                attend(trial, Masks.SEGMENTS, dtype, 200, 200, 2, 2, width);
            }
        }
        growing(trial, 40, 300, 64);
        growing(trial, 33, 289, 80);
    }

    /** Keys that grow with their position, so that the greatest score moves while there are sums of values already. */
    private static void growing(Trial trial, int queries, int keys, int width) {
        Operand q = trial.rowsOperand(Values.NORMAL, DType.BFLOAT16, queries, 2, width);
        Operand k = trial.rowsOperand(Values.NORMAL, DType.BFLOAT16, keys, 2, width);
        float[] grown = k.values().clone();
        for (int i = 0; i < grown.length; i++) {
            int position = i / (2 * width);
            grown[i] *= 1 + position / 40f;
        }
        Operand v = trial.rowsOperand(Values.NORMAL, DType.BFLOAT16, keys, 2, width);
        attend(trial, "growing", Mask.full(queries, keys), 1 / (float) Math.sqrt(width), q, k.with(grown), v);
    }

    /** As wide as a map has places. */
    @Test
    default void attentionOfWideHeads() {
        Trial trial = trial("attention");
        for (DType dtype : DTYPES) {
            attend(trial, Masks.FULL, dtype, 32, 32, 2, 2, 520);
            attend(trial, Masks.FULL, dtype, 9, 5, 4, 2, 264);
            attend(trial, Masks.CAUSAL, dtype, 20, 20, 1, 1, 300);
        }
    }

    /** Whatever its bits, what is no number makes none of a query's row; of a key, those of all queries that see it. */
    @Test
    default void attentionOfAnyNan() {
        float[] nans = Values.nans();
        Trial trial = trial("attention");
        for (DType dtype : DTYPES) {
            for (int queries : new int[] {nans.length, 7 * nans.length}) {
                int width = trial.any(12, 64, 72);
                Operand q = trial.rowsOperand(Values.NORMAL, dtype, queries, 1, width);
                Operand k = trial.rowsOperand(Values.NORMAL, dtype, 100, 1, width);
                Operand v = trial.rowsOperand(Values.NORMAL, dtype, 100, 1, width);
                for (int i = 1; i < queries; i += 2) {
                    q.values()[i * width + i % width] = nans[i % nans.length];
                }
                attend(trial, "no numbers", Mask.full(queries, 100), 0.1f, q, k, v);
                k.values()[50 * width + 3] = nans[trial.random().nextInt(nans.length)];
                Mask first = Mask.segments(new int[] {0, 30, 100});
                Operand all = trial.rowsOperand(Values.NORMAL, dtype, 100, 1, width);
                attend(trial, "no numbers", first, 0.1f, all, k, v);
            }
        }
    }

    /** A prompt that is cut anywhere, and attends through the table of its sequence. */
    @Test
    default void attentionKeepsCutsApart() {
        Trial trial = trial("attention");
        for (DType dtype : DTYPES) {
            for (int width : new int[] {8, 64, 80, 128, 264}) {
                boolean apart = trial.sharedRows(dtype).isUnbounded();
                int queries = 200 + trial.random().nextInt(400);
                int groups = trial.any(1, 2);
                int heads = groups * trial.any(1, 3, 4);
                int window = trial.any(0, 0, 40, 300);
                Operand q = trial.rowsOperand(Values.NORMAL, dtype, queries, heads, width);
                Operand k = trial.rowsOperand(Values.NORMAL, dtype, queries, groups, width);
                Operand v = trial.rowsOperand(Values.NORMAL, dtype, queries, groups, width);
                int least = Backend.FEW_ROWS + 1;
                int first = least + trial.random().nextInt(queries - 3 * least);
                int second = first + least + trial.random().nextInt(queries - first - 2 * least);
                int[] done = {0};
                trial.rowsInParts(
                        apart ? new int[] {first, second, queries} : new int[] {},
                        (b, t) -> {
                            int count = t[0].dim(0);
                            int from = done[0];
                            done[0] = (from + count) % queries;
                            return b.attention(t[0], t[1], t[2], prompt(from, count, window), 0.3f);
                        },
                        q,
                        k,
                        v);
            }
        }
    }

    /** Of rows of a prompt; those that the first of them does not see any more have left the table. */
    private static Mask prompt(int first, int count, int window) {
        int[] table = IntStream.range(0, first + count)
                .map(p -> window > 0 && p <= first - window ? -1 : p)
                .toArray();
        int[] to = IntStream.rangeClosed(first + 1, first + count).toArray();
        int[] from = Arrays.stream(to)
                .map(end -> window == 0 ? 0 : Math.max(0, end - window))
                .toArray();
        return new Mask(new int[count], from, to, new int[][] {table});
    }

    private static void attend(
            Trial trial, Masks masks, DType dtype, int queries, int keys, int heads, int groups, int width) {
        float scale = trial.any(1, 3) / (float) Math.sqrt(width); // the second makes softmax nearly one-hot
        Mask mask = masks.of(trial, queries, keys);
        Operand q = trial.rowsOperand(Values.NORMAL, dtype, queries, heads, width);
        Operand k = trial.rowsOperand(trial.any(Values.NORMAL, Values.ZEROS), dtype, keys, groups, width);
        Operand v = trial.rowsOperand(trial.any(Values.values()), dtype, keys, groups, width);
        attend(trial, masks.toString(), mask, scale, q, k, v);
    }

    private static void attend(Trial trial, String masks, Mask mask, float scale, Operand q, Operand k, Operand v) {
        int keys = k.dims()[0];
        int width = k.dims()[2];
        Call call = (b, t) -> b.attention(t[0], t[1], t[2], mask, scale);
        float[] magnitude = trial.expect(
                        call, q.widened(), k.widened(), v.widened().magnitudes())
                .values();
        // An error of a score is a relative error of exp(score); the scores' magnitudes are at most width max|q|
        // max|k|.
        double score = scale * width * q.largest() * k.largest();
        double relative = 2 * Bound.sum(width) * score + 2 * Bound.sum(keys) + 2 * Bound.sum(4);
        String what = masks + " " + q.dims()[0] + " of " + keys + " scale " + scale;
        trial.once(what, (i, e) -> relative * magnitude[i] + 2 * keys * Bound.FLUSHED, call, q, k, v);
    }
}
