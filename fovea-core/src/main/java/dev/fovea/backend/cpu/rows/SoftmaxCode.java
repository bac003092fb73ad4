package dev.fovea.backend.cpu.rows;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;

/**
 * {@link RowSoftmax} in machine code, operation by operation and so with the bits of {@link VectorSoftmax}; but where a value is NaN the
 * largest may be another.
 */
final class SoftmaxCode {
    private static final int VALUE = 0;
    private static final int SUM = 1;
    private static final int FACTOR = 2;
    private static final int SHIFT = 3;
    private static final int SCRATCH = 4;

    private static final int EVEN = 0;
    private static final int ODD = 1;

    private static final int BITS = Lanes.SHAPE.vectorBitSize();

    private static final NativeFunction LARGEST = MachineCode.nativeFunction(largest());
    private static final NativeFunction WEIGHTS = MachineCode.nativeFunction(weights());
    private static final NativeFunction ACCUMULATE = MachineCode.nativeFunction(accumulate());

    private SoftmaxCode() {}

    static float largest(long row, int count) {
        return result(LARGEST.call(row, count, 0, 0, 0, 0));
    }

    static float weights(long row, int count, float scale, float base) {
        return result(WEIGHTS.call(row, count, word(scale), word(-base), 0, 0));
    }

    static void accumulate(long sums, long partial, int count, float shrink) {
        ACCUMULATE.call(sums, count, word(shrink), partial, 0, 0);
    }

    private static long word(float value) {
        return Float.floatToRawIntBits(value);
    }

    private static float result(long word) {
        return Float.intBitsToFloat((int) word);
    }

    private static byte[] largest() {
        Assembler a = new Assembler(BITS);
        a.vmovups(EVEN, Address.of(Gpr.RDI, 0));
        a.vmovaps(ODD, EVEN);
        a.clear(Gpr.RAX);
        int loop = a.here();
        larger(a, EVEN, Address.indexed(Gpr.RDI, Gpr.RAX, 2), SCRATCH);
        larger(a, ODD, Address.indexed(Gpr.RDI, Gpr.RAX, 2, BITS / Byte.SIZE), SCRATCH + 1);
        next(a, 2, loop);
        a.vmaxps(EVEN, ODD, EVEN);
        LaneCode.largest(a, BITS, EVEN, SCRATCH);
        return ending(a, EVEN);
    }

    private static void larger(Assembler a, int largest, Address values, int scratch) {
        a.vmovups(scratch, values);
        a.vmaxps(largest, scratch, largest);
    }

    private static byte[] weights() {
        Assembler a = new Assembler(BITS);
        LaneCode.begin(a);
        broadcast(a, FACTOR, Gpr.RDX);
        broadcast(a, SHIFT, Gpr.RCX);
        a.vxorps(SUM);
        a.clear(Gpr.RAX);
        FunctionCode functions = new FunctionCode(a, BITS, SCRATCH);
        Address values = LaneCode.at(DType.FLOAT32, Gpr.RDI, Gpr.RAX);
        int loop = a.here();
        a.vmovups(VALUE, values);
        a.vfmadd213ps(VALUE, FACTOR, SHIFT);
        functions.expUpTo88(VALUE);
        a.vmovups(values, VALUE);
        a.vaddps(BITS, SUM, SUM, VALUE);
        next(a, 1, loop);
        LaneCode.sum(a, BITS, SUM, SCRATCH);
        return ending(a, SUM);
    }

    private static byte[] accumulate() {
        Assembler a = new Assembler(BITS);
        broadcast(a, FACTOR, Gpr.RDX);
        a.clear(Gpr.RAX);
        Address sums = LaneCode.at(DType.FLOAT32, Gpr.RDI, Gpr.RAX);
        int loop = a.here();
        a.vmovups(VALUE, sums);
        a.vfmadd213ps(VALUE, FACTOR, LaneCode.at(DType.FLOAT32, Gpr.RCX, Gpr.RAX));
        a.vmovups(sums, VALUE);
        next(a, 1, loop);
        return ending(a, VALUE);
    }

    private static void broadcast(Assembler a, int to, Gpr from) {
        a.vmovd(to, from);
        a.vpbroadcastd(to, to);
    }

    /** Goes on behind so many vectors. */
    private static void next(Assembler a, int vectors, int loop) {
        a.add(Gpr.RAX, vectors * Lanes.COUNT);
        a.cmp(Gpr.RAX, Gpr.RSI);
        a.jumpIfBelow(loop);
    }

    /** Returns the lowest lane. */
    private static byte[] ending(Assembler a, int result) {
        a.vmovd(Gpr.RAX, result);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
