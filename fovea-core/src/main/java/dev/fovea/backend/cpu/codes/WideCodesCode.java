package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.codes.CodesCode.Form;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/** Kernels of {@link CodesCode} of 512 bits, by AVX512_VNNI: all rows of a tile at once. */
final class WideCodesCode {
    /** Rows of x that meet a code at once. */
    static final int ROWS = 4;

    // registers: a total for each row of x, two sums of integers for each, and these
    private static final int SUMS = ROWS;
    private static final int CODE = 3 * ROWS;
    private static final int OTHER = CODE + 1;
    private static final int SCALE = CODE + 2;
    private static final int ZERO = CODE + 3;
    private static final int FACTOR = CODE + 4;
    private static final int MASK = CODE + 5;
    private static final int LINE = CODE + 6;

    private WideCodesCode() {}

    /** A function of codes, x, scales, zeros, factors and results. */
    static byte[] code(Form form) {
        int rows = form.rows();
        Assembler a = new Assembler(512);
        a.vpbroadcastd(MASK, Address.of(Gpr.R9, CodesCode.MASK_AT));
        a.load(Gpr.R11, Address.of(Gpr.R9, CodesCode.TILES_AT));
        int tile = a.here();
        a.load(Gpr.R10, Address.of(Gpr.RSI, CodesCode.GROUPS_AT));
        a.mov(Gpr.RAX, Gpr.RSI);
        a.vmovups(FACTOR, Address.of(Gpr.R8, 0));
        for (int row = 0; row < rows; row++) {
            a.vxorps(row);
        }
        int group = a.here();
        form.scales().load(a, 0, SCALE, ZERO, FACTOR);
        for (int block = 0; block < form.blocks(); block++) {
            block(a, form);
            a.add(Gpr.RDI, TILE * BLOCK * form.bits() / Byte.SIZE);
            a.add(Gpr.RAX, rows * (form.integers() + CodesCode.SCALARS));
        }
        a.add(Gpr.RDX, form.scales().bytes());
        a.add(Gpr.RCX, TILE);
        a.sub(Gpr.R10, 1);
        a.jumpIfNotZero(group);
        for (int row = 0; row < rows; row++) {
            a.vmovups(Address.of(Gpr.R9, row * TILE * Float.BYTES), row);
        }
        a.add(Gpr.R9, rows * TILE * Float.BYTES);
        a.add(Gpr.R8, TILE * Float.BYTES);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(tile);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private static void block(Assembler a, Form form) {
        int bits = form.bits();
        int rows = form.rows();
        int integers = form.integers();
        for (int sum = SUMS; sum < SUMS + 2 * rows; sum++) {
            a.vxorps(sum);
        }
        for (int chunk = 0; chunk < BLOCK * bits / 32; chunk++) {
            int at = chunk * TILE * Float.BYTES;
            a.prefetcht0(Address.of(Gpr.RDI, at + CodesCode.AHEAD));
            a.vmovups(CODE, Address.of(Gpr.RDI, at));
            form.split(a, CODE, OTHER, MASK);
            for (int row = 0; row < rows; row++) {
                Address x = Address.of(Gpr.RAX, row * integers + 8 * chunk);
                Address next = Address.of(Gpr.RAX, row * integers + 8 * chunk + 4);
                if (bits == 4) {
                    a.vpdpbusd(SUMS + 2 * row, CODE, x);
                    a.vpdpbusd(SUMS + 2 * row + 1, OTHER, next);
                } else {
                    a.vpdpwssd(SUMS + 2 * row, CODE, x);
                    a.vpdpwssd(SUMS + 2 * row + 1, OTHER, next);
                }
            }
        }
        for (int row = 0; row < rows; row++) {
            int sum = SUMS + 2 * row;
            int scalars = rows * integers + row * CodesCode.SCALARS;
            a.vpaddd(sum, sum, sum + 1);
            a.vcvtdq2ps(sum, sum);
            if (bits == 4) {
                a.vfmadd231psOfAll(sum, ZERO, Address.of(Gpr.RAX, scalars + 4));
            }
            a.vmulpsOfAll(LINE, SCALE, Address.of(Gpr.RAX, scalars));
            a.vfmadd231ps(row, sum, LINE);
        }
    }
}
