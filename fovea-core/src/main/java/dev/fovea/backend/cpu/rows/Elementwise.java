package dev.fovea.backend.cpu.rows;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.tensor.Activation;

/**
 * Operations on each value or each row by itself: a piece of the operand goes to float32 scratch, which stays in the nearest
 * cache, is worked on there, and is rounded once on its way back.
 */
public final class Elementwise {
    /** Values that a thread takes at once; fewer are not worth waking one. */
    private static final int PIECE = 1 << 15;

    /** The same of activations, which take ten times as long. */
    private static final int ACTIVATED_PIECE = 1 << 12;

    /** Values in scratch at once: 8 KiB. */
    private static final int CHUNK = 2048;

    private final Workers workers;
    private final boolean code;

    /** @param code whether machine code runs here, and may be used */
    public Elementwise(Workers workers, boolean code) {
        this.workers = workers;
        this.code = code;
    }

    /** What happens to a row, or to a chunk of values, in place. */
    public interface Kernel {
        void run(float[] a, int n);
    }

    /** What happens to a row or chunk with another one of the same length. */
    private interface PairKernel {
        void run(float[] a, float[] b, int n);
    }

    /** A kernel that treats each value by itself. */
    public void values(Rows x, Rows out, Kernel kernel) {
        pieces(size(x), PIECE, (from, to) -> values(x, out, kernel, from, to));
    }

    private static void values(Rows x, Rows out, Kernel kernel, long from, long to) {
        float[] a = scratch(to - from);
        for (long at = from; at < to; at += CHUNK) {
            int n = (int) Math.min(CHUNK, to - at);
            Lanes.load(x.dtype(), value(x, at), a, 0, n);
            kernel.run(a, n);
            Lanes.store(out.dtype(), a, 0, value(out, at), n);
        }
    }

    private static void pairs(Rows x, Rows y, Rows out, PairKernel kernel, long from, long to) {
        float[] a = scratch(to - from);
        float[] b = scratch(to - from);
        for (long at = from; at < to; at += CHUNK) {
            int n = (int) Math.min(CHUNK, to - at);
            Lanes.load(x.dtype(), value(x, at), a, 0, n);
            Lanes.load(y.dtype(), value(y, at), b, 0, n);
            kernel.run(a, b, n);
            Lanes.store(out.dtype(), a, 0, value(out, at), n);
        }
    }

    /** For a chunk of so many values; of none where machine code left none. */
    private static float[] scratch(long count) {
        return new float[Lanes.padded((int) Math.min(CHUNK, count))];
    }

    private static long size(Rows x) {
        return (long) x.count() * x.width();
    }

    /** Where a value of densely packed rows is. */
    private static long value(Rows x, long at) {
        return x.address() + at * x.dtype().bytes();
    }

    /** A kernel for whole rows. */
    public void rows(Rows x, Rows out, Kernel kernel) {
        int width = x.width();
        workers.blocks(x.count(), rowsPerPiece(width), (from, to) -> {
            float[] a = new float[Lanes.padded(width)];
            for (int i = from; i < to; i++) {
                x.load(i, a);
                kernel.run(a, width);
                out.store(a, i);
            }
        });
    }

    /** {@code x + y} for each row of x and the one row y. */
    public void addRow(Rows x, Rows y, Rows out) {
        float[] b = new float[Lanes.padded(y.width())];
        y.load(0, b);
        rows(x, out, (a, n) -> RowMath.add(a, b, n));
    }

    public static int rowsPerPiece(int width) {
        return Math.max(1, PIECE / Math.max(1, width));
    }

    private void pieces(long total, int size, LongBlock block) {
        int count = Math.toIntExact(Math.ceilDiv(total, size));
        workers.run(count, i -> block.run((long) i * size, Math.min(total, (i + 1L) * size)));
    }

    private interface LongBlock {
        void run(long from, long to);
    }

    // ------------------------------------------------------------------------------- by machine code where it runs

    /** {@code f(x)}. */
    public void activation(Rows x, Rows out, Activation f) {
        Kernel twin = (a, n) -> RowMath.activate(f, a, n);
        pieces(size(x), ACTIVATED_PIECE, (from, to) -> {
            long rest = byCode(new ValuesCode.Activate(f), x, x, out, from, to);
            values(x, out, twin, rest, to);
        });
    }

    /** Values of another dtype. */
    public void cast(Rows x, Rows out) {
        pieces(size(x), PIECE, (from, to) -> {
            long rest = byCode(new ValuesCode.Cast(), x, x, out, from, to);
            values(x, out, (a, n) -> {}, rest, to);
        });
    }

    /** {@code x + y}, of one shape. */
    public void add(Rows x, Rows y, Rows out) {
        pieces(size(x), PIECE, (from, to) -> {
            long rest = byCode(new ValuesCode.Add(), x, y, out, from, to);
            pairs(x, y, out, RowMath::add, rest, to);
        });
    }

    /** {@code round(f(gate)) up}. */
    public void gated(Rows gate, Rows up, Rows out, Activation f) {
        pieces(size(gate), ACTIVATED_PIECE, (from, to) -> gatedRun(gate, up, out, f, from, to));
    }

    /** Some columns of all rows, on the current thread. */
    public void gated(Rows gate, Rows up, Rows out, Activation f, int from, int to) {
        for (int row = 0; row < gate.count(); row++) {
            long first = (long) row * gate.width();
            gatedRun(gate, up, out, f, first + from, first + to);
        }
    }

    private void gatedRun(Rows gate, Rows up, Rows out, Activation f, long from, long to) {
        long rest = byCode(new ValuesCode.Gate(f), gate, up, out, from, to);
        if (rest < to) {
            PairKernel twin = (a, b, n) -> {
                RowMath.activate(f, a, n);
                Lanes.round(gate.dtype(), a, n);
                RowMath.mul(a, b, n);
            };
            pairs(gate, up, out, twin, rest, to);
        }
    }

    /** Where the values begin that are no whole vector, or all are left to the twin in Java. */
    private long byCode(ValuesCode.Work work, Rows x, Rows y, Rows out, long from, long to) {
        long count = (to - from) / Lanes.COUNT * Lanes.COUNT;
        if (!code || count == 0) {
            return from;
        }
        ValuesCode.run(
                work, ValuesCode.Run.of(x, from), ValuesCode.Run.of(y, from), ValuesCode.Run.of(out, from), count);
        return from + count;
    }
}
