package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.machine.Warmup.Scratch.N;
import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.machine.Warmup;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Rows of scores in memory, float32, an even number of vectors long; all but {@link #splitWeights} by machine code where it runs. */
public final class RowSoftmax {
    private static final float[] HIDDEN = new float[256];

    static {
        Arrays.fill(HIDDEN, Float.NEGATIVE_INFINITY);
    }

    private static final RowSoftmax JAVA = new RowSoftmax(false);

    private static final Warmup LARGEST = new Warmup(s -> JAVA.largest(s.memory(), N));
    private static final Warmup WEIGHTS = new Warmup(s -> JAVA.weights(s.memory(), N, 0, 0));
    private static final Warmup SPLIT = new Warmup(s -> JAVA.splitWeights(s.memory(), s.part(8), N, 0, 0));
    private static final Warmup ACCUMULATE = new Warmup(s -> JAVA.accumulate(s.memory(), s.part(8), N, 1));

    private final boolean code;

    /** @param code whether machine code runs here, and may be used */
    public RowSoftmax(boolean code) {
        this.code = code;
    }

    /** Scores outside of from..to become minus infinity, whose weight is zero. */
    public static void hide(long row, int count, int from, int to) {
        fill(row, 0, from);
        fill(row, Math.max(from, to), count);
    }

    private static void fill(long row, int from, int to) {
        for (int i = from; i < to; i += HIDDEN.length) {
            MemorySegment.copy(HIDDEN, 0, MEMORY, FLOAT, row + 4L * i, Math.min(HIDDEN.length, to - i));
        }
    }

    /** The largest score; where one is NaN it may be NaN, or not, and the softmax is NaN all the same. */
    public float largest(long row, int count) {
        if (code) {
            return SoftmaxCode.largest(row, count);
        }
        return LARGEST.plain(count) ? PlainSoftmax.largest(row, count) : VectorSoftmax.largest(row, count);
    }

    /** Scores become {@code exp(scale score - base)}; returns their sum. */
    public float weights(long row, int count, float scale, float base) {
        if (code) {
            return SoftmaxCode.weights(row, count, scale, base);
        }
        return WEIGHTS.plain(count)
                ? PlainSoftmax.weights(row, count, scale, base)
                : VectorSoftmax.weights(row, count, scale, base);
    }

    /**
     * As {@link #weights}, written as two bfloat16 that make up the weight to 17 bits: all first parts, then all second ones.
     * PyTorch's flash kernels keep the first only; the contract asks for more.
     */
    public float splitWeights(long row, long result, int count, float scale, float base) {
        return SPLIT.plain(count)
                ? PlainSoftmax.splitWeights(row, result, count, scale, base)
                : VectorSoftmax.splitWeights(row, result, count, scale, base);
    }

    /** {@code sums = sums shrink + partial}. */
    public void accumulate(long sums, long partial, int count, float shrink) {
        if (code) {
            SoftmaxCode.accumulate(sums, partial, count, shrink);
        } else if (ACCUMULATE.plain(count)) {
            PlainSoftmax.accumulate(sums, partial, count, shrink);
        } else {
            VectorSoftmax.accumulate(sums, partial, count, shrink);
        }
    }
}
