package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.codes.CodesCode.Form;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/**
 * Kernels of {@link CodesCode} of 512 bits, by AVX512_VNNI: all rows of a tile at once, and several tiles side by side, because memory
 * gives more to who reads at several places.
 */
final class WideCodesCode {
    /** Rows of x that meet a code at once. */
    static final int ROWS = 8;

    /** Rows that have registers for several tiles. */
    static final int FEW = 4;

    /** Tiles side by side. */
    static final int TILES = 4;

    /** Bytes of each of several tiles that are asked for before they are needed. */
    private static final int AHEAD = 2048;

    // registers: a total for each tile and row of x, sums of integers (two for each of few rows), and these
    private static final int SUMS = TILES * FEW;
    private static final int CODE = SUMS + ROWS;
    private static final int OTHER = CODE + 1;
    private static final int SCALE = CODE + 2;
    private static final int ZERO = CODE + 3;
    private static final int FACTOR = CODE + 4;
    private static final int MASK = CODE + 5;
    private static final int LINE = CODE + 6;

    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    private static final Part CODES = new Part(Gpr.RDI, Gpr.R12, Gpr.R13);
    private static final Part SCALES = new Part(Gpr.RDX, Gpr.RBX, Gpr.RBP);
    private static final Part ZEROS = new Part(Gpr.RCX, Gpr.R14, Gpr.R15); // beside scales of four bytes
    private static final Part ZEROS_LIKE_SCALES = new Part(Gpr.RCX, Gpr.RBX, Gpr.RBP);

    /** Codes that are asked for, and the end of the tile that they are in, where scales leave registers for them. */
    private static final Part ASKED = new Part(Gpr.R14, Gpr.R12, Gpr.R13);

    private static final Gpr TILE_END = Gpr.R15;

    private WideCodesCode() {}

    private static int sumsOfRow(Form form) {
        return form.rows() <= FEW ? 2 : 1;
    }

    /**
     * What lies tile by tile.
     *
     * @param stride bytes from tile to tile
     * @param triple three of them
     */
    private record Part(Gpr first, Gpr stride, Gpr triple) {
        void load(Assembler a, int strideAt) {
            a.load(stride, Address.of(Gpr.R9, strideAt));
            a.mov(triple, stride);
            a.add(triple, stride);
            a.add(triple, stride);
        }

        Address at(int tile, int displacement) {
            return switch (tile) {
                case 0 -> Address.of(first, displacement);
                case 1, 2 -> Address.indexed(first, stride, tile - 1, displacement);
                default -> Address.indexed(first, triple, 0, displacement);
            };
        }
    }

    /** A function of codes, x, scales, zeros, factors and results. */
    static byte[] code(Form form) {
        int rows = form.rows();
        int totals = form.tiles() * rows;
        Assembler a = new Assembler(512);
        begin(a, form);
        int tile = a.here();
        if (asksAcross(form)) {
            a.mov(TILE_END, CODES.first);
            a.add(TILE_END, CODES.stride);
            a.mov(ASKED.first, CODES.first);
            a.add(ASKED.first, AHEAD);
        }
        a.load(Gpr.R10, Address.of(Gpr.RSI, CodesCode.GROUPS_AT));
        a.mov(Gpr.RAX, Gpr.RSI);
        for (int total = 0; total < totals; total++) {
            a.vxorps(total);
        }
        int group = a.here();
        if (asksAcross(form)) {
            askNextTiles(a);
        }
        for (int i = 0; i < form.tiles(); i++) {
            group(a, form, i);
        }
        a.add(Gpr.RDI, form.blocks() * codeBytes(form));
        if (asksAcross(form)) {
            a.add(ASKED.first, form.blocks() * codeBytes(form));
        }
        a.add(Gpr.RAX, form.blocks() * xBytes(form));
        a.add(Gpr.RDX, form.scales().bytes());
        a.add(Gpr.RCX, TILE);
        a.sub(Gpr.R10, 1);
        a.jumpIfNotZero(group);
        results(a, form);
        a.add(Gpr.R8, form.tiles() * TILE * Float.BYTES);
        if (form.tiles() > 1) {
            for (Part part : new Part[] {CODES, SCALES, zeros(form)}) {
                a.add(part.first, part.triple);
            }
        }
        a.sub(Gpr.R11, 1);
        a.jumpIfNotZero(tile);
        end(a);
        return a.code();
    }

    private static Part zeros(Form form) {
        return form.byteScales() ? ZEROS_LIKE_SCALES : ZEROS;
    }

    /** Whether codes are asked for beyond the ends of tiles: where there is nothing behind a tile but one that was read. */
    private static boolean asksAcross(Form form) {
        return form.asks() && form.tiles() > 1 && form.byteScales();
    }

