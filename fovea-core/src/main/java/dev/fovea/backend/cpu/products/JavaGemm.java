package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.SharedRows;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products of our own, for all mixes of dtypes: rows of the weight meet rows of x four by four. With rows along k on both
 * sides nothing is transposed, and sixteen accumulators share eight loads. Sums run over all of k in one accumulator per
 * output, so an output depends on its two rows only.
 */
public final class JavaGemm implements Gemm {
    /** Weight rows of a piece. */
    private static final int PANEL_ROWS = 16;

    /** Rows of x that pass a piece: with 2048 inputs, float32 takes a quarter of a usual second-level cache. */
    private static final int STRIP_ROWS = 64;

    /** Values of a weight of float32. */
    private static final int SMALL = 1 << 16;

    private final Workers workers;
    private final String reason;
    private final Buffer strips = new Buffer();

    /** @param reason why nothing faster, for people */
    public JavaGemm(Workers workers, String reason) {
        this.workers = workers;
        this.reason = reason;
    }

    /**
     * Whether nothing else should multiply: small weights of float32, for which calls cost others more than they save, and sums by
     * lanes are the more exact. It must not depend on the number of rows, or their bits would.
     */
    public static boolean suits(DType x, Weight w) {
        return x == DType.FLOAT32 && (long) w.inputs() * w.outputs() <= SMALL;
    }

    /** The fewest outputs of a weight of so many inputs that {@link #suits} leaves to others: who cuts one leaves each part as many. */
    public static int leastOfOthers(int inputs) {
        return SMALL / Math.max(1, inputs) + 1;
    }

    @Override
    public String describe() {
        return "Java vectors (" + reason + ")";
    }

    @Override
    public String describe(DType dtype) {
        return describe();
    }

    @Override
    public synchronized void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        for (int t = 0; t < x.count(); t += STRIP_ROWS) {
            int at = t;
            Panel.Strip strip = Panel.Strip.of(x, t, Math.min(x.count(), t + STRIP_ROWS), strips);
            workers.blocks(
                    w.outputs(),
                    PANEL_ROWS,
                    (from, to) -> Panel.multiply(strip, w, from, to - from, bias, out, at, null));
        }
    }

    @Override
    public SharedRows sharedRows(DType dtype) {
        return SharedRows.MANY;
    }

    @Override
    public TileProducts tile(DType dtype, int keys) {
        return new JavaTile();
    }
}
