package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.SHORT;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.onednn.OneDnnGemm;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.products.JavaGemm;
import dev.fovea.backend.cpu.products.Weight;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Products with a quantised weight. A few rows meet its codes where they lie, each row by itself, so that its bits depend on
 * nothing else; so do many rows of 16 bits where no product of the processor is faster. For other rows panels of the weight are
 * widened to a dtype that {@link Gemm} multiplies.
 */
public final class QuantizedProducts implements AutoCloseable {
    /** Outputs of a widened panel for each thread: a multiple of what {@link OneDnnGemm} gives a thread at once. */
    private static final int PANEL_OUTPUTS = 256;

    private final Workers workers;
    private final Gemm gemm;
    private final @Nullable RowsByCode byCode;
    private final boolean amx;
    private final boolean bfloat16;
    private final ThreadLocal<Buffer> rows = ThreadLocal.withInitial(Buffer::new);
    private final ThreadLocal<Buffer> arranged = ThreadLocal.withInitial(Buffer::new);
    private final ThreadLocal<Buffer> panels = ThreadLocal.withInitial(Buffer::new);
    private @Nullable PairedProducts paired; // when first needed: it may load a library
    private boolean pairs;

    /** @param java whether no machine code is to be used */
    public QuantizedProducts(Workers workers, Gemm gemm, boolean java) {
        this.workers = workers;
        this.gemm = gemm;
        CodesCode code = java ? null : CodesCode.here();
        byCode = code == null ? null : new RowsByCode(workers, code);
        amx = gemm.has(Isa.AMX);
        bfloat16 = gemm.has(Isa.AVX512_BF16);
    }

    private synchronized @Nullable PairedProducts paired() {
        if (!pairs) {
            pairs = true;
            paired = PairedProducts.create(workers, gemm);
        }
        return paired;
    }

    /** Products of the same x. */
    public void multiply(Rows x, List<CodeProduct> products) {
        if (byCode != null) {
            Predicate<CodeProduct> isRead = p -> isRead(x, p.w());
            List<CodeProduct> read = products.stream().filter(isRead).toList();
            if (!read.isEmpty()) {
                byCode.multiply(x, read);
            }
            products.stream().filter(isRead.negate()).forEach(p -> multiply(x, p));
        } else {
            products.forEach(p -> multiply(x, p));
        }
    }

    /**
     * Two products of the same x and as many outputs each, and what is to be done with both of some outputs, as one job; false, with nothing
     * done, where that is no job of its own.
     */
    public boolean multiply(Rows x, CodeProduct one, CodeProduct other, Workers.Block both) {
        if (byCode == null || x.count() > Backend.FEW_ROWS || !isRead(x, one.w()) || !isRead(x, other.w())) {
            return false;
        }
        byCode.multiply(x, one, other, both);
        return true;
    }

    /** Whether rows meet the codes as both lie. */
    private boolean isRead(Rows x, Codes w) {
        return w.order() == 0 && meets(x, w);
    }

    /** Whether rows meet the codes themselves, by machine code. */
    private boolean meets(Rows x, Codes w) {
        boolean count = x.count() <= Backend.FEW_ROWS || manyMeet(x.dtype(), w.bits());
        return count && w.inputs() > 0 && w.outputs() > 0 && CodesCode.reads(w);
    }

    /** Widened weights are multiplied faster by AMX alone, those of 8 bits by products of bfloat16 too; float32 is not to be rounded. */
    private boolean manyMeet(DType x, int bits) {
        return !amx && x != DType.FLOAT32 && (bits == 4 || !bfloat16 || x != DType.BFLOAT16);
    }

    private void multiply(Rows given, CodeProduct product) {
        Codes w = product.w();
        Rows x = w.order() == 0 ? given : arranged(given, w);
        if (byCode != null && meets(x, w)) {
            byCode.multiply(x, List.of(product));
        } else if (x.count() <= Backend.FEW_ROWS || w.inputs() == 0 || w.outputs() == 0) {
            byVectors(x, product);
        } else {
            PairedProducts inPairs = PairedProducts.takes(x, w, product.bias()) ? paired() : null;
            if (inPairs != null) {
                inPairs.multiply(x, w, product.bias(), product.out());
            } else {
                many(x, w, product.bias(), product.out());
            }
        }
    }

    @Override
    public synchronized void close() {
        if (paired != null) {
            paired.close();
        }
    }

    /** x with its columns in the order of the codes. */
    private Rows arranged(Rows x, Codes w) {
        int width = x.dtype().bytes();
        long stride = (long) w.inputs() * width;
        Rows to = new Rows(x.dtype(), arranged.get().bytes(stride * x.count()), x.count(), w.inputs(), stride);
        workers.run(x.count(), t -> {
            long from = x.row(t);
            long at = to.row(t);
            for (int k = 0; k < w.inputs(); k++) {
                long source = from + (long) MEMORY.get(INT, w.order() + 4L * k) * width;
                if (width == Float.BYTES) {
                    MEMORY.set(INT, at + 4L * k, MEMORY.get(INT, source));
                } else {
                    MEMORY.set(SHORT, at + 2L * k, MEMORY.get(SHORT, source));
                }
            }
        });
        return to;
    }