    /** At the end of a tile, what is asked for goes on with the tile so many below. */
    private static void askNextTiles(Assembler a) {
        a.cmp(ASKED.first, TILE_END);
        int within = a.jumpAheadIfNotZero();
        a.add(ASKED.first, CODES.triple);
        a.land(within);
    }

    private static void begin(Assembler a, Form form) {
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.load(Gpr.RAX, Address.of(Gpr.R9, CodesCode.RESULTS_STRIDE_AT));
        a.push(Gpr.RAX);
        a.vpbroadcastd(MASK, Address.of(Gpr.R9, CodesCode.MASK_AT));
        a.load(Gpr.R11, Address.of(Gpr.R9, CodesCode.TILES_AT));
        CODES.load(a, CodesCode.CODES_STRIDE_AT);
        SCALES.load(a, CodesCode.SCALES_STRIDE_AT);
        if (!form.byteScales()) {
            ZEROS.load(a, CodesCode.ZEROS_STRIDE_AT);
        }
    }

    /** A row's behind each other; what counted and pointed to x is made again for the next tile. */
    private static void results(Assembler a, Form form) {
        a.load(Gpr.R10, Address.of(Gpr.RSP, 0));
        a.mov(Gpr.RAX, Gpr.R9);
        for (int row = 0; row < form.rows(); row++) {
            for (int tile = 0; tile < form.tiles(); tile++) {
                a.vmovups(Address.of(Gpr.RAX, tile * TILE * Float.BYTES), tile * form.rows() + row);
            }
            a.add(Gpr.RAX, Gpr.R10);
        }
        a.add(Gpr.R9, form.tiles() * TILE * Float.BYTES);
    }

    private static void end(Assembler a) {
        a.vzeroupper();
        a.pop(Gpr.RAX);
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
    }

    /** Bytes of a tile's codes in a block. */
    private static int codeBytes(Form form) {
        return TILE * BLOCK * form.bits() / Byte.SIZE;
    }

    /** Bytes of x in a block. */
    private static int xBytes(Form form) {
        return form.rows() * (form.integers() + CodesCode.SCALARS);
    }

    private static void group(Assembler a, Form form, int tile) {
        a.vmovups(FACTOR, Address.of(Gpr.R8, tile * TILE * Float.BYTES));
        form.scales().load(a, SCALES.at(tile, 0), zeros(form).at(tile, 0), SCALE, ZERO, FACTOR);
        for (int block = 0; block < form.blocks(); block++) {
            block(a, form, tile, block);
        }
    }

    private static void block(Assembler a, Form form, int tile, int block) {
        int rows = form.rows();
        int x = block * xBytes(form);
        for (int sum = 0; sum < rows * sumsOfRow(form); sum++) {
            a.vxorps(SUMS + sum);
        }
        for (int chunk = 0; chunk < BLOCK * form.bits() / 32; chunk++) {
            int at = block * codeBytes(form) + chunk * TILE * Integer.BYTES;
            if (form.asks()) {
                a.prefetcht0(asksAcross(form) ? ASKED.at(tile, at) : CODES.at(tile, at + CodesCode.AHEAD));
            }
            a.vmovups(CODE, CODES.at(tile, at));
            form.split(a, CODE, OTHER, MASK);
            for (int row = 0; row < rows; row++) {
                product(a, form.bits(), sum(form, row), CODE, x + row * form.integers() + 8 * chunk);
            }
            for (int row = 0; row < rows; row++) {
                int sum = sum(form, row) + sumsOfRow(form) - 1;
                product(a, form.bits(), sum, OTHER, x + row * form.integers() + 8 * chunk + 4);
            }
        }
        for (int row = 0; row < rows; row++) {
            total(a, form, row, tile * rows + row, x + rows * form.integers() + row * CodesCode.SCALARS);
        }
    }

    private static int sum(Form form, int row) {
        return SUMS + row * sumsOfRow(form);
    }

    /** With four bytes of x. */
    private static void product(Assembler a, int bits, int sum, int codes, int x) {
        if (bits == 4) {
            a.vpdpbusd(sum, codes, Address.of(Gpr.RAX, x));
        } else {
            a.vpdpwssd(sum, codes, Address.of(Gpr.RAX, x));
        }
    }

    private static void total(Assembler a, Form form, int row, int total, int scalars) {
        int sum = sum(form, row);
        if (sumsOfRow(form) == 2) {
            a.vpaddd(sum, sum, sum + 1);
        }
        a.vcvtdq2ps(sum, sum);
        if (form.bits() == 4) {
            a.vfmadd231psOfAll(sum, ZERO, Address.of(Gpr.RAX, scalars + 4));
        }
        a.vmulpsOfAll(LINE, SCALE, Address.of(Gpr.RAX, scalars));
        a.vfmadd231ps(total, sum, LINE);
    }
}
