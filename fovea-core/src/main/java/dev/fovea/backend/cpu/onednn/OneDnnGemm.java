package dev.fovea.backend.cpu.onednn;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.products.JavaGemm;
import dev.fovea.backend.cpu.products.TileProducts;
import dev.fovea.backend.cpu.products.Weight;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.SharedRows;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products by oneDNN's matmul primitive, with weights where they lie. Blocks of outputs are shared out over our own
 * threads and each is computed by one thread: so the pool of libgomp never wakes, and no sum is split, whatever the number
 * of threads. Calls take turns.
 *
 * <p>Where the processor has no instructions for a dtype, or x is float32 and the weight is not, blocks are widened to
 * float32 on their way.
 */
public final class OneDnnGemm implements Gemm {
    /** Rows of a block at most: its rows of x stay in the second-level cache (benchmark {@code GemmBenchmark}). */
    private static final int BLOCK_ROWS = 512;

    /**
     * Outputs of a block: 256 rows with a weight of 2048 outputs make blocks for 16 threads. The same for any number of threads, because
     * by AMX the bits depend on it.
     */
    private static final int BLOCK_OUTPUTS = 128;

    /** Blocks begin where oneDNN's own tiles do. */
    private static final int TILE_ROWS = 32;

    /** Values of k in an AMX tile of bfloat16. */
    private static final int TILE_INPUTS = 32;

    /** From so many keys on bfloat16 products are faster, and their error is lost among those of so long a sum. */
    private static final int MANY_KEYS = 256;

    private final Workers workers;
    private final Gemm small;
    private final int instructions = NativeLibrary.platform().endsWith("x86_64") ? OneDnn.instructions() : 0;
    private final MatMuls primitives = new MatMuls();
    private final Buffer widened = new Buffer();
    private final OneDnnTile float32Tile = new OneDnnTile(DType.FLOAT32);
    private final OneDnnTile bfloat16Tile = new OneDnnTile(DType.BFLOAT16);

    public OneDnnGemm(Workers workers) {
        this.workers = workers;
        small = new JavaGemm(workers, "for small products");
    }

    @Override
    public TileProducts tile(DType dtype, int keys) {
        boolean narrow = dtype == DType.BFLOAT16 && has(Isa.AVX512_BF16) && keys >= MANY_KEYS;
        return narrow ? bfloat16Tile : float32Tile;
    }

    @Override
    public String describe() {
        return "oneDNN";
    }

    @Override
    public String describe(DType dtype) {
        boolean widened = common(dtype, dtype) != dtype;
        return "oneDNN by " + arithmetic(dtype)
                + (widened ? ", widened block by block: no instructions for " + dtype.torchName() : "");
    }

    private String arithmetic(DType dtype) {
        if (common(dtype, dtype) == DType.FLOAT32) {
            return "float32";
        }
        return dtype == DType.FLOAT16 ? "AVX512_FP16" : has(Isa.AMX) ? "AMX" : "AVX512_BF16";
    }

    @Override
    public boolean has(Isa isa) {
        return isa.within(instructions);
    }

    /** The dtype in which x and weights of these dtypes meet. */
    private DType common(DType x, DType weights) {
        boolean direct = x == weights
                && switch (x) {
                    case FLOAT32 -> true;
                    case BFLOAT16 -> has(Isa.AVX512_BF16);
                    case FLOAT16 -> has(Isa.AVX512_FP16);
                    default -> false;
                };
        return direct ? x : DType.FLOAT32;
    }