    // ----------------------------------------------------------------------------------------------------- few rows

    private void byVectors(Rows x, CodeProduct product) {
        Codes w = product.w();
        long rowBytes = w.bits() == 4 ? Quantized4.bytes(w.blocks()) : 4L * w.blocks() * BLOCK;
        long at = rows.get().bytes(rowBytes * x.count());
        float[] row = new float[Math.max(w.blocks() * BLOCK, Lanes.padded(x.width()))];
        Quantized4[] quantized = new Quantized4[x.count()];
        for (int t = 0; t < x.count(); t++) {
            x.load(t, row);
            if (w.bits() == 4) {
                quantized[t] = Quantized4.row(row, w.blocks(), at + t * rowBytes);
            } else {
                Lanes.store(DType.FLOAT32, row, 0, at + t * rowBytes, w.blocks() * BLOCK);
            }
        }
        workers.blocks(w.tiles(), tilesAtOnce(w), (from, to) -> {
            Pair pair = Pair.MINE.get();
            for (int tile = from; tile < to; tile += 2) {
                CodeDot.Tiles tiles = pair.tiles(w, tile, Math.min(tile + 1, w.tiles() - 1));
                for (int t = 0; t < x.count(); t++) {
                    if (w.bits() == 4) {
                        CodeDot.four(tiles, quantized[t]);
                    } else {
                        CodeDot.eight(tiles, at + t * rowBytes);
                    }
                    int outputs = Math.min(2 * TILE, w.outputs() - tile * TILE);
                    pair.results.read(tiles.out(), outputs);
                    pair.results.store(product, t, tile * TILE, outputs);
                }
            }
        });
    }

    /** A thread's piece of the weight: whole pairs. */
    private int tilesAtOnce(Codes w) {
        int fitting = (int) (RowsByCode.NEAR_BYTES / Math.max(1, w.tileBytes()));
        int shared = Math.ceilDiv(w.tiles(), 2 * workers.count());
        return Math.ceilDiv(Math.max(1, Math.min(Math.max(2, fitting), shared)), 2) * 2;
    }

    /** A thread's scratch for two tiles. */
    private static final class Pair {
        static final ThreadLocal<Pair> MINE = ThreadLocal.withInitial(Pair::new);

        private final Buffer scales = new Buffer();
        private final Results results = new Results();

        CodeDot.Tiles tiles(Codes w, int tile, int second) {
            long at = scales.floats(2L * w.expanded());
            long at2 = at + 4L * w.expanded();
            w.expand(tile, at);
            w.expand(second, at2);
            return new CodeDot.Tiles(
                    w.tile(tile), w.tile(second), at, at2, w.blocks(), results.bytes(2L * TILE * Float.BYTES));
        }
    }

    // ---------------------------------------------------------------------------------------------------- many rows

    /** A part for each time that all threads have some, none so small that another kernel than the whole's would be chosen for it. */
    private void many(Rows x, Codes w, @Nullable Rows bias, Rows out) {
        DType dtype = x.dtype() == DType.BFLOAT16 ? DType.BFLOAT16 : DType.FLOAT32;
        long outputBytes = (long) w.inputs() * dtype.bytes();
        int least =
                Math.ceilDiv(JavaGemm.leastOfOthers(w.inputs()), TILE) + 1; // of a last tile there may be one output
        int tiles = Math.max(least, PANEL_OUTPUTS / TILE * workers.count());
        long panel = panels.get().bytes(outputBytes * Math.min(w.tiles(), tiles + least) * TILE);
        for (int tile = 0, width; tile < w.tiles(); tile += width) {
            int left = w.tiles() - tile;
            width = left < tiles + least ? left : tiles;
            int first = tile * TILE;
            int count = Math.min(width * TILE, w.outputs() - first);
            int from = tile;
            Rows target = new Rows(dtype, panel, w.inputs(), width * TILE, (long) count * dtype.bytes());
            workers.run(width, i -> WidenedCodes.tile(w, from + i, target, i * TILE, Math.min(TILE, count - i * TILE)));
            gemm.multiply(
                    x,
                    new Weight(dtype, panel, count, w.inputs(), true),
                    bias == null ? null : part(bias, first, count),
                    part(out, first, count));
        }
    }

    private static Rows part(Rows rows, int first, int count) {
        return new Rows(
                rows.dtype(), rows.address() + (long) first * rows.dtype().bytes(), rows.count(), count, rows.stride());
    }
}
