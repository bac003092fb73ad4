package dev.fovea.media.transforms;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * {@link FloatAxis} by machine code (AVX2 and FMA). All sums of an axis have as many terms, some of which are nothing: a first
 * one, groups that are rounded, and the fused ones, which are read from where they are.
 */
final class FloatTaps {
    private static final int LANES = 8;
    private static final int FUSED = FloatAxis.GROUP - 1;

    /** float32 values that a kernel along columns takes at a time. */
    static final int PIECE = 4 * LANES;

    private static final int PIXEL = 3 * Float.BYTES;

    // a new value: offsets of the first and of the fused terms along a row, the number of groups, weights
    private static final int FUSED_AT = 8;
    private static final int GROUPS_AT = 16;
    private static final int WEIGHTS_AT = 24;

    // registers
    private static final int WEIGHT = 4;
    private static final int PRODUCT = 5;

    private static final NativeFunction WIDEN = MachineCode.nativeFunction(widening());
    private static final NativeFunction ALONG_ROWS = MachineCode.nativeFunction(alongRows());
    private static final NativeFunction ALONG_COLUMNS = MachineCode.nativeFunction(alongColumns(false));
    private static final NativeFunction ALONG_COLUMNS_TO_BYTES = MachineCode.nativeFunction(alongColumns(true));

    private final FloatAxis axis;
    private final int groups;
    private final long bytes; // of a new value's record
    private final MemorySegment records;

    FloatTaps(FloatAxis axis) {
        this.axis = axis;
        groups = Math.max(
                1,
                IntStream.range(0, axis.size())
                        .map(i -> axis.rounded(i) / FloatAxis.GROUP)
                        .max()
                        .orElse(1));
        bytes = WEIGHTS_AT + (1 + (long) groups * FloatAxis.GROUP + FUSED) * Float.BYTES;
        records = Arena.ofAuto().allocate(axis.size() * bytes, Long.BYTES);
        for (int i = 0; i < axis.size(); i++) {
            put(i, records.asSlice(i * bytes, bytes));
        }
    }

    private void put(int i, MemorySegment record) {
        float[] weights = axis.weights()[i];
        int rounded = axis.rounded(i);
        record.set(JAVA_LONG_UNALIGNED, 0, (long) axis.first()[i] * PIXEL);
        record.set(JAVA_LONG_UNALIGNED, FUSED_AT, (long) (axis.first()[i] + rounded) * PIXEL);
        record.set(JAVA_LONG_UNALIGNED, GROUPS_AT, groups);
        for (int k = 0; k < weights.length; k++) {
            int place = k < rounded ? k : 1 + groups * FloatAxis.GROUP + k - rounded;
            record.set(JAVA_FLOAT, WEIGHTS_AT + 4L * place, weights[k]);
        }
    }

    /** Values that are read from a new value's first one on. Those behind what it sees count nothing, but must be numbers. */
    int readable() {
        return 1 + groups * FloatAxis.GROUP + FUSED + FUSED;
    }

    /** Bytes to float32, so many and up to 7 more. */
    static void widen(MemorySegment from, MemorySegment to, long count) {
        WIDEN.call(from.address(), to.address(), Math.ceilDiv(count, LANES), 0, 0, 0);
    }

    /** A new row of an old one, pixels of three values; one more value is written behind it. */
    void weighRow(MemorySegment in, MemorySegment out) {
        ALONG_ROWS.call(in.address(), records.address(), out.address(), axis.size(), 0, 0);
    }

    /**
     * New row i.
     *
     * @param in the first row that lies there
     * @param row its number
     * @param pitch bytes from row to row
     * @param values of a row, which are read and written in whole pieces
     * @param toBytes whether values are rounded to bytes, 0 to 255
     */
    void weighColumns(int i, MemorySegment in, int row, long pitch, MemorySegment out, int values, boolean toBytes) {
        long first = (long) axis.first()[i] - row;
        (toBytes ? ALONG_COLUMNS_TO_BYTES : ALONG_COLUMNS)
                .call(
                        in.address() + first * pitch,
                        in.address() + (first + axis.rounded(i)) * pitch,
                        pitch,
                        records.address() + i * bytes,
                        out.address(),
                        Math.ceilDiv(values, PIECE));
    }

