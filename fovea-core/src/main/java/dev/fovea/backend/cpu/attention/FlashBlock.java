package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.products.NarrowingCode;
import dev.fovea.backend.cpu.products.TurningCode;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Spans of queries that see the same keys, by {@link FlashCode}: keys and values are packed once for all queries of a span. */
final class FlashBlock implements SpanAttention {
    /** With fewer, a weight's 17 bits could be seen among the roundings of a float32 sum. */
    private static final int LEAST_KEYS = 48;

    private static final ThreadLocal<Memory> MEMORY_OF = ThreadLocal.withInitial(Memory::new);

    private final FlashCode code;
    private final RowsCode rows;
    private final TurningCode turning;
    private final NarrowingCode narrowing;
    private final int width;

    /** A thread's scratch. */
    private static final class Memory {
        private final Buffer keys = new Buffer();
        private final Buffer values = new Buffer();
        private final Buffer lines = new Buffer();
        private final Buffer pairs = new Buffer();
        private final Buffer queries = new Buffer();
        private final Buffer scores = new Buffer();
        private final Buffer sums = new Buffer();
        private final Buffer results = new Buffer();
        private final Buffer zeros = new Buffer();
        private final Buffer frame = new Buffer();
    }

    FlashBlock(int width) {
        this.width = width;
        code = new FlashCode(width);
        rows = new RowsCode(width);
        turning = new TurningCode();
        narrowing = new NarrowingCode(FlashCode.QUERIES, DType.BFLOAT16);
    }

    /** Whether the dtype, the width of heads and a mask without a table of rows are what it attends to. */
    static boolean suits(Attention.Call call) {
        boolean pairs = call.q().dtype() == DType.BFLOAT16 && call.heads().width() % 2 == 0;
        return pairs && call.mask().rows().length == 0;
    }

    /** Where all queries of a span see the same keys, and enough of them. */
    @Override
    public boolean suits(Attention.Call call, Attention.Span span) {
        if (span.count() < LEAST_QUERIES || span.to() - span.from() < LEAST_KEYS) {
            return false;
        }
        for (int i = span.first(); i < span.first() + span.count(); i++) {
            if (call.mask().from()[i] != span.from() || call.mask().to()[i] != span.to()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void run(Attention.Call call, Attention.Span span, int group) {
        Memory memory = MEMORY_OF.get();
        int count = span.to() - span.from();
        long keys = memory.keys.bytes((long) Math.ceilDiv(count, FlashCode.STEP) * FlashCode.STEP * code.keyStride());
        rows.copy(call.k(), call.head(call.k(), span.from(), group), count, keys);
        long values = memory.values.bytes(Math.ceilDiv(count, FlashCode.BLOCK) * code.valuesBytes());
        packValues(call, span, group, values, memory);
        long frame = memory.frame.bytes(FlashFrame.BYTES);
        FlashFrame.prepare(frame);
        long scores = memory.scores.bytes(FlashCode.scoresBytes());
        long sums = memory.sums.bytes(code.sumsBytes());
        long queries = memory.queries.bytes((long) code.words() * FlashCode.QUERIES * Float.BYTES);
        int shared = call.heads().shared();
        for (int head = group * shared; head < (group + 1) * shared; head++) {
            for (int i = 0; i < span.count(); i += FlashCode.QUERIES) {
                int first = span.first() + i;
                int valid = Math.min(FlashCode.QUERIES, span.count() - i);
                packQueries(call, first, valid, head, queries, memory);
                code.attend(queries, keys, values, count, call.scale(), scores, sums, frame);
                write(call, first, valid, head, sums, memory);
            }
        }
    }

    private void packValues(Attention.Call call, Attention.Span span, int group, long to, Memory memory) {
        int stride = rows.stride();
        long lines = memory.lines.bytes((long) FlashCode.BLOCK * stride);
        long pairs = memory.pairs.bytes((long) FlashCode.BLOCK * stride);
        int keysOfTurn = 2 * TurningCode.SIDE;
        for (int key = span.from(); key < span.to(); key += FlashCode.BLOCK) {
            int count = Math.min(FlashCode.BLOCK, span.to() - key);
            int filled = Math.ceilDiv(count, FlashCode.STEP) * FlashCode.STEP;
            rows.copy(call.v(), call.head(call.v(), key, group), count, lines);
            MEMORY.asSlice(lines + (long) count * stride, (long) (filled - count) * stride)
                    .fill((byte) 0);
            rows.pairs(lines, filled / 2, pairs);
            for (int i = 0; i < filled; i += keysOfTurn) {
                turning.turn(
                        pairs + (long) i * stride,
                        2L * stride,
                        code.values(),
                        to + (long) i * Short.BYTES,
                        FlashCode.VALUES_STRIDE);
            }
            to += code.valuesBytes();
        }
    }

    private void packQueries(Attention.Call call, int first, int valid, int head, long to, Memory memory) {
        int stride = rows.stride();
        long lines = memory.lines.bytes((long) FlashCode.QUERIES * stride);
        rows.copy(call.q(), call.head(call.q(), first, head), valid, lines);
        MEMORY.asSlice(lines + (long) valid * stride, (long) (FlashCode.QUERIES - valid) * stride)
                .fill((byte) 0);
        for (int i = 0; i < FlashCode.QUERIES; i += TurningCode.SIDE) {
            turning.turn(
                    lines + (long) i * stride,
                    stride,
                    code.words(),
                    to + (long) i * Float.BYTES,
                    (long) FlashCode.QUERIES * Float.BYTES);
        }
    }

    private void write(Attention.Call call, int first, int valid, int head, long sums, Memory memory) {
        Rows out = call.out();
        long zeros = memory.zeros.floats(code.values());
        MEMORY.asSlice(zeros, (long) code.values() * Float.BYTES).fill((byte) 0);
        long to = call.head(out, first, head);
        if (valid == FlashCode.QUERIES && width == code.values()) {
            narrowing.narrow(sums, zeros, width, to, out.stride());
            return;
        }
        long stride = (long) code.values() * Short.BYTES;
        long results = memory.results.bytes(FlashCode.QUERIES * stride);
        narrowing.narrow(sums, zeros, code.values(), results, stride);
        for (int i = 0; i < valid; i++) {
            MemorySegment.copy(MEMORY, results + i * stride, MEMORY, to + i * out.stride(), (long) width * Short.BYTES);
        }
    }
}
