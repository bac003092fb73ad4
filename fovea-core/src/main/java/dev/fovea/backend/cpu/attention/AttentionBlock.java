package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.onednn.OneDnnTile;
import dev.fovea.backend.cpu.products.Dot;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.TileProducts;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.RowMath;
import dev.fovea.backend.cpu.rows.RowSoftmax;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One span of queries with one key head, on one thread. A row is a query and one of some heads that share the key head. For
 * each tile of keys: scores, weights relative to the largest score so far, sums of values; sums of before shrink when the
 * largest score grows.
 */
final class AttentionBlock {
    /** Keys of a tile, at most; with 512 rows, scores and weights stay in a second-level cache of 2 MB. */
    static final int LARGEST_TILE = 256;

    /** Tiles are multiples of it, so that there are few kinds. */
    static final int TILE_STEP = 64;

    private static final ThreadLocal<Memory> MEMORY = ThreadLocal.withInitial(Memory::new);

    /** A thread's scratch. */
    private static final class Memory {
        private final Buffer queries = new Buffer();
        private final Buffer keys = new Buffer();
        private final Buffer values = new Buffer();
        private final Buffer scores = new Buffer();
        private final Buffer weights = new Buffer();
        private final Buffer partial = new Buffer();
        private final Buffer sums = new Buffer();
        private float[] line = {};
        private float[] columns = {};
    }

    private final Attention.Call call;
    private final Attention.Span span;
    private final Attention.HeadPart heads;
    private final Attention.Tiles tiles;
    private final TileProducts products;
    private final @Nullable DotCode code;
    private final RowSoftmax softmax;
    private final TileProducts.Size size;
    private final boolean split;
    private final int wide;
    private final float[] line;
    private final float[] columns;
    private final Rows queries; // (rows, D)
    private final Rows keys; // (tile, D), or float32 (D, tile)
    private final Rows values; // (tile, D), twice where split
    private final long scores; // float32 (rows, tile)
    private final long weights; // float32 over the scores, or bfloat16 (rows, 2 tile)
    private final long partial; // float32 (rows, padded D)
    private final long sums; // float32 (rows, padded D)
    private final float[] max;
    private final float[] total;
    private final float[] shrink;

    AttentionBlock(
            Attention.Call call,
            Attention.Span span,
            Attention.HeadPart heads,
            Attention.Tiles tiles,
            @Nullable DotCode code) {
        this.call = call;
        this.span = span;
        this.heads = heads;
        this.tiles = tiles;
        products = tiles.products();
        this.code = code;
        softmax = new RowSoftmax(code != null);
        int width = call.heads().width();
        int rows = span.count() * heads.count();
        size = new TileProducts.Size(rows, tiles.tile(), width);
        int tile = size.tile();
        split = products.dtype() == DType.BFLOAT16;
        wide = Lanes.padded(width);
        int room = OneDnnTile.rounded(rows);
        int pitch = products.pitch(width);
        int bytes = products.dtype().bytes();
        Memory memory = MEMORY.get();
        memory.line = Lanes.atLeast(memory.line, wide);
        memory.columns = Lanes.atLeast(memory.columns, products.keysByDimension() ? wide * tile : 0);
        line = memory.line;
        columns = memory.columns;
        long stride = (long) pitch * bytes;
        queries = new Rows(products.dtype(), memory.queries.bytes(room * stride), rows, width, stride);
        keys = new Rows(products.dtype(), memory.keys.bytes(tile * stride), tile, width, stride);
        values = new Rows(products.dtype(), memory.values.bytes(2L * tile * stride), tile, width, stride);
        scores = memory.scores.floats((long) room * tile);
        weights = split ? memory.weights.bytes(2L * room * tile * bytes) : scores;
        partial = memory.partial.floats((long) room * wide);
        sums = memory.sums.floats((long) room * wide);
        max = new float[Lanes.padded(rows)];
        total = new float[Lanes.padded(rows)];
        shrink = new float[Lanes.padded(rows)];
    }

    /** Tiles of one length that cover so many keys with little beyond. */
    static int tile(int keys) {
        int count = Math.ceilDiv(keys, LARGEST_TILE);
        return Math.ceilDiv(Math.ceilDiv(keys, count), TILE_STEP) * TILE_STEP;
    }

    void run() {
        readQueries();
        Arrays.fill(max, Float.NEGATIVE_INFINITY);
        for (int start = tiles.start(); start < span.to(); start += size.tile()) {
            int count = Math.min(size.tile(), span.to() - start);
            products.scores(queries.address(), readTile(start, count), scores, size);
            weigh(start, count);
            if (start == tiles.start()) {
                products.sums(weights, values.address(), sums, size);
            } else {
                products.sums(weights, values.address(), partial, size);
                accumulate();
            }
        }
        writeSums();
    }

    private int query(int row) {
        return span.first() + row / heads.count();
    }

    private int head(int row) {
        return heads.first() + row % heads.count();
    }

    private void readQueries() {
        Rows q = call.q();
        if (widens(queries)) {
            long stride = (long) wide * q.dtype().bytes(); // heads of a query lie one behind the other
            for (int i = 0; i < size.rows(); i += heads.count()) {
                widen(new Rows(q.dtype(), call.head(q, query(i), head(i)), heads.count(), wide, stride), queries, i);
            }
            return;
        }
        for (int i = 0; i < size.rows(); i++) {
            put(q, call.head(q, query(i), head(i)), queries, i);
        }
    }

