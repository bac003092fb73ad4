package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.onednn.MatMul;
import dev.fovea.backend.cpu.onednn.MatMuls;
import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Products of many rows of bfloat16 with a quantised weight, where the processor multiplies bfloat16. A thread widens the codes of
 * some outputs into the order in which oneDNN's kernel reads them, once for all rows of x, in memory that stays in its second-level
 * cache: so nothing is packed a second time. Calls take turns.
 */
final class PairedProducts implements AutoCloseable {
    /** Rows of x at most that a primitive takes. */
    private static final int ROWS = 512;

    private static final int OUTPUTS = 256;

    /** Bytes of widened weights at most, unless {@link PairsCode#PANEL} outputs have more. */
    private static final int PANEL_BYTES = 1 << 20;

    private final Workers workers;
    private final PairsCode code;
    private final MatMuls primitives = new MatMuls();
    private final ThreadLocal<Buffer> panels = ThreadLocal.withInitial(Buffer::new);

    private PairedProducts(Workers workers, PairsCode code) {
        this.workers = workers;
        this.code = code;
        var _ = OneDnn.instructions(); // a limit comes too late behind the first primitive
    }

    /** Where the processor has the instructions, and the library is there; else null. */
    static @Nullable PairedProducts create(Workers workers, Gemm gemm) {
        PairsCode code = gemm.has(Isa.AVX512_BF16) && OneDnn.LIBRARY.isPresent() ? PairsCode.here() : null;
        return code == null ? null : new PairedProducts(workers, code);
    }

    /** Whether it multiplies these. */
    static boolean takes(Rows x, Codes w, @Nullable Rows bias) {
        return x.dtype() == DType.BFLOAT16
                && w.inputs() % BLOCK == 0
                && PairsCode.reads(w)
                && (bias == null || bias.dtype() == DType.BFLOAT16);
    }

    synchronized void multiply(Rows x, Codes w, @Nullable Rows bias, Rows out) {
        int parts = Math.ceilDiv(x.count(), ROWS);
        int rows = Math.ceilDiv(x.count(), parts);
        int lastRows = x.count() - (parts - 1) * rows;
        int outputs = outputs(w);
        int blocks = Math.ceilDiv(w.outputs(), outputs);
        int lastOutputs = w.outputs() - (blocks - 1) * outputs;
        MatMul inner = primitives.of(form(x, w, bias, out, rows, outputs));
        MatMul right = primitives.of(form(x, w, bias, out, rows, lastOutputs));
        MatMul bottom = primitives.of(form(x, w, bias, out, lastRows, outputs));
        MatMul corner = primitives.of(form(x, w, bias, out, lastRows, lastOutputs));
        workers.run(blocks, block -> {
            int first = block * outputs;
            boolean atRight = block == blocks - 1;
            long panel = widened(w, first, Math.min(outputs, w.outputs() - first));
            for (int part = 0; part < parts; part++) {
                boolean atBottom = part == parts - 1;
                MatMul matMul = atBottom ? atRight ? corner : bottom : atRight ? right : inner;
                matMul.execute(
                        x.row(part * rows),
                        panel,
                        bias == null ? 0 : bias.address() + (long) first * Short.BYTES,
                        out.row(part * rows) + (long) first * Short.BYTES);
            }
        });
        primitives.evict();
    }

    /** Of a block: as many as stay in the cache, whole panels, and no more than leave each thread some. */
    private int outputs(Codes w) {
        int fitting = PANEL_BYTES / (w.inputs() * Short.BYTES);
        int shared = Math.ceilDiv(w.outputs(), workers.count());
        int outputs = Math.min(OUTPUTS, Math.min(fitting, shared)) / PairsCode.PANEL * PairsCode.PANEL;
        return Math.min(w.outputs(), Math.max(PairsCode.PANEL, outputs));
    }

    private static MatMul.Form form(Rows x, Codes w, @Nullable Rows bias, Rows out, int rows, int outputs) {
        return new MatMul.Form(
                DType.BFLOAT16,
                DType.BFLOAT16,
                bias != null,
                rows,
                outputs,
                w.inputs(),
                x.stride() / Short.BYTES,
                MatMul.PAIRS,
                MatMul.PAIRS,
                out.stride() / Short.BYTES);
    }

    private long widened(Codes w, int first, int outputs) {
        return code.widen(
                w, first / TILE, Math.ceilDiv(outputs, TILE), panels.get().bytes(PairsCode.bytes(w, outputs)));
    }

    @Override
    public synchronized void close() {
        primitives.close();
    }
}
