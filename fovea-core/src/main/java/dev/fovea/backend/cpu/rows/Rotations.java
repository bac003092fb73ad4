package dev.fovea.backend.cpu.rows;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.tensor.DType;

/** Rotary position embedding, by machine code where it runs and half a head fills a vector. */
public final class Rotations {
    private final Workers workers;
    private final boolean code;

    /** @param code whether machine code runs here, and may be used */
    public Rotations(Workers workers, boolean code) {
        this.workers = workers;
        this.code = code;
    }

    /**
     * The half-split rotation of each head of each row.
     *
     * @param stepwise whether products and sum are rounded one by one
     */
    public void rope(Rows x, Rows cos, Rows sin, Rows out, int heads, boolean stepwise) {
        workers.blocks(x.count(), Elementwise.rowsPerPiece(x.width()), (from, to) -> {
            if (code && heads > 0 && RotationCode.suits(cos.width())) {
                RotationCode.run(x, cos, sin, out, from, to - from, heads, stepwise);
                return;
            }
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
