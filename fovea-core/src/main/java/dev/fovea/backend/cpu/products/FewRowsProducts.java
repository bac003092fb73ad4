package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Rows;
import org.jspecify.annotations.Nullable;

/**
 * Products of few rows of bfloat16 by AMX, bound by how fast the weight comes from memory, whether for one row or for sixteen; with the
 * bits that a row has among many.
 */
final class FewRowsProducts {
    private static final ProductCode.Arithmetic FORM = ProductCode.Arithmetic.FEW_TILES;

    /** Pieces for each thread, where there are outputs enough, so that none waits long for the last. */
    private static final int PIECES = 2;

    private final Workers workers;
    private final Packing packing;
    private final Piece.Kernels one;
    private final Piece.Kernels several;
    private final ThreadLocal<Buffer> packed = ThreadLocal.withInitial(Buffer::new);

    /**
     * @param widening what brings operands near
     * @throws dev.fovea.error.NativeException where the system runs no machine code
     */
    FewRowsProducts(Workers workers, DotCode widening) {
        this.workers = workers;
        several = Piece.Kernels.of(FORM, widening);
        one = several.by(FewRowsCode.ofOne());
        packing = several.packing();
    }

    /** @param x at most sixteen rows */
    void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        int words = packing.words(w.inputs());
        boolean whole = words <= FORM.words && words * FORM.perWord() == w.inputs();
        boolean lies = x.count() == 1 && whole;
        long at = lies ? x.row(0) : pack(x, words);
        int outputs = outputs(w);
        workers.blocks(
                w.outputs(),
                outputs,
                (from, to) ->
                        new Piece(lies ? one : several, from, to - from, at, words, 1).run(w, bias, out, w.outputs()));
    }

    private long pack(Rows x, int words) {
        long to = packed.get().bytes((long) words * FORM.rows * Float.BYTES);
        packing.x(x, 0, 0, words, to);
        return to;
    }

    /** Of a piece. */
    private int outputs(Weight w) {
        long fitting =
                Gemv.PIECE_BYTES / Math.max(1, (long) w.inputs() * w.dtype().bytes());
        long shared = Math.ceilDiv(w.outputs(), PIECES * workers.count());
        return (int) Math.max(1, Math.min(fitting, shared) / FORM.outputs) * FORM.outputs;
    }
}
