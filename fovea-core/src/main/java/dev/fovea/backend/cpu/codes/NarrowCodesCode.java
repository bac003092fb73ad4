package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.codes.CodesCode.Form;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/**
 * Kernels of {@link CodesCode} of 256 bits, by AVX2: eight rows of a tile, then the other eight. A block's products of 4 bits are at
 * most 8 * 2 * 15 * 127 in a lane, so they are added up in 16 bits. Totals are in memory, where results go: registers for more rows
 * of x are worth more, since codes are split once for all of them.
 */
final class NarrowCodesCode {
    /** Rows of x that meet a code at once. */
    static final int ROWS = 4;

    private static final int HALVES = 2;
    private static final int LANES = TILE / HALVES;

    // registers: a sum of integers for each row of x, and these
    private static final int CODE = ROWS;
    private static final int OTHER = CODE + 1;
    private static final int SCALES = CODE + 2;
    private static final int ZEROS = SCALES + HALVES;
    private static final int MASK = ZEROS + HALVES;
    private static final int ONES = MASK + 1;
    private static final int X = MASK + 2;
    private static final int LINE = MASK + 3;

    /** From a row's results to the next one's, and three times that. */
    private static final Gpr STRIDE = Gpr.RBX;

    private static final Gpr TRIPLE = Gpr.R12;

    private NarrowCodesCode() {}

    /** A function of codes, x, scales, zeros, factors and results. */
    static byte[] code(Form form) {
        int rows = form.rows();
        Assembler a = new Assembler(256);
        a.push(STRIDE);
        a.push(TRIPLE);
        a.load(STRIDE, Address.of(Gpr.R9, CodesCode.RESULTS_STRIDE_AT));
        a.mov(TRIPLE, STRIDE);
        a.add(TRIPLE, STRIDE);
        a.add(TRIPLE, STRIDE);
        a.vpbroadcastd(MASK, Address.of(Gpr.R9, CodesCode.MASK_AT));
        a.vpbroadcastd(ONES, Address.of(Gpr.R9, CodesCode.ONES_AT));
        a.load(Gpr.R11, Address.of(Gpr.R9, CodesCode.TILES_AT));
        int tile = a.here();
        a.load(Gpr.R10, Address.of(Gpr.RSI, CodesCode.GROUPS_AT));
        a.mov(Gpr.RAX, Gpr.RSI);
        a.vxorps(LINE);
        for (int row = 0; row < rows; row++) {
            for (int half = 0; half < HALVES; half++) {
                a.vmovups(total(row, half), LINE);
            }
        }
        int group = a.here();
        for (int half = 0; half < HALVES; half++) {
            a.vmovups(X, Address.of(Gpr.R8, half * LANES * Float.BYTES));
            form.scales().load(a, half * LANES, SCALES + half, ZEROS + half, X);
        }
        for (int block = 0; block < form.blocks(); block++) {
            for (int half = 0; half < HALVES; half++) {
                block(a, form, half);
            }
            a.add(Gpr.RDI, TILE * BLOCK * form.bits() / Byte.SIZE);
            a.add(Gpr.RAX, rows * (form.integers() + CodesCode.SCALARS));
        }
        a.add(Gpr.RDX, form.scales().bytes());
        a.add(Gpr.RCX, TILE);
        a.sub(Gpr.R10, 1);
        a.jumpIfNotZero(group);
        a.add(Gpr.R9, TILE * Float.BYTES);
        a.add(Gpr.R8, TILE * Float.BYTES);
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(tile);
        a.vzeroupper();
        a.pop(TRIPLE);
        a.pop(STRIDE);
        a.ret();
        return a.code();
    }

    private static Address total(int row, int half) {
        int at = half * LANES * Float.BYTES;
        return switch (row) {
            case 0 -> Address.of(Gpr.R9, at);
            case 1, 2 -> Address.indexed(Gpr.R9, STRIDE, row - 1, at);
            default -> Address.indexed(Gpr.R9, TRIPLE, 0, at);
        };
    }

    private static void block(Assembler a, Form form, int half) {
        int rows = form.rows();
        for (int sum = 0; sum < rows; sum++) {
            a.vxorps(sum);
        }
        for (int chunk = 0; chunk < BLOCK * form.bits() / 32; chunk++) {
            int at = chunk * TILE * Integer.BYTES;
            if (half == 0) {
                a.prefetcht0(Address.of(Gpr.RDI, at + CodesCode.AHEAD));
            }
            a.vmovups(CODE, Address.of(Gpr.RDI, at + half * LANES * Integer.BYTES));
            form.split(a, CODE, OTHER, MASK);
            for (int row = 0; row < rows; row++) {
                int x = row * form.integers() + 8 * chunk;
                product(a, form.bits(), row, CODE, x);
                product(a, form.bits(), row, OTHER, x + Integer.BYTES);
            }
        }
        for (int row = 0; row < rows; row++) {
            total(a, form, half, row);
        }
    }

    private static void product(Assembler a, int bits, int sum, int codes, int x) {
        a.vpbroadcastd(X, Address.of(Gpr.RAX, x));
        if (bits == 4) {
            a.vpmaddubsw(LINE, codes, X);
            a.vpaddw(sum, sum, LINE);
        } else {
            a.vpmaddwd(LINE, codes, X);
            a.vpaddd(sum, sum, LINE);
        }
    }

    private static void total(Assembler a, Form form, int half, int row) {
        int scalars = form.rows() * form.integers() + row * CodesCode.SCALARS;
        if (form.bits() == 4) {
            a.vpmaddwd(row, row, ONES);
        }
        a.vcvtdq2ps(row, row);
        if (form.bits() == 4) {
            a.vpbroadcastd(X, Address.of(Gpr.RAX, scalars + Float.BYTES));
            a.vfmadd231ps(row, ZEROS + half, X);
        }
        a.vpbroadcastd(X, Address.of(Gpr.RAX, scalars));
        a.vmulps(LINE, SCALES + half, X);
        a.vmovups(X, total(row, half));
        a.vfmadd231ps(X, row, LINE);
        a.vmovups(total(row, half), X);
    }
}
