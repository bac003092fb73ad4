package dev.fovea.backend.cpu.products;

import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;

/** Matrices of words of 32 bits, rows to columns, by AVX2. */
public final class TurningCode {
    /** Rows and columns come in multiples of it. */
    public static final int SIDE = 8;

    private final NativeFunction turn = MachineCode.nativeFunction(code());

    /**
     * {@code to[c][r] = from[r][c]} for eight rows.
     *
     * @param columns a multiple of {@link #SIDE}
     */
    public void turn(long from, long fromStride, int columns, long to, long toStride) {
        turn.call(from, fromStride, to, toStride, columns / SIDE, 0);
    }

    private static byte[] code() {
        Assembler a = new Assembler(256);
        three(a, Gpr.R10, Gpr.RDI, Gpr.RSI);
        three(a, Gpr.R11, Gpr.R10, Gpr.RSI);
        int block = a.here();
        for (int i = 0; i < SIDE; i++) {
            a.vmovups(i, row(i, Gpr.RDI, Gpr.R10, Gpr.R11, Gpr.RSI));
        }
        for (int i = 0; i < SIDE; i += 2) { // pairs of rows, lane by lane
            a.vpunpckldq(SIDE + i, i, i + 1);
            a.vpunpckhdq(SIDE + i + 1, i, i + 1);
        }
        for (int i = 0; i < 2; i++) { // four rows of columns 0, 1, 2 and 3, and of those four further on
            int at = SIDE + 4 * i;
            a.vunpcklpd(4 * i, at, at + 2);
            a.vunpckhpd(4 * i + 1, at, at + 2);
            a.vunpcklpd(4 * i + 2, at + 1, at + 3);
            a.vunpckhpd(4 * i + 3, at + 1, at + 3);
        }
        for (int i = 0; i < 4; i++) {
            a.vperm2f128(SIDE + i, i, i + 4, 0x20);
            a.vperm2f128(SIDE + 4 + i, i, i + 4, 0x31);
        }
        three(a, Gpr.R9, Gpr.RDX, Gpr.RCX);
        three(a, Gpr.RAX, Gpr.R9, Gpr.RCX);
        for (int i = 0; i < SIDE; i++) {
            a.vmovups(row(i, Gpr.RDX, Gpr.R9, Gpr.RAX, Gpr.RCX), SIDE + i);
        }
        a.mov(Gpr.RDX, Gpr.RAX);
        a.add(Gpr.RDX, Gpr.RCX);
        a.add(Gpr.RDX, Gpr.RCX);
        for (Gpr row : new Gpr[] {Gpr.RDI, Gpr.R10, Gpr.R11}) {
            a.add(row, SIDE * Float.BYTES);
        }
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(block);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** {@code to = from + 3 stride}. */
    private static void three(Assembler a, Gpr to, Gpr from, Gpr stride) {
        a.mov(to, from);
        for (int i = 0; i < 3; i++) {
            a.add(to, stride);
        }
    }

    /** Row i by the addresses of rows 0, 3 and 6. */
    private static Address row(int i, Gpr first, Gpr third, Gpr sixth, Gpr stride) {
        Gpr base = i < 3 ? first : i < 6 ? third : sixth;
        return i % 3 == 0 ? Address.of(base, 0) : Address.indexed(base, stride, i % 3 - 1);
    }
}
