package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.TurningCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;

/**
 * Spans of queries by {@link VectorFlashCode}. What a query of a prompt gets does not depend on where its prompt is cut: blocks of keys
 * begin at places of the sequence, and keys that a query does not see leave its sums as they are.
 */
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
    public boolean suits(Attention.Call call, Attention.Span span) {
        boolean enough = span.count() >= LEAST_QUERIES && span.to() - span.from() >= LEAST_KEYS;
        return call.ofPrompts() || enough && call.mask().rows().length == 0;
    }

    /** A row is a query and one of the heads that share the key head. */
    @Override
    public void run(Attention.Call call, Attention.Span span, int group) {
        Memory memory = MEMORY.get();
        int start = call.ofPrompts() ? span.from() / form.block * form.block : span.from();
        int count = span.to() - start;
        long keys = memory.keys.bytes((long) code.room(count) * code.keyStride());
        long values = memory.values.bytes((long) count * code.valueStride());
        packKeys(call, span, group, start, keys, values);
        long frame = memory.frame.bytes(VectorFrame.BYTES);
        long scores = memory.scores.bytes(code.scoresBytes());
        long sums = memory.sums.bytes((long) padded * form.wide());
        long queries = memory.queries.bytes((long) padded * form.wide());
        int shared = call.heads().shared();
        int end = (span.first() + span.count()) * shared;
        for (int row = span.first() * shared; row < end; row += form.queries()) {
            FlashRows rows = new FlashRows(call, group, row, Math.min(form.queries(), end - row));
            int first = start + (rows.from() - start) / form.block * form.block;
            rows.see(frame, first, form.block);
            packQueries(rows, queries, memory);
            code.attend(
                    queries,
                    keys + (long) (first - start) * code.keyStride(),
                    values + (long) (first - start) * code.valueStride(),
                    rows.to() - first,
                    call.scale(),
                    scores,
                    sums,
                    frame);
            write(rows, sums, memory);
        }
    }

    /** Keys and values from a position on; values in front of the span's first are zero, as zero times what memory holds need not be. */
    private void packKeys(Attention.Call call, Attention.Span span, int group, int start, long keys, long values) {
        int skipped = span.from() - start;
        Lanes.MEMORY.asSlice(values, (long) skipped * code.valueStride()).fill((byte) 0);
        for (int position = span.from(), run; position < span.to(); position += run) {
            run = call.run(span.first(), position, span.to() - position);
            int row = call.mask().row(span.first(), position);
            int at = position - start;
            Rows k = call.k();
            long key = keys + (long) at * code.keyStride();
            words(k.dtype(), call.head(k, row, group), k.stride(), run, key, code.keyStride());
            Rows v = call.v();
            long value = values + (long) at * code.valueStride();
            widen(v.dtype(), call.head(v, row, group), v.stride(), run, width, value, code.valueStride());
        }
    }

    /** A head's part of rows, as words of scores. */
    private void words(DType dtype, long from, long fromStride, int count, long to, long stride) {
        widen(form.pairs() ? DType.FLOAT32 : dtype, from, fromStride, count, form.words(width), to, stride);
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

    /** What is in lanes without a row is not read. */
    private void packQueries(FlashRows rows, long to, Memory memory) {
        int words = Math.ceilDiv(form.words(width), TurningCode.SIDE) * TurningCode.SIDE;
        long stride = (long) words * Float.BYTES;
        long lines = memory.lines.bytes(form.queries() * stride);
        Rows q = rows.call().q();
        for (int i = 0, run; i < rows.count(); i += run) {
            run = rows.run(i);
            words(q.dtype(), rows.at(q, i), rows.stride(q), run, lines + i * stride, stride);
        }
        for (int i = 0; i < rows.count(); i += TurningCode.SIDE) {
            turning.turn(lines + i * stride, stride, words, to + (long) i * Float.BYTES, form.wide());
        }
    }

    private void write(FlashRows rows, long sums, Memory memory) {
        long stride = (long) padded * Float.BYTES;
        long lines = memory.lines.bytes(form.queries() * stride);
        for (int i = 0; i < padded; i += TurningCode.SIDE) {
            turning.turn(
                    sums + (long) i * form.wide(), form.wide(), form.queries(), lines + (long) i * Float.BYTES, stride);
        }
        Rows out = rows.call().out();
        for (int i = 0, run; i < rows.count(); i += run) {
            run = rows.run(i);
            storing.store(lines + i * stride, stride, run, rows.at(out, i), rows.stride(out));
        }
    }
}