    @Override
    public void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        if (JavaGemm.suits(x.dtype(), w)) {
            small.multiply(x, w, bias, out);
        } else {
            multiplyBlocks(x, w, bias, out);
        }
    }

    /** AMX alone adds up the inputs in parts that depend on the number of rows. */
    @Override
    public SharedRows sharedRows(DType dtype) {
        return dtype == DType.BFLOAT16 && has(Isa.AMX) ? SharedRows.NONE : SharedRows.MANY;
    }

    private synchronized void multiplyBlocks(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        Product product = new Product(x, w.dense(workers, widened), bias, out, common(x.dtype(), w.dtype()));
        Cut rows = Cut.of(x.count(), BLOCK_ROWS, TILE_ROWS);
        Cut outputs = Cut.of(w.outputs(), BLOCK_OUTPUTS, BLOCK_OUTPUTS);
        MatMul inner = primitives.of(product.form(rows.size(), outputs.size()));
        MatMul right = primitives.of(product.form(rows.size(), outputs.last()));
        MatMul bottom = primitives.of(product.form(rows.last(), outputs.size()));
        MatMul corner = primitives.of(product.form(rows.last(), outputs.last()));
        workers.run(rows.count() * outputs.count(), i -> {
            int r = i % rows.count();
            int o = i / rows.count();
            boolean atBottom = r == rows.count() - 1;
            boolean atRight = o == outputs.count() - 1;
            MatMul matMul = atBottom ? atRight ? corner : bottom : atRight ? right : inner;
            product.block(matMul, r * rows.size(), o * outputs.size());
        });
        primitives.evict();
    }

    @Override
    public synchronized void close() {
        primitives.close();
        float32Tile.close();
        bfloat16Tile.close();
    }

    /** A length in equal parts but for the last. */
    private record Cut(int count, int size, int last) {
        /** Parts of at most so many, balanced, and multiples of a tile. */
        static Cut of(int length, int limit, int tile) {
            int parts = Math.max(1, Math.ceilDiv(length, limit));
            int size = Math.min(length, Math.ceilDiv(Math.ceilDiv(length, parts), tile) * tile);
            int count = size == 0 ? 0 : Math.ceilDiv(length, size);
            return new Cut(count, size, length - Math.max(0, count - 1) * size);
        }
    }

    /** One call's operands, and the dtype in which they meet. */
    private record Product(Rows x, Weight w, @Nullable Rows bias, Rows out, DType common) {
        private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

        private boolean widensX() {
            return x.dtype() != common;
        }

        /**
         * Where rows lie apart, the AMX kernel of oneDNN 3.13 reads up to a whole tile of what stands between them, and
         * multiplies it with zeros; a NaN there gets through.
         */
        private boolean packsX() {
            boolean apart = x.stride() != (long) x.width() * x.dtype().bytes();
            return widensX() || apart && x.width() % TILE_INPUTS != 0;
        }

        private boolean widensWeights() {
            return w.dtype() != common;
        }

        MatMul.Form form(int m, int n) {
            int k = w.inputs();
            int pitch = widensWeights() ? n : w.outputs();
            return new MatMul.Form(
                    common,
                    common,
                    bias != null,
                    m,
                    n,
                    k,
                    packsX() ? k : x.stride() / x.dtype().bytes(),
                    w.transposed() ? pitch : 1,
                    w.transposed() ? 1 : k,
                    widensX() ? n : out.stride() / out.dtype().bytes());
        }

        /** The outputs of the primitive's size from a row and an output on. */
        void block(MatMul matMul, int row, int output) {
            int m = matMul.form().m();
            int n = matMul.form().n();
            Scratch scratch = SCRATCH.get();
            long target = out.row(row) + (long) output * out.dtype().bytes();
            long result = widensX() ? scratch.results.floats((long) m * n) : target;
            matMul.execute(
                    packsX() ? scratch.rows(x, row, m, common) : x.row(row),
                    widensWeights() ? scratch.weights(w, output, n) : w.at(output, 0),
                    bias == null ? 0 : scratch.bias(bias, output, n, common),
                    result);
            if (widensX()) {
                scratch.round(result, m, n, out, row, output);
            }
        }
    }

    /** A thread's float32 copies of blocks. */
    private static final class Scratch {
        private final Buffer rows = new Buffer();
        private final Buffer weights = new Buffer();
        private final Buffer bias = new Buffer();
        private final Buffer results = new Buffer();
        private float[] line = {};

        long rows(Rows x, int from, int count, DType common) {
            long to = rows.floats((long) count * x.width());
            Rows packed = new Rows(common, to, count, x.width(), (long) x.width() * common.bytes());
            line = Lanes.atLeast(line, Lanes.padded(x.width()));
            for (int i = 0; i < count; i++) {
                x.load(from + i, line);
                packed.store(line, i);
            }
            return to;
        }

        /** In the order in which the weight lies. */
        long weights(Weight w, int from, int count) {
            int lines = w.transposed() ? w.inputs() : count;
            int width = w.transposed() ? count : w.inputs();
            long to = weights.floats((long) lines * width);
            line = Lanes.atLeast(line, Lanes.padded(width));
            for (int i = 0; i < lines; i++) {
                long at = w.transposed() ? w.at(from, i) : w.at(from + i, 0);
                Lanes.load(w.dtype(), at, line, 0, width);
                Lanes.store(DType.FLOAT32, line, 0, to + (long) i * width * Float.BYTES, width);
            }
            return to;
        }

        long bias(Rows values, int from, int count, DType common) {
            long at = values.address() + (long) from * values.dtype().bytes();
            if (values.dtype() == common) {
                return at;
            }
            long to = bias.floats(count);
            line = Lanes.atLeast(line, Lanes.padded(count));
            Lanes.load(values.dtype(), at, line, 0, count);
            Lanes.store(DType.FLOAT32, line, 0, to, count);
            return to;
        }

        void round(long from, int m, int n, Rows out, int row, int output) {
            line = Lanes.atLeast(line, Lanes.padded(n));
            for (int i = 0; i < m; i++) {
                Lanes.load(DType.FLOAT32, from + (long) i * n * Float.BYTES, line, 0, n);
                Lanes.store(
                        out.dtype(),
                        line,
                        0,
                        out.row(row + i) + (long) output * out.dtype().bytes(),
                        n);
            }
        }
    }
}
