package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.products.LosslessLoop.COLUMN;
import static dev.fovea.backend.cpu.products.LosslessLoop.RESULTS;
import static dev.fovea.backend.cpu.products.LosslessLoop.ROWS;
import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.tensor.DType;

/**
 * Values in 12 bits become float32 and meet one row of x, by vectors of 256 bits, with the sums of {@link Dot}: those of lanes 0 to 3 and
 * 8 to 11 are one register, the others another, since that is what interleaving with zeros makes of the values. x lies in this order,
 * which {@link #arranging} gives it.
 */
final class LosslessRowKernel implements LosslessLoop.Body {
    private static final int BITS = 256;

    /** Bytes of values that are interleaved with zeros at a time. */
    private static final int STEP = BITS / Byte.SIZE;

    private static final int VALUES = 2 * GROUP;
    private static final int ZERO = VALUES + 4;
    private static final LosslessLoop LOOP = new LosslessLoop(BITS, ZERO + 1, ZERO + 2, ZERO + 3);

    private LosslessRowKernel() {}

    static byte[] code() {
        return LOOP.code(new LosslessRowKernel());
    }

    /** A function of a row of the dtype, its copy in float32 and its width, a multiple of {@link Dot#LANES}. */
    static byte[] arranging(DType dtype) {
        Assembler a = new Assembler(BITS);
        a.clear(Gpr.RAX);
        int loop = a.here();
        LaneCode.load(a, dtype, 0, Gpr.RDI, Gpr.RAX);
        a.add(Gpr.RAX, Dot.LANES / 2);
        LaneCode.load(a, dtype, 1, Gpr.RDI, Gpr.RAX);
        a.add(Gpr.RAX, Dot.LANES / 2);
        a.vperm2f128(2, 0, 1, 0x20);
        a.vperm2f128(3, 0, 1, 0x31);
        a.vmovups(Address.of(Gpr.RSI, 0), 2);
        a.vmovups(Address.of(Gpr.RSI, STEP), 3);
        a.add(Gpr.RSI, 2 * STEP);
        a.cmp(Gpr.RAX, Gpr.RDX);
        a.jumpIfBelow(loop);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    @Override
    public void begin(Assembler a) {
        a.vxorps(ZERO);
    }

    @Override
    public void beginGroup(Assembler a) {
        for (int sum = 0; sum < 2 * GROUP; sum++) {
            a.vxorps(sum);
        }
    }

    @Override
    public void block(Assembler a, boolean rare) {
        for (int row = 0; row < GROUP; row++) {
            for (int half = 0; half < 2; half++) { // of 32 columns each, 16 of which lie 32 behind the others
                int first = VALUES + half;
                int second = first + 2;
                LosslessLoop.upperParts(a, row, half * STEP, second);
                LOOP.values(a, row, half * STEP, rare, second, first, second);
            }
            for (int sixteen = 0; sixteen < BLOCK / Dot.LANES; sixteen++) {
                int x = sixteen * 2 * STEP;
                a.vpunpcklwd(LOOP.scratch(), ZERO, VALUES + sixteen);
                a.vfmadd231ps(2 * row, LOOP.scratch(), Address.indexed(ROWS[0], COLUMN, 2, x));
                a.vpunpckhwd(LOOP.scratch(), ZERO, VALUES + sixteen);
                a.vfmadd231ps(2 * row + 1, LOOP.scratch(), Address.indexed(ROWS[0], COLUMN, 2, x + STEP));
            }
        }
    }

    @Override
    public void endGroup(Assembler a) {
        for (int row = 0; row < GROUP; row++) {
            int sum = 2 * row;
            for (int i = sum; i < sum + 2; i++) {
                a.vextractUpperHalf(BITS, LOOP.scratch(), i);
                a.vaddps(128, i, i, LOOP.scratch());
            }
            a.vaddps(128, sum, sum, sum + 1);
            LaneCode.sum(a, 128, sum, LOOP.scratch());
            a.vmovss(Address.of(RESULTS, Float.BYTES * row), sum);
        }
        a.add(RESULTS, Float.BYTES * GROUP);
    }
}
