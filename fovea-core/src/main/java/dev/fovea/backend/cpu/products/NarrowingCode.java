package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;

/** Sums of {@link ProductCode} as results of 16 bits lie: with the bias, rounded, turned back. bfloat16 by AVX512_BF16, float16 by AVX-512. */
public final class NarrowingCode {
    /** Outputs that are written at once. */
    static final int OUTPUTS = 16;

    private static final int ROWS = 16; // of a vector
    private static final int PAIRS = OUTPUTS / 2;
    private static final int LINE = TileShapes.LINE;
    private static final int QUARTER = 16;
    private static final int ORDER = 31;

    private final NativeFunction narrow;

    /**
     * @param rows of a panel, 16 or 32
     * @param dtype of results: BFLOAT16 or FLOAT16
     */
    public NarrowingCode(int rows, DType dtype) {
        narrow = MachineCode.nativeFunction(code(rows, dtype == DType.FLOAT16));
    }

    /**
     * {@code out[row][output] = sums[output][row] + bias[output]} for a panel's rows.
     *
     * @param sums float32, an output's rows side by side
     * @param bias float32
     * @param outputs a multiple of {@link #OUTPUTS}
     * @param stride bytes between rows of out
     */
    public void narrow(long sums, long bias, int outputs, long out, long stride) {
        narrow.call(sums, bias, out, stride, outputs / OUTPUTS, Interleaving.AT);
    }

    /** The order that makes lanes of 32 bits of two halves of a vector. */
    private static final class Interleaving {
        private static final long AT = write();

        private static long write() {
            long at = Arena.global().allocate(LINE, LINE).address();
            for (int i = 0; i < 2 * ROWS; i++) {
                MEMORY.set(Lanes.SHORT, at + 2L * i, (short) (i / 2 + i % 2 * ROWS));
            }
            return at;
        }
    }

    private static byte[] code(int rows, boolean float16) {
        Assembler a = new Assembler(512);
        a.vmovups(ORDER, Address.of(Gpr.R9, 0));
        a.mov(Gpr.R11, Gpr.RCX);
        a.add(Gpr.R11, Gpr.RCX);
        a.add(Gpr.R11, Gpr.RCX);
        int group = a.here();
        a.mov(Gpr.R10, Gpr.RDX);
        int wide = rows * Float.BYTES;
        for (int at = 0; at < wide; at += LINE) {
            pairs(a, wide, at, float16);
            turn(a);
            store(a);
        }
        a.add(Gpr.RDI, OUTPUTS * wide);
        a.add(Gpr.RSI, OUTPUTS * Float.BYTES);
        a.add(Gpr.RDX, OUTPUTS * Short.BYTES);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** Registers 0 to 7: two outputs of sixteen rows each. */
    private static void pairs(Assembler a, int wide, int at, boolean float16) {
        for (int i = 0; i < PAIRS; i++) {
            for (int side = 0; side < 2; side++) {
                int register = i + side * PAIRS;
                a.vmovups(register, Address.of(Gpr.RDI, (2 * i + side) * wide + at));
                a.vaddpsOfAll(register, register, Address.of(Gpr.RSI, (2 * i + side) * Float.BYTES));
            }
            if (float16) {
                for (int register = i; register <= i + PAIRS; register += PAIRS) {
                    a.vcvtps2ph(register, register);
                    a.vpmovzxwd(register, register);
                }
                a.vpslld(i + PAIRS, i + PAIRS, Short.SIZE);
                a.vpaddd(i, i, i + PAIRS);
            } else {
                a.vcvtne2ps2bf16(i, i + PAIRS, i);
                a.vpermw(i, ORDER, i);
            }
        }
    }

    /** Registers 0 to 3 and 4 to 7: eight outputs each, of rows 0, 1, 2 and 3, and in each quarter of those four further on. */
    private static void turn(Assembler a) {
        for (int i = 0; i < PAIRS; i += 2) {
            a.vpunpckldq(PAIRS + i, i, i + 1);
            a.vpunpckhdq(PAIRS + i + 1, i, i + 1);
        }
        for (int i = 0; i < PAIRS; i += 4) {
            int at = PAIRS + i;
            a.vunpcklpd(i, at, at + 2);
            a.vunpckhpd(i + 1, at, at + 2);
            a.vunpcklpd(i + 2, at + 1, at + 3);
            a.vunpckhpd(i + 3, at + 1, at + 3);
        }
    }

    private static void store(Assembler a) {
        for (int quarter = 0; quarter < 4; quarter++) {
            for (int side = 0; side < 2; side++) {
                int to = side * QUARTER;
                a.vextractQuarter(Address.of(Gpr.R10, to), 4 * side, quarter);
                a.vextractQuarter(Address.indexed(Gpr.R10, Gpr.RCX, 0, to), 4 * side + 1, quarter);
                a.vextractQuarter(Address.indexed(Gpr.R10, Gpr.RCX, 1, to), 4 * side + 2, quarter);
                a.vextractQuarter(Address.indexed(Gpr.R10, Gpr.R11, 0, to), 4 * side + 3, quarter);
            }
            a.add(Gpr.R10, Gpr.R11);
            a.add(Gpr.R10, Gpr.RCX);
        }
    }
}
