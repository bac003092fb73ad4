package dev.fovea.backend.cpu.products;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.tensor.LosslessMatrix;

/**
 * A loop of {@link LosslessCode} over groups of four rows: block by block they become values of bfloat16, which either meet rows of x in
 * pairs, with the sums of {@link DotKernel}, or are stored.
 *
 * <p>A block's upper bytes are looked up, sixteen for its base, and interleaved with the lower ones. All is read in the order in which it
 * lies: a processor that fetches of itself is half as fast where one line in six comes out of turn. One test finds whether any of four
 * blocks is kept as it is; what then looks at each is a copy of the loop's body behind its end.
 *
 * @param bits of a vector: 512, or 256 where rows are stored
 * @param rows of x, at most six; 0 where rows are stored
 */
record LosslessKernel(int bits, int rows) {
    /** What a function finds at its seventh word. */
    static final int RAW_AT = 0;

    static final int LAST_AT = 8;
    static final int UPPERS_AT = 16;
    static final int HALVES_AT = 32;
    static final int STRIDE_AT = 40;
    static final int CODES_SKIP_AT = 48;
    static final int BASES_SKIP_AT = 56;
    static final int TABLE_BYTES = 64;

    private static final Gpr CODES = Gpr.RDI;
    private static final Gpr BASES = Gpr.RSI;
    private static final Gpr GROUPS = Gpr.RDX;
    private static final Gpr[] ROWS = {Gpr.RCX, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.RBP, Gpr.R15};
    private static final Gpr COLUMNS = Gpr.R8;
    private static final Gpr RESULTS = Gpr.R9;
    private static final Gpr COLUMN = Gpr.RAX;
    private static final Gpr TABLE = Gpr.RBX;
    private static final Gpr OTHER = Gpr.R10;
    private static final Gpr FOUR_BASES = Gpr.R11;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
    private static final int SEVENTH_AT = Long.BYTES * (SAVED.length + 1);

    private static final int RAW_BASES = 0x80808080;
    private static final int RAW_BYTES_LOG = 7;

