package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;

/** Norms of each row by itself, by machine code where it runs and rows are whole vectors. */
public final class Norms {
    private static final ThreadLocal<Buffer> SCALARS = ThreadLocal.withInitial(Buffer::new);

    private final Workers workers;
    private final Elementwise elementwise;
    private final boolean code;

    /** @param code whether machine code runs here, and may be used */
    public Norms(Workers workers, Elementwise elementwise, boolean code) {
        this.workers = workers;
        this.elementwise = elementwise;
        this.code = code;
    }

    /** Llama's: rounded before the weight. */
    public void rmsNorm(Rows x, Rows weight, Rows out, float eps) {
        if (byCode(NormCode.Kind.RMS, x, weight, weight, out, eps)) {
            return;
        }
        float[] w = row(weight);
        elementwise.rows(x, out, (a, n) -> {
            RowMath.scale(a, rootMeanSquareInverse(a, 0, n, eps), n);
            Lanes.round(x.dtype(), a, n);
            RowMath.mul(a, w, n);
        });
    }

    /** Gemma's: times one plus the weight, not rounded before. */
    public void rmsNormPlusOne(Rows x, Rows weight, Rows out, float eps) {
        if (byCode(NormCode.Kind.RMS_PLUS_ONE, x, weight, weight, out, eps)) {
            return;
        }
        float[] w = row(weight);
        for (int i = 0; i < w.length; i++) {
            w[i] += 1;
        }
        elementwise.rows(x, out, (a, n) -> {
            RowMath.scale(a, rootMeanSquareInverse(a, 0, n, eps), n);
            RowMath.mul(a, w, n);
        });
    }

    /** Around the mean, with a bias. */
    public void layerNorm(Rows x, Rows weight, Rows bias, Rows out, float eps) {
        if (byCode(NormCode.Kind.LAYER, x, weight, bias, out, eps)) {
            return;
        }
        float[] w = row(weight);
        float[] b = row(bias);
        elementwise.rows(x, out, (a, n) -> {
            float mean = RowMath.sum(a, n) / n;
            RowMath.normalise(a, mean, rootMeanSquareInverse(a, mean, n, eps), n);
            RowMath.mul(a, w, n);
            RowMath.add(a, b, n);
        });
    }

    private static float rootMeanSquareInverse(float[] a, float mean, int n, float eps) {
        return (float) (1 / Math.sqrt(RowMath.sumOfSquares(a, mean, n) / n + eps));
    }

    private static float[] row(Rows one) {
        float[] values = new float[Lanes.padded(one.width())];
        one.load(0, values);
        return values;
    }

    private boolean byCode(NormCode.Kind kind, Rows x, Rows weight, Rows bias, Rows out, float eps) {
        int width = x.width();
        if (!code || width == 0 || width % Lanes.COUNT != 0) {
            return false;
        }
        long scalars = SCALARS.get().floats(2);
        MEMORY.set(FLOAT, scalars, width);
        MEMORY.set(FLOAT, scalars + Float.BYTES, eps);
        NormCode.Operands operands = new NormCode.Operands(weight, bias, scalars);
        workers.blocks(
                x.count(),
                Elementwise.rowsPerPiece(width),
                (from, to) -> NormCode.run(kind, x.dtype(), x.row(from), out.row(from), to - from, width, operands));
        return true;
    }
}
