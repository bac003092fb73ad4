package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.RowMath;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** One query of bfloat16 with a key head, by {@link StepCode}: a step of decoding. A head's bits do not depend on those beside it. */
final class StepBlock {
    private static final int LEAST_KEYS = 16;
    private static final int MOST_HEADS = 16;

    /** Bytes from key to key: of a block there may be as many in scratch. */
    private static final int LARGEST_STRIDE = 1 << 16;

    private static final Map<StepCode.Form, StepCode> KERNELS = new ConcurrentHashMap<>();
    private static final ThreadLocal<Memory> SCRATCH = ThreadLocal.withInitial(Memory::new);

    /** A thread's scratch. */
    private static final class Memory {
        private final Buffer queries = new Buffer();
        private final Buffer keys = new Buffer();
        private final Buffer values = new Buffer();
        private final Buffer scores = new Buffer();
        private final Buffer sums = new Buffer();
        private final Buffer frame = new Buffer();
        private float[] line = {};
    }

    private StepBlock() {}

    /** Whether it attends to a call's spans of one query. */
    static boolean suits(Attention.Call call) {
        int width = call.heads().width();
        return call.q().dtype() == DType.BFLOAT16
                && SpanAttention.suits(call)
                && !call.ofPrompts()
                && width % 32 == 0
                && width <= SpanAttention.LARGEST_WIDTH
                && call.heads().shared() <= MOST_HEADS
                && Math.max(call.k().stride(), call.v().stride()) <= LARGEST_STRIDE;
    }

    static boolean suits(Attention.Span span) {
        return span.count() == 1 && span.to() - span.from() >= LEAST_KEYS;
    }

    /** Some heads, on the current thread. */
    static void run(Attention.Call call, Attention.Span span, Attention.HeadPart heads) {
        int width = call.heads().width();
        Rows k = call.k();
        Rows v = call.v();
        var form = new StepCode.Form(heads.count(), width, (int) k.stride(), (int) v.stride());
        StepCode found = KERNELS.get(form); // without a lock, unlike the other
        StepCode code = found != null ? found : KERNELS.computeIfAbsent(form, StepCode::new);
        Memory memory = SCRATCH.get();
        long queries = memory.queries.bytes((long) width / 2 * form.line());
        packQueries(call, span, heads, queries, form.line());
        long scores = memory.scores.bytes((long) StepCode.BLOCK * form.line());
        long sums = memory.sums.floats((long) heads.count() * width);
        MEMORY.asSlice(sums, 4L * heads.count() * width).fill((byte) 0);
        long frame = memory.frame.bytes(StepCode.FRAME_BYTES);
        StepCode.begin(frame, call.scale());
        int count = span.to() - span.from();
        int blocks = Math.ceilDiv(count, StepCode.BLOCK); // all about as long
        for (int block = 0; block < blocks; block++) {
            int from = span.from() + (int) ((long) count * block / blocks);
            int keys = span.from() + (int) ((long) count * (block + 1) / blocks) - from;
            long key = call.head(k, call.mask().row(span.first(), from), heads.group());
            long value = call.head(v, call.mask().row(span.first(), from), heads.group());
            if (call.run(span.first(), from, keys) < keys) {
                key = gather(call, span, heads, k, from, keys, memory.keys);
                value = gather(call, span, heads, v, from, keys, memory.values);
            }
            code.attend(queries, key, value, keys, scores, sums, frame);
        }
        write(call, span, heads, sums, frame, memory);
    }

    /** For each pair of values all heads. */
    private static void packQueries(
            Attention.Call call, Attention.Span span, Attention.HeadPart heads, long to, int line) {
        int words = call.heads().width() / 2;
        for (int head = 0; head < heads.count(); head++) {
            long from = call.head(call.q(), span.first(), heads.first() + head);
            for (int word = 0; word < words; word++) {
                MEMORY.set(INT, to + (long) word * line + 4L * head, MEMORY.get(INT, from + 4L * word));
            }
        }
        for (int head = heads.count(); head < line / Float.BYTES; head++) {
            for (int word = 0; word < words; word++) {
                MEMORY.set(INT, to + (long) word * line + 4L * head, 0);
            }
        }
    }

    /** Rows of a block that do not lie one behind the other, as far apart as if they did. */
    private static long gather(
            Attention.Call call,
            Attention.Span span,
            Attention.HeadPart heads,
            Rows source,
            int from,
            int count,
            Buffer memory) {
        long to = memory.bytes(StepCode.BLOCK * source.stride());
        long bytes = (long) call.heads().width() * Short.BYTES;
        for (int i = 0; i < count; i++) {
            long row = call.head(source, call.mask().row(span.first(), from + i), heads.group());
            MemorySegment.copy(MEMORY, row, MEMORY, to + i * source.stride(), bytes);
        }
        return to;
    }

    private static void write(
            Attention.Call call, Attention.Span span, Attention.HeadPart heads, long sums, long frame, Memory memory) {
        int width = call.heads().width();
        memory.line = Lanes.atLeast(memory.line, width);
        for (int head = 0; head < heads.count(); head++) {
            Lanes.copy(sums + 4L * head * width, memory.line, 0, width);
            RowMath.scale(memory.line, 1 / StepCode.total(frame, head), width);
            Lanes.store(
                    DType.BFLOAT16, memory.line, 0, call.head(call.out(), span.first(), heads.first() + head), width);
        }
    }
}
