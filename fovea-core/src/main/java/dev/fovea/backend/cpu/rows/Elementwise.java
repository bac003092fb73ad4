package dev.fovea.backend.cpu.rows;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;

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

    public Elementwise(Workers workers) {
        this.workers = workers;
    }

    /** What happens to a row, or to a chunk of values, in place. */
    public interface Kernel {
        void run(float[] a, int n);
    }

    /** What happens to a row or chunk with another one of the same length. */
    public interface PairKernel {
        void run(float[] a, float[] b, int n);
    }

    /** A kernel that treats each value by itself. */
    public void values(Rows x, Rows out, Kernel kernel) {
        long total = (long) x.count() * x.width();
        int bytes = x.dtype().bytes();
        pieces(total, PIECE, (from, to) -> {
            float[] a = new float[CHUNK];
            for (long at = from; at < to; at += CHUNK) {
                int n = (int) Math.min(CHUNK, to - at);
                Lanes.load(x.dtype(), x.address() + at * bytes, a, 0, n);
                kernel.run(a, n);
                Lanes.store(out.dtype(), a, 0, out.address() + at * out.dtype().bytes(), n);
            }
        });
    }

    /** A kernel for pairs of values at the same place. */
    public void pairs(Rows x, Rows y, Rows out, PairKernel kernel) {
        pairs(x, y, out, PIECE, kernel);
    }

    private void pairs(Rows x, Rows y, Rows out, int piece, PairKernel kernel) {
        long total = (long) x.count() * x.width();
        pieces(total, piece, (from, to) -> {
            float[] a = new float[CHUNK];
            float[] b = new float[CHUNK];
            for (long at = from; at < to; at += CHUNK) {
                int n = (int) Math.min(CHUNK, to - at);
                Lanes.load(x.dtype(), x.address() + at * x.dtype().bytes(), a, 0, n);
                Lanes.load(y.dtype(), y.address() + at * y.dtype().bytes(), b, 0, n);
                kernel.run(a, b, n);
                Lanes.store(out.dtype(), a, 0, out.address() + at * out.dtype().bytes(), n);
            }
        });
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

    /** A kernel for each row of x with the one row y. */
    public void rowsWith(Rows x, Rows y, Rows out, PairKernel kernel) {
        float[] b = new float[Lanes.padded(y.width())];
        y.load(0, b);
        rows(x, out, (a, n) -> kernel.run(a, b, n));
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

    // --------------------------------------------------------------------------------------------- gated, norms

    /** {@code round(f(gate)) up}. */
    public void gated(Rows gate, Rows up, Rows out, Activation f) {
        pairs(gate, up, out, ACTIVATED_PIECE, (a, b, n) -> {
            RowMath.activate(f, a, n);
            Lanes.round(gate.dtype(), a, n);
            RowMath.mul(a, b, n);
        });
    }

    /** Llama's: rounded before the weight. */
    public void rmsNorm(Rows x, Rows weight, Rows out, float eps) {
        rowsWith(x, weight, out, (a, w, n) -> {
            RowMath.scale(a, rootMeanSquareInverse(a, 0, n, eps), n);
            Lanes.round(x.dtype(), a, n);
            RowMath.mul(a, w, n);
        });
    }

    /** Gemma's: times one plus the weight, not rounded before. */
    public void rmsNormPlusOne(Rows x, Rows weight, Rows out, float eps) {
        float[] w = new float[Lanes.padded(weight.width())];
        weight.load(0, w);
        for (int i = 0; i < w.length; i++) {
            w[i] += 1;
        }
        rows(x, out, (a, n) -> {
            RowMath.scale(a, rootMeanSquareInverse(a, 0, n, eps), n);
            RowMath.mul(a, w, n);
        });
    }

    public void layerNorm(Rows x, Rows weight, Rows bias, Rows out, float eps) {
        float[] w = new float[Lanes.padded(weight.width())];
        float[] b = new float[Lanes.padded(bias.width())];
        weight.load(0, w);
        bias.load(0, b);
        rows(x, out, (a, n) -> {
            float mean = RowMath.sum(a, n) / n;
            RowMath.normalise(a, mean, rootMeanSquareInverse(a, mean, n, eps), n);
            RowMath.mul(a, w, n);
            RowMath.add(a, b, n);
        });
    }

    private static float rootMeanSquareInverse(float[] a, float mean, int n, float eps) {
        return (float) (1 / Math.sqrt(RowMath.sumOfSquares(a, mean, n) / n + eps));
    }

    // ------------------------------------------------------------------------------------------------------ rope

    /**
     * The half-split rotation of each head of each row.
     *
     * @param stepwise whether products and sum are rounded one by one
     */
    public void rope(Rows x, Rows cos, Rows sin, Rows out, int heads, boolean stepwise) {
        workers.blocks(x.count(), rowsPerPiece(x.width()), (from, to) -> {
            Rotation rotation = new Rotation(x.dtype(), cos.width(), heads, stepwise);
            for (int t = from; t < to; t++) {
                rotation.angles(cos, sin, t);
                rotation.apply(x, out, t);
            }
        });
    }

    /** Whole rows at once: a head has too few values for a loop of its own to pay. */
    private static final class Rotation {
        private final DType dtype;
        private final int half;
        private final int width;
        private final boolean stepwise;
        private final float[] angle;
        private final float[] cos;
        private final float[] sin;
        private final float[] values;
        private final float[] others;

        Rotation(DType dtype, int half, int heads, boolean stepwise) {
            this.dtype = dtype;
            this.half = half;
            width = 2 * half * heads;
            this.stepwise = stepwise && dtype != DType.FLOAT32;
            angle = new float[Lanes.padded(half)];
            int size = Lanes.padded(width);
            cos = new float[size];
            sin = new float[size];
            values = new float[size];
            others = new float[size];
        }

        /** Those of a row, for each head: cosines of both halves alike, sines of the first half negative. */
        void angles(Rows cosines, Rows sines, int t) {
            cosines.load(t, angle);
            for (int at = 0; at < width; at += half) {
                System.arraycopy(angle, 0, cos, at, half);
            }
            sines.load(t, angle);
            for (int at = half; at < width; at += 2 * half) {
                System.arraycopy(angle, 0, sin, at, half);
            }
            RowMath.scale(angle, -1, half);
            for (int at = 0; at < width; at += 2 * half) {
                System.arraycopy(angle, 0, sin, at, half);
            }
        }

        void apply(Rows x, Rows out, int t) {
            Lanes.load(dtype, x.row(t), values, 0, width);
            for (int at = 0; at < width; at += 2 * half) {
                System.arraycopy(values, at, others, at + half, half);
                System.arraycopy(values, at + half, others, at, half);
            }
            RowMath.mul(values, cos, width);
            RowMath.mul(others, sin, width);
            if (stepwise) {
                Lanes.round(dtype, values, width);
                Lanes.round(dtype, others, width);
            }
            RowMath.add(values, others, width);
            Lanes.store(dtype, values, 0, out.row(t), width);
        }
    }
}
