package dev.fovea.backend.cpu.lossless;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.SHORT;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.Weight;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import org.jspecify.annotations.Nullable;

/**
 * Products with a weight in 12 bits, which is widened to bfloat16 and multiplied as a dense weight is, so with its bits: for few rows in
 * panels, since an output's bits depend on no other output there; else as a whole.
 */
public final class LosslessProducts {
    /** Outputs of a widened panel for each thread. */
    private static final int PANEL_OUTPUTS = 256;

    private final Workers workers;
    private final Dense dense;
    private final ThreadLocal<Buffer> panels = ThreadLocal.withInitial(Buffer::new);

    /** What multiplies rows with a dense weight. */
    public interface Dense {
        void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out);
    }

    public LosslessProducts(Workers workers, Dense dense) {
        this.workers = workers;
        this.dense = dense;
    }

    /**
     * @param x (T, K)
     * @param bias one row (N), or null
     * @param out (T, N), x's dtype
     */
    public void multiply(Rows x, LosslessMatrix w, @Nullable Rows bias, Rows out) {
        long rowBytes = (long) w.columns() * Short.BYTES;
        int most = x.count() > Backend.FEW_ROWS ? w.rows() : Math.min(w.rows(), PANEL_OUTPUTS * workers.count());
        long panel = panels.get().bytes(Math.max(1, rowBytes * most));
        for (int from = 0; from < w.rows(); from += most) {
            int first = from;
            int count = Math.min(most, w.rows() - from);
            workers.run(count, n -> widen(w, first + n, panel + n * rowBytes));
            dense.multiply(
                    x,
                    new Weight(DType.BFLOAT16, panel, count, w.columns(), false),
                    bias == null ? null : part(bias, first, count),
                    part(out, first, count));
        }
    }

    private static void widen(LosslessMatrix w, int n, long to) {
        short[] row = new short[w.columns()];
        w.row(n, row);
        for (int k = 0; k < row.length; k++) {
            MEMORY.set(SHORT, to + 2L * k, row[k]);
        }
    }

    private static Rows part(Rows rows, int first, int count) {
        return new Rows(
                rows.dtype(), rows.address() + (long) first * rows.dtype().bytes(), rows.count(), count, rows.stride());
    }
}
