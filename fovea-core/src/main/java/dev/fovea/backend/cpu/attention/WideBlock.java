package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.FewRowsTile;
import dev.fovea.backend.cpu.products.TileProducts;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.RowSoftmax;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;

/**
 * Spans of queries whose heads are wider than any cache, as where channels of a picture attend to each other: a part of the width at a
 * time, first for scores, then for sums of values. A score is the sum of the parts' sums, which is more exact than one long chain.
 */
final class WideBlock implements SpanAttention {
    /** Values of a part: queries and keys of 32 channels stay in a second-level cache, and only what is behind a whole part is copied value by value. */
    private static final int PART = 1024;

    /** Values of scores, of all keys of a span. */
    private static final int MOST_SCORES = 1 << 18;

    /** A thread keeps a part of each key and value in float32. */
    private static final int MOST_KEYS = 1 << 12;

    private static final RowSoftmax SOFTMAX = new RowSoftmax(true);

    private static final ThreadLocal<Memory> MEMORY = ThreadLocal.withInitial(Memory::new);

    private final DotCode code;
    private final StoringCode storing;

    /** A thread's scratch. */
    private static final class Memory {
        private final Buffer queries = new Buffer();
        private final Buffer keys = new Buffer();
        private final Buffer values = new Buffer();
        private final Buffer part = new Buffer();
        private final Buffer scores = new Buffer();
        private final Buffer sums = new Buffer();
        private final float[] line = new float[PART];
    }

    /** @param dtype of results */
    WideBlock(DType dtype, DotCode code) {
        this.code = code;
        storing = new StoringCode(dtype, PART);
    }

    @Override
    public boolean suits(Attention.Call call, Attention.Span span) {
        int rows = span.count() * call.heads().shared();
        return tile(span) <= MOST_KEYS && (long) rows * tile(span) <= MOST_SCORES;
    }

    /** Room for a row of scores, which {@link RowSoftmax} wants in pairs of vectors. */
    private static int tile(Attention.Span span) {
        return Math.ceilDiv(span.to() - span.from(), 2 * Lanes.COUNT) * 2 * Lanes.COUNT;
    }

    @Override
    public void run(Attention.Call call, Attention.Span span, int group) {
        Memory memory = MEMORY.get();
        int rows = span.count() * call.heads().shared();
        int tile = tile(span);
        long scores = memory.scores.floats((long) rows * tile);
        score(call, span, group, scores, tile, memory);
        weigh(call, span, scores, tile);
        sum(call, span, group, scores, tile, memory);
    }

    private void score(Attention.Call call, Attention.Span span, int group, long scores, int tile, Memory memory) {
        int rows = span.count() * call.heads().shared();
        int keys = span.to() - span.from();
        long partial = memory.part.floats((long) rows * tile);
        FewRowsTile products = new FewRowsTile(code);
        int width = call.heads().width();
        for (int at = 0; at < width; at += PART) {
            int count = Math.min(PART, width - at);
            int pitch = Lanes.padded(count);
            long queries = memory.queries.floats((long) Math.max(rows, 1) * pitch);
            for (int i = 0; i < span.count(); i++) {
                for (int j = 0; j < call.heads().shared(); j++) {
                    int row = i * call.heads().shared() + j;
                    long from = call.head(
                            call.q(), span.first() + i, group * call.heads().shared() + j);
                    widen(call.q(), from, 1, at, count, queries + 4L * row * pitch, memory);
                }
            }
            long lines = memory.keys.floats((long) Math.max(keys, 4) * pitch);
            widen(call.k(), call.head(call.k(), span.from(), group), keys, at, count, lines, memory);
            Rows near = new Rows(DType.FLOAT32, lines, Math.max(keys, 4), pitch, 4L * pitch);
            long to = at == 0 ? scores : partial;
            products.scores(queries, near, to, new TileProducts.Size(rows, tile, count));
            if (at > 0) {
                SOFTMAX.accumulate(scores, partial, rows * tile, 1);
            }
        }
    }

    /** So many rows from one place on, a part of each, as float32 with zeros up to a whole vector. */
    private void widen(Rows source, long from, int rows, int at, int count, long to, Memory memory) {
        int pitch = Lanes.padded(count);
        long first = from + (long) at * source.dtype().bytes();
        if (count == pitch) {
            code.widen(
                    new Rows(source.dtype(), first, rows, count, source.stride()),
                    new Rows(DType.FLOAT32, to, rows, count, 4L * count));
            return;
        }
        for (int i = 0; i < rows; i++) {
            Lanes.load(source.dtype(), first + i * source.stride(), memory.line, 0, count);
            Lanes.store(DType.FLOAT32, memory.line, 0, to + 4L * i * pitch, pitch);
        }
    }

    /** Scores become weights that add up to 1. */
    private static void weigh(Attention.Call call, Attention.Span span, long scores, int tile) {
        float[] line = new float[tile];
        int shared = call.heads().shared();
        for (int i = 0; i < span.count() * shared; i++) {
            long row = scores + 4L * i * tile;
            int query = span.first() + i / shared;
            int from = call.mask().from()[query] - span.from();
            RowSoftmax.hide(row, tile, from, call.mask().to()[query] - span.from());
            float base = SOFTMAX.largest(row, tile) * call.scale();
            float total = SOFTMAX.weights(row, tile, call.scale(), base);
            Lanes.copy(row, line, 0, tile);
            for (int j = 0; j < tile; j++) {
                line[j] /= total;
            }
            Lanes.store(DType.FLOAT32, line, 0, row, tile);
        }
    }

    private void sum(Attention.Call call, Attention.Span span, int group, long weights, int tile, Memory memory) {
        int shared = call.heads().shared();
        int rows = span.count() * shared;
        int keys = span.to() - span.from();
        int width = call.heads().width();
        DType dtype = call.out().dtype();
        FewRowsTile products = new FewRowsTile(code);
        for (int at = 0; at < width; at += PART) {
            int count = Math.min(PART, width - at);
            int pitch = Lanes.padded(count);
            long values = memory.values.floats((long) tile * pitch);
            widen(call.v(), call.head(call.v(), span.from(), group), keys, at, count, values, memory);
            Lanes.MEMORY
                    .asSlice(values + 4L * keys * pitch, 4L * (tile - keys) * pitch)
                    .fill((byte) 0);
            long sums = memory.sums.floats((long) rows * pitch);
            products.sums(weights, values, sums, new TileProducts.Size(rows, tile, count));
            for (int i = 0; i < rows; i++) {
                long from = sums + 4L * i * pitch;
                long to = call.head(call.out(), span.first() + i / shared, group * shared + i % shared)
                        + (long) at * dtype.bytes();
                if (count == PART) {
                    storing.store(from, 0, 1, to, 0);
                } else {
                    Lanes.copy(from, memory.line, 0, count);
                    Lanes.store(dtype, memory.line, 0, to, count);
                }
            }
        }
    }
}
