package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.TurningCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;

/** Spans of queries that see the same keys, by {@link VectorFlashCode}: keys and values are packed once for all queries of a span. */
final class VectorFlashBlock implements SpanAttention {
    private static final ThreadLocal<Memory> MEMORY = ThreadLocal.withInitial(Memory::new);

    private static final int LEAST_KEYS = 16;

    private final VectorFlashCode.Form form;
    private final VectorFlashCode code;
    private final DotCode widening;
    private final TurningCode turning;
    private final StoringCode storing;
    private final int width;
    private final int padded;

    /** A thread's scratch. */
    private static final class Memory {
        private final Buffer keys = new Buffer();
        private final Buffer values = new Buffer();
        private final Buffer lines = new Buffer();
        private final Buffer queries = new Buffer();
        private final Buffer scores = new Buffer();
        private final Buffer sums = new Buffer();
        private final Buffer frame = new Buffer();
    }

    /** @param dtype of results */
    VectorFlashBlock(VectorFlashCode.Form form, int width, DType dtype, DotCode widening) {
        this.form = form;
        this.width = width;
        this.widening = widening;
        code = new VectorFlashCode(form, width);
        turning = new TurningCode();
        storing = new StoringCode(dtype, width);
        padded = Math.ceilDiv(width, TurningCode.SIDE) * TurningCode.SIDE;
    }

    @Override
    public int leastKeys() {
        return LEAST_KEYS;
    }

    @Override
    public void run(Attention.Call call, Attention.Span span, int group) {
        Memory memory = MEMORY.get();
        int count = span.to() - span.from();
        long keys = memory.keys.bytes((long) code.room(count) * code.keyStride());
        words(call.k(), call.head(call.k(), span.from(), group), count, keys, code.keyStride());
        long values = memory.values.bytes((long) count * code.valueStride());
        long firstValue = call.head(call.v(), span.from(), group);
        widen(call.v().dtype(), firstValue, call.v().stride(), count, width, values, code.valueStride());
        long frame = memory.frame.bytes(VectorWeights.FRAME_BYTES);
        long scores = memory.scores.bytes(code.scoresBytes());
        long sums = memory.sums.bytes((long) padded * form.wide());
        long queries = memory.queries.bytes((long) padded * form.wide());
        int shared = call.heads().shared();
        for (int head = group * shared; head < (group + 1) * shared; head++) {
            for (int i = 0; i < span.count(); i += form.queries()) {
                int first = span.first() + i;
                int valid = Math.min(form.queries(), span.count() - i);
                packQueries(call, first, valid, head, queries, memory);
                code.attend(queries, keys, values, count, call.scale(), scores, sums, frame);
                write(call, first, valid, head, sums, memory);
            }
        }
    }

    /** A head's part of rows, as words of scores. */
    private void words(Rows from, long at, int count, long to, long stride) {
        DType unit = form.pairs() ? DType.FLOAT32 : from.dtype();
        widen(unit, at, from.stride(), count, form.words(width), to, stride);
    }

    /** A row's last vector ends with it, and may have values of the one before again. */
    private void widen(DType dtype, long from, long fromStride, int count, int values, long to, long stride) {
        int whole = values / Lanes.COUNT * Lanes.COUNT;
        widening.widen(
                new Rows(dtype, from, count, whole, fromStride), new Rows(DType.FLOAT32, to, count, whole, stride));
        if (whole < values) {
            int last = values - Lanes.COUNT;
            widening.widen(
                    new Rows(dtype, from + (long) last * dtype.bytes(), count, Lanes.COUNT, fromStride),
                    new Rows(DType.FLOAT32, to + (long) last * Float.BYTES, count, Lanes.COUNT, stride));
        }
    }

    /** What is in lanes without a query is not read. */
    private void packQueries(Attention.Call call, int first, int valid, int head, long to, Memory memory) {
        int words = Math.ceilDiv(form.words(width), TurningCode.SIDE) * TurningCode.SIDE;
        long stride = (long) words * Float.BYTES;
        long lines = memory.lines.bytes(form.queries() * stride);
        words(call.q(), call.head(call.q(), first, head), valid, lines, stride);
        for (int i = 0; i < valid; i += TurningCode.SIDE) {
            turning.turn(lines + i * stride, stride, words, to + (long) i * Float.BYTES, form.wide());
        }
    }

    private void write(Attention.Call call, int first, int valid, int head, long sums, Memory memory) {
        long stride = (long) padded * Float.BYTES;
        long lines = memory.lines.bytes(form.queries() * stride);
        for (int i = 0; i < padded; i += TurningCode.SIDE) {
            turning.turn(
                    sums + (long) i * form.wide(), form.wide(), form.queries(), lines + (long) i * Float.BYTES, stride);
        }
        storing.store(
                lines,
                stride,
                valid,
                call.head(call.out(), first, head),
                call.out().stride());
    }
}
