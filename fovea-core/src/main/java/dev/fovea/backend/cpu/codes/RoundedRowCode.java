package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.QuantizedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A row of x in integers, 32 values at a time, with their scale and an eighth of their sum with its sign turned: by machine code
 * (AVX-512), because one thread does so before any can multiply. Of 8 bits with the same bits as {@link Quantized4}.
 */
final class RoundedRowCode implements RoundedRow {
    // constants
    private static final int MAGNITUDE_AT = 0;
    private static final int SMALLEST_AT = 4;
    private static final int LIMIT_AT = 8;
    private static final int UNIT_AT = 12;
    private static final int CONSTANT_BYTES = 16;

    // registers
    private static final int MAGNITUDE = 0;
    private static final int SMALLEST = 1;
    private static final int LIMIT = 2;
    private static final int UNIT = 3;
    private static final int NOTHING = 4;
    private static final int FIRST = 5;
    private static final int SECOND = 6;
    private static final int LARGEST = 7;
    private static final int OTHER = 8;
    private static final int INVERSE = 9;

    /** Orders of lanes that exchange halves, quarters, pairs and neighbours. */
    private static final int HALVES = 0x4e;

    private static final int NEIGHBOURS = 0xb1;

    /** First and third of four are a pair, second and fourth another, as codes of 8 bits meet them. */
    private static final int PAIRS = 0xd8;

    private final NativeFunction kernel;
    private final MemorySegment constants = Arena.global().allocate(CONSTANT_BYTES, CONSTANT_BYTES);

    /** @throws dev.fovea.error.NativeException where the system runs none */
    RoundedRowCode(int bits) {
        kernel = MachineCode.nativeFunction(code(bits));
        constants.set(ValueLayout.JAVA_INT, MAGNITUDE_AT, Integer.MAX_VALUE);
        constants.set(ValueLayout.JAVA_FLOAT, SMALLEST_AT, Quantized4.SMALLEST);
        constants.set(ValueLayout.JAVA_FLOAT, LIMIT_AT, bits == Byte.SIZE ? Byte.MAX_VALUE : Short.MAX_VALUE);
        constants.set(ValueLayout.JAVA_FLOAT, UNIT_AT, -QuantizedMatrix.ZERO_UNIT);
    }

    @Override
    public void write(long values, long integers, long scalars, long stride, long blocks) {
        kernel.call(values, integers, scalars, stride, blocks, constants.address());
    }

    private static byte[] code(int bits) {
        Assembler a = new Assembler(512);
        a.vpbroadcastd(MAGNITUDE, Address.of(Gpr.R9, MAGNITUDE_AT));
        a.vpbroadcastd(SMALLEST, Address.of(Gpr.R9, SMALLEST_AT));
        a.vpbroadcastd(LIMIT, Address.of(Gpr.R9, LIMIT_AT));
        a.vpbroadcastd(UNIT, Address.of(Gpr.R9, UNIT_AT));
        a.vxorps(NOTHING);
        int block = a.here();
        a.vmovups(FIRST, Address.of(Gpr.RDI, 0));
        a.vmovups(SECOND, Address.of(Gpr.RDI, TILE * Float.BYTES));
        largest(a);
        a.vdivps(INVERSE, LIMIT, LARGEST);
        a.vdivps(LARGEST, LARGEST, LIMIT);
        a.vmovss(Address.of(Gpr.RDX, 0), LARGEST);
        a.vmulps(FIRST, FIRST, INVERSE);
        a.vmulps(SECOND, SECOND, INVERSE);
        a.vcvtps2dq(FIRST, FIRST);
        a.vcvtps2dq(SECOND, SECOND);
        store(a, bits);
        a.vpaddd(FIRST, FIRST, SECOND);
        for (int step = 0; step < 4; step++) {
            exchange(a, step, FIRST);
            a.vpaddd(FIRST, FIRST, OTHER);
        }
        a.vcvtdq2ps(FIRST, FIRST);
        a.vmulps(FIRST, FIRST, UNIT);
        a.vmovss(Address.of(Gpr.RDX, Float.BYTES), FIRST);
        a.add(Gpr.RDI, BLOCK * Float.BYTES);
        a.add(Gpr.RSI, Gpr.RCX);
        a.add(Gpr.RDX, Gpr.RCX);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(block);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** Magnitudes are ordered as integers are, with infinity above all numbers and NaN above it; both become NaN. */
    private static void largest(Assembler a) {
        a.vpandd(LARGEST, FIRST, MAGNITUDE);
        a.vpandd(OTHER, SECOND, MAGNITUDE);
        a.vpmaxsd(LARGEST, LARGEST, OTHER);
        a.vpmaxsd(LARGEST, LARGEST, SMALLEST);
        for (int step = 0; step < 4; step++) {
            exchange(a, step, LARGEST);
            a.vpmaxsd(LARGEST, LARGEST, OTHER);
        }
        a.vmulps(OTHER, LARGEST, NOTHING);
        a.vaddps(512, LARGEST, LARGEST, OTHER);
    }

    private static void exchange(Assembler a, int step, int from) {
        int order = step % 2 == 0 ? HALVES : NEIGHBOURS;
        if (step < 2) {
            a.vshufi64x2(OTHER, from, from, order);
        } else {
            a.vpshufd(OTHER, from, order);
        }
    }

    private static void store(Assembler a, int bits) {
        if (bits == Byte.SIZE) {
            a.vpmovsdb(Address.of(Gpr.RSI, 0), FIRST);
            a.vpmovsdb(Address.of(Gpr.RSI, TILE), SECOND);
        } else {
            a.vpshufd(OTHER, FIRST, PAIRS);
            a.vpmovsdw(Address.of(Gpr.RSI, 0), OTHER);
            a.vpshufd(OTHER, SECOND, PAIRS);
            a.vpmovsdw(Address.of(Gpr.RSI, TILE * Short.BYTES), OTHER);
        }
    }
}