    /** A function of bytes, values and groups of eight. */
    private static byte[] widening() {
        Assembler a = new Assembler(256);
        int loop = a.here();
        a.vpmovzxbd(0, Address.of(Gpr.RDI, 0));
        a.vcvtdq2ps(0, 0);
        a.vmovups(Address.of(Gpr.RSI, 0), 0);
        a.add(Gpr.RDI, LANES);
        a.add(Gpr.RSI, LANES * Float.BYTES);
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(loop);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** A function of the old row, records, the new row and its pixels. Three lanes are a pixel's, a fourth one nobody's. */
    private static byte[] alongRows() {
        Assembler a = new Assembler(128);
        int pixel = a.here();
        a.load(Gpr.RAX, Address.of(Gpr.RSI, 0));
        a.load(Gpr.R10, Address.of(Gpr.RSI, FUSED_AT));
        a.load(Gpr.R11, Address.of(Gpr.RSI, GROUPS_AT));
        a.add(Gpr.RAX, Gpr.RDI);
        a.add(Gpr.R10, Gpr.RDI);
        a.vpbroadcastd(0, Address.of(Gpr.RSI, WEIGHTS_AT));
        a.vmulps(0, 0, Address.of(Gpr.RAX, 0));
        a.add(Gpr.RAX, PIXEL);
        a.add(Gpr.RSI, WEIGHTS_AT + Float.BYTES);
        int group = a.here();
        for (int k = 0; k < FloatAxis.GROUP; k++) {
            a.vpbroadcastd(1, Address.of(Gpr.RSI, k * Float.BYTES));
            a.vmulps(1, 1, Address.of(Gpr.RAX, k * PIXEL));
            a.vaddps(128, 0, 0, 1);
        }
        a.add(Gpr.RAX, FloatAxis.GROUP * PIXEL);
        a.add(Gpr.RSI, FloatAxis.GROUP * Float.BYTES);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(group);
        for (int k = 0; k < FUSED; k++) {
            a.vpbroadcastd(1, Address.of(Gpr.RSI, k * Float.BYTES));
            a.vfmadd231ps(0, 1, Address.of(Gpr.R10, k * PIXEL));
        }
        a.vmovups(Address.of(Gpr.RDX, 0), 0);
        a.add(Gpr.RSI, FUSED * Float.BYTES);
        a.add(Gpr.RDX, PIXEL);
        a.sub(Gpr.RCX, 1);
        a.jumpIfNotZero(pixel);
        a.ret();
        return a.code();
    }

    /** A function of the first row, the first fused row, the pitch, the new row's record, the new row and its pieces. */
    private static byte[] alongColumns(boolean toBytes) {
        Assembler a = new Assembler(256);
        a.push(Gpr.RBX);
        int piece = a.here();
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.R10, Gpr.RCX);
        a.load(Gpr.R11, Address.of(Gpr.RCX, GROUPS_AT));
        a.vpbroadcastd(WEIGHT, Address.of(Gpr.R10, WEIGHTS_AT));
        for (int v = 0; v < PIECE / LANES; v++) {
            a.vmulps(v, WEIGHT, at(Gpr.RAX, v));
        }
        int group = a.here();
        for (int k = 1; k <= FloatAxis.GROUP; k++) {
            a.add(Gpr.RAX, Gpr.RDX);
            a.vpbroadcastd(WEIGHT, Address.of(Gpr.R10, WEIGHTS_AT + k * Float.BYTES));
            for (int v = 0; v < PIECE / LANES; v++) {
                a.vmulps(PRODUCT, WEIGHT, at(Gpr.RAX, v));
                a.vaddps(256, v, v, PRODUCT);
            }
        }
        a.add(Gpr.R10, FloatAxis.GROUP * Float.BYTES);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(group);
        a.mov(Gpr.RAX, Gpr.RSI);
        for (int k = 1; k <= FUSED; k++) {
            a.vpbroadcastd(WEIGHT, Address.of(Gpr.R10, WEIGHTS_AT + k * Float.BYTES));
            for (int v = 0; v < PIECE / LANES; v++) {
                a.vfmadd231ps(v, WEIGHT, at(Gpr.RAX, v));
            }
            a.add(Gpr.RAX, Gpr.RDX);
        }
        store(a, toBytes);
        a.add(Gpr.RDI, PIECE * Float.BYTES);
        a.add(Gpr.RSI, PIECE * Float.BYTES);
        a.add(Gpr.R8, toBytes ? PIECE : PIECE * Float.BYTES);
        a.sub(Gpr.R9, 1);
        a.jumpIfNotZero(piece);
        a.vzeroupper();
        a.pop(Gpr.RBX);
        a.ret();
        return a.code();
    }

    private static Address at(Gpr row, int vector) {
        return Address.of(row, vector * LANES * Float.BYTES);
    }

    /** Packing takes halves of 128 bits in turn, so that groups of four bytes are put in order at the end. */
    private static void store(Assembler a, boolean toBytes) {
        if (!toBytes) {
            for (int v = 0; v < PIECE / LANES; v++) {
                a.vmovups(at(Gpr.R8, v), v);
            }
            return;
        }
        for (int v = 0; v < PIECE / LANES; v++) {
            a.vcvtps2dq(v, v);
        }
        a.vpackssdw(0, 0, 1);
        a.vpackssdw(2, 2, 3);
        a.vpackuswb(0, 0, 2);
        a.vextractUpperHalf(256, 1, 0);
        a.vpunpckldq(2, 0, 1);
        a.vpunpckhdq(3, 0, 1);
        a.vmovups(128, Address.of(Gpr.R8, 0), 2);
        a.vmovups(128, Address.of(Gpr.R8, 16), 3);
    }
}