    /** Whether rows come there by machine code. */
    private boolean widens(Rows to) {
        return code != null && to.dtype() == DType.FLOAT32 && size.width() == wide;
    }

    private void widen(Rows lying, Rows to, int at) {
        Objects.requireNonNull(code).widen(lying, new Rows(to.dtype(), to.row(at), lying.count(), wide, to.stride()));
    }

    /** One head of one row, padded with zeros to the pitch. */
    private void put(Rows source, long from, Rows to, int i) {
        if (source.dtype() == to.dtype()
                && to.stride() == (long) size.width() * to.dtype().bytes()) {
            MemorySegment.copy(Lanes.MEMORY, from, Lanes.MEMORY, to.row(i), to.stride());
            return;
        }
        Lanes.load(source.dtype(), from, line, 0, size.width());
        Lanes.store(
                to.dtype(), line, 0, to.row(i), (int) (to.stride() / to.dtype().bytes()));
    }

    /** Reads a tile's values, and its keys, unless these can be multiplied where they lie; returns the keys. */
    private Rows readTile(int start, int count) {
        Rows k = call.k();
        int skipped = Math.max(0, span.from() - start);
        boolean lying = skipped == 0
                && products.readsKeys(k.dtype(), size.width())
                && count >= Dot.SIDE
                && call.run(span.first(), start, count) == count;
        for (int i = skipped, run; i < count; i += run) {
            run = call.run(span.first(), start + i, count - i);
            if (!lying) {
                readKeys(row(start + i), i, run);
            }
            put(call.v(), row(start + i), values, i, run);
        }
        clearValues(skipped, count);
        if (lying) {
            return new Rows(k.dtype(), call.head(k, row(start), heads.group()), count, size.width(), k.stride());
        }
        if (products.keysByDimension()) {
            Lanes.store(DType.FLOAT32, columns, 0, keys.address(), size.width() * size.tile());
        }
        return keys;
    }

    private int row(int position) {
        return call.mask().row(span.first(), position);
    }

    private void readKeys(int row, int at, int count) {
        if (!products.keysByDimension()) {
            put(call.k(), row, keys, at, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            putKey(call.head(call.k(), row + i, heads.group()), at + i);
        }
    }

    /** This head of rows one behind the other. */
    private void put(Rows source, int row, Rows to, int at, int count) {
        if (widens(to)) {
            long from = call.head(source, row, heads.group());
            widen(new Rows(source.dtype(), from, count, wide, source.stride()), to, at);
            return;
        }
        for (int i = 0; i < count; i++) {
            put(source, call.head(source, row + i, heads.group()), to, at + i);
        }
    }

    /** Weights in front of the first key and beyond the last are zero, and zero times what memory holds need not be. */
    private void clearValues(int first, int end) {
        long bytes = values.stride() * size.tile();
        Lanes.MEMORY
                .asSlice(values.address(), values.row(first) - values.address())
                .fill((byte) 0);
        Lanes.MEMORY
                .asSlice(values.row(end), values.row(size.tile()) - values.row(end))
                .fill((byte) 0);
        if (split) {
            MemorySegment.copy(Lanes.MEMORY, values.address(), Lanes.MEMORY, values.address() + bytes, bytes);
        }
    }

    private void putKey(long from, int i) {
        if (!products.keysByDimension()) {
            put(call.k(), from, keys, i);
            return;
        }
        Lanes.load(call.k().dtype(), from, line, 0, size.width());
        for (int d = 0; d < size.width(); d++) {
            columns[d * size.tile() + i] = line[d];
        }
    }

    /** Scores become weights, and the largest scores and totals follow. */
    private void weigh(int start, int count) {
        int tile = size.tile();
        float scale = call.scale();
        for (int i = 0; i < size.rows(); i++) {
            long row = scores + 4L * i * tile;
            int from = Math.clamp(call.mask().from()[query(i)] - start, 0, count);
            int to = Math.clamp(call.mask().to()[query(i)] - start, 0, count);
            RowSoftmax.hide(row, tile, from, to);
            shrink[i] = max[i];
            max[i] = Math.max(max[i], softmax.largest(row, tile) * scale);
        }
        for (int i = 0; i < size.rows(); i++) {
            shrink[i] -= base(max[i]);
        }
        RowMath.exp(shrink, size.rows());
        for (int i = 0; i < size.rows(); i++) {
            long row = scores + 4L * i * tile;
            float base = base(max[i]);
            float sum = split
                    ? softmax.splitWeights(row, weights + 4L * i * tile, tile, scale, base)
                    : softmax.weights(row, tile, scale, base);
            total[i] = total[i] * shrink[i] + sum;
        }
    }

    /** While a row has seen no key its largest score is minus infinity, from which nothing can be subtracted. */
    private static float base(float max) {
        return max == Float.NEGATIVE_INFINITY ? 0 : max;
    }

    private void accumulate() {
        for (int i = 0; i < size.rows(); i++) {
            long at = 4L * i * wide;
            softmax.accumulate(sums + at, partial + at, wide, shrink[i]);
        }
    }

    private void writeSums() {
        for (int i = 0; i < size.rows(); i++) {
            Lanes.load(DType.FLOAT32, sums + 4L * i * wide, line, 0, size.width());
            RowMath.scale(line, 1 / total[i], size.width());
            Lanes.store(call.out().dtype(), line, 0, call.head(call.out(), query(i), head(i)), size.width());
        }
    }
}
