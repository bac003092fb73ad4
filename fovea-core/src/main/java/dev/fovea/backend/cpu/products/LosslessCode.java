package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Weights in 12 bits by machine code: their values, or their products with rows of x where they lie, with the bits of {@link DotCode}: with
 * some rows of bfloat16 in pairs, else with one row at a time.
 */
final class LosslessCode {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Upper bytes above a base: three bits, and the sign. */
    private static final long UPPERS = 0x0706050403020100L;

    private static final long NEGATIVE_UPPERS = UPPERS | 0x8080808080808080L;
    private static final int HALVES = 0x0f0f0f0f;

    private static final ThreadLocal<Buffer> MEMORIES = ThreadLocal.withInitial(Buffer::new);

    private static final ThreadLocal<Buffer> ARRANGED = ThreadLocal.withInitial(Buffer::new);

    private final int bits;
    private final Map<Integer, NativeFunction> kernels = new ConcurrentHashMap<>();
    private final Map<DType, NativeFunction> arranging = new ConcurrentHashMap<>();
    private @Nullable NativeFunction byRow;

    /** Of vectors of so many bits; products in pairs are of 512 alone. */
    LosslessCode(int bits) {
        this.bits = bits;
    }

    /**
     * Copies some blocks of rows from a multiple of {@link dev.fovea.tensor.LosslessMatrix#GROUP} on to rows of bfloat16. What lies behind
     * the last, up to such a multiple, is written too.
     *
     * @param stride bytes from row to row of the copy
     */
    void widen(LosslessWeight w, int first, int rows, int block, int blocks, long to, long stride) {
        long table = table(w, 0);
        MEMORY.set(LONG, table + LosslessLoop.STRIDE_AT, stride);
        MEMORY.set(LONG, table + LosslessLoop.CODES_SKIP_AT, (long) (w.blocks() - blocks) * BLOCK_BYTES);
        MEMORY.set(LONG, table + LosslessLoop.BASES_SKIP_AT, (long) (w.blocks() - blocks) * GROUP);
        int group = first / GROUP;
        kernel(0)
                .call(
                        w.codes(group, block),
                        w.bases(group, block),
                        Math.ceilDiv(rows, GROUP),
                        to,
                        (long) blocks * BLOCK,
                        0,
                        table);
    }

    /**
     * As {@link DotCode#multiply}, for rows from a multiple of {@link dev.fovea.tensor.LosslessMatrix#GROUP} on.
     *
     * @param x whose rows are as wide as the weight's
     * @param pairs whether both are multiplied in pairs; else count is 1
     */
    void multiply(
            LosslessWeight w,
            int first,
            int rows,
            Panel.Strip x,
            int t,
            int count,
            boolean pairs,
            float[] line,
            int step) {
        int groups = Math.ceilDiv(rows, GROUP);
        int group = first / GROUP;
        int width = groups * GROUP;
        long rowBytes = (long) width * Float.BYTES;
        long table = table(w, rowBytes * count);
        MEMORY.set(LONG, table + LosslessLoop.STRIDE_AT, rowBytes);
        long results = table + LosslessLoop.TABLE_BYTES;
        long from = pairs ? x.row(t) : arranged(x, t);
        (pairs ? kernel(count) : byRow())
                .call(w.codes(group, 0), w.bases(group, 0), groups, from, x.pitch(), results, table);
        for (int row = 0; row < count; row++) {
            Lanes.copy(results + row * rowBytes, line, row * step, width);
        }
    }

    private long arranged(Panel.Strip x, int t) {
        long to = ARRANGED.get().floats(x.pitch());
        arranging
                .computeIfAbsent(x.dtype(), dtype -> MachineCode.nativeFunction(LosslessRowKernel.arranging(dtype)))
                .call(x.row(t), to, x.pitch(), 0, 0, 0);
        return to;
    }

    /** With room for results behind it. */
    private static long table(LosslessWeight w, long results) {
        long table = MEMORIES.get().bytes(LosslessLoop.TABLE_BYTES + results);
        MEMORY.set(LONG, table + LosslessLoop.RAW_AT, w.raw());
        MEMORY.set(LONG, table + LosslessLoop.LAST_AT, w.last());
        MEMORY.set(LONG, table + LosslessLoop.UPPERS_AT, UPPERS);
        MEMORY.set(LONG, table + LosslessLoop.UPPERS_AT + Long.BYTES, NEGATIVE_UPPERS);
        MEMORY.set(INT, table + LosslessLoop.HALVES_AT, HALVES);
        MEMORY.set(LONG, table + LosslessLoop.CODES_SKIP_AT, 0);
        MEMORY.set(LONG, table + LosslessLoop.BASES_SKIP_AT, 0);
        return table;
    }

    private NativeFunction kernel(int rows) {
        NativeFunction made = kernels.get(rows); // without a lock, unlike the other
        return made != null
                ? made
                : kernels.computeIfAbsent(rows, r -> MachineCode.nativeFunction(new LosslessKernel(bits, r).code()));
    }

    private synchronized NativeFunction byRow() {
        if (byRow == null) {
            byRow = MachineCode.nativeFunction(LosslessRowKernel.code());
        }
        return byRow;
    }
}