    /**
     * A function of codes, bases, groups, x or where rows are stored, columns, results and a table: for each row of x the sums of all
     * groups. Rows of x are so many columns apart.
     */
    byte[] code() {
        Assembler a = new Assembler(bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.load(TABLE, Address.of(Gpr.RSP, SEVENTH_AT));
        a.vbroadcasti128(uppers(), Address.of(TABLE, UPPERS_AT));
        a.vpbroadcastd(halves(), Address.of(TABLE, HALVES_AT));
        for (int t = 1; t < Math.max(rows, stores() ? GROUP : 0); t++) {
            a.mov(ROWS[t], ROWS[t - 1]);
            if (stores()) {
                a.add(ROWS[t], Address.of(TABLE, STRIDE_AT));
            } else {
                a.add(ROWS[t], COLUMNS);
                a.add(ROWS[t], COLUMNS);
            }
        }
        int group = a.here();
        for (int sum = 0; sum < rows * GROUP; sum++) {
            a.vxorps(sum);
        }
        a.clear(COLUMN);
        int loop = a.here();
        a.loadInt(FOUR_BASES, Address.of(BASES, 0));
        a.testInt(FOUR_BASES, RAW_BASES);
        int rare = a.jumpAheadIfNotZero();
        block(a, false);
        int next = a.here();
        a.add(CODES, BLOCK_BYTES);
        a.add(BASES, GROUP);
        a.add(COLUMN, BLOCK);
        a.cmp(COLUMN, COLUMNS);
        a.jumpIfBelow(loop);
        if (stores()) {
            nextRows(a);
        } else {
            results(a);
        }
        a.sub(GROUPS, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        a.land(rare);
        block(a, true);
        a.jump(next);
        return a.code();
    }

    private boolean stores() {
        return rows == 0;
    }

    // ------------------------------------------------------------------------------- registers behind those of the
    // sums

    /** The first 32 columns of a pair's rows, or of half a vector's 16, and its last ones. */
    private int first(int row) {
        return GROUP * rows + row % 2 * 2;
    }

    private int last(int row) {
        return first(row) + 1;
    }

    private int scratch() {
        return GROUP * rows + 4;
    }

    private int other() {
        return scratch() + 1;
    }

    private int uppers() {
        return scratch() + 2;
    }

    private int halves() {
        return scratch() + 3;
    }

    // -------------------------------------------------------------------------------------------------------- a block

    /** @param rare whether some of its rows are kept as they are */
    private void block(Assembler a, boolean rare) {
        int bytes = bits / Byte.SIZE;
        for (int row = 0; row < GROUP; row += 2) {
            for (int at = 0; at < BLOCK; at += bytes) {
                a.vmovups(first(row + 1), Address.of(CODES, LosslessMatrix.upperAt(row) + at));
                value(a, row, at, rare);
                value(a, row + 1, at, rare);
                if (stores()) {
                    store(a, row, at);
                    store(a, row + 1, at);
                } else {
                    products(a, row);
                }
            }
        }
    }

    private void value(Assembler a, int row, int at, boolean rare) {
        int end = 0;
        if (rare) {
            a.testInt(FOUR_BASES, 0x80 << row * Byte.SIZE);
            int usual = a.jumpAheadIfZero();
            kept(a, row, at);
            end = a.jumpAhead();
            a.land(usual);
        }
        int pair = first(1);
        int upper = last(row);
        if (row % 2 == 1) {
            a.vpsrlw(pair, pair, 4);
        }
        a.vpandd(upper, pair, halves());
        a.vpbroadcastb(scratch(), Address.of(BASES, row));
        a.vpaddb(scratch(), scratch(), uppers());
        a.vpshufb(upper, scratch(), upper);
        a.vmovups(scratch(), Address.of(CODES, LosslessMatrix.lowerAt(row) + at));
        a.vpunpcklbw(first(row), scratch(), upper);
        a.vpunpckhbw(upper, scratch(), upper);
        if (rare) {
            a.land(end);
        }
    }

    /** Of a block that is kept as it is; an index beyond the last row means that one. */
    private void kept(Assembler a, int row, int at) {
        a.loadInt(OTHER, Address.of(CODES, LosslessMatrix.lowerAt(row)));
        a.cmp(OTHER, Address.of(TABLE, LAST_AT));
        int within = a.jumpAheadIfBelow();
        a.load(OTHER, Address.of(TABLE, LAST_AT));
        a.land(within);
        a.shl(OTHER, RAW_BYTES_LOG);
        a.add(OTHER, Address.of(TABLE, RAW_AT));
        a.vmovups(first(row), Address.of(OTHER, at));
        a.vmovups(last(row), Address.of(OTHER, BLOCK + at));
    }

    private void products(Assembler a, int row) {
        int step = DotKernel.PAIRS * Short.BYTES;
        for (int t = 0; t < rows; t++) {
            int sum = GROUP * t + row;
            a.vmovups(scratch(), Address.indexed(ROWS[t], COLUMN, 1));
            a.vmovups(other(), Address.indexed(ROWS[t], COLUMN, 1, step));
            a.vdpbf16ps(sum, scratch(), first(row));
            a.vdpbf16ps(sum + 1, scratch(), first(row + 1));
            a.vdpbf16ps(sum, other(), last(row));
            a.vdpbf16ps(sum + 1, other(), last(row + 1));
        }
    }

    private void store(Assembler a, int row, int at) {
        a.vmovups(Address.indexed(ROWS[row], COLUMN, 1, at), first(row));
        a.vmovups(Address.indexed(ROWS[row], COLUMN, 1, BLOCK + at), last(row));
    }

    // ---------------------------------------------------------------------------------------------------- a group's
    // end

    private void results(Assembler a) {
        a.load(OTHER, Address.of(TABLE, STRIDE_AT));
        a.mov(FOUR_BASES, RESULTS);
        for (int sum = 0; sum < rows * GROUP; sum++) {
            LaneCode.sum(a, bits, sum, scratch());
            a.vmovss(Address.of(FOUR_BASES, Float.BYTES * (sum % GROUP)), sum);
            if (sum % GROUP == GROUP - 1) {
                a.add(FOUR_BASES, OTHER);
            }
        }
        a.add(RESULTS, Float.BYTES * GROUP);
    }

    private void nextRows(Assembler a) {
        a.add(CODES, Address.of(TABLE, CODES_SKIP_AT));
        a.add(BASES, Address.of(TABLE, BASES_SKIP_AT));
        a.load(OTHER, Address.of(TABLE, STRIDE_AT));
        a.shl(OTHER, 2);
        for (int row = 0; row < GROUP; row++) {
            a.add(ROWS[row], OTHER);
        }
    }
}
