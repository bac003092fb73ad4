package dev.fovea.backend.cpu.products;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.tensor.LosslessMatrix;

/**
 * What loops over groups of four rows of weights in 12 bits have in common. A function gets codes, bases, groups, rows of something,
 * columns, results and a table.
 *
 * <p>A block's upper bytes are looked up, sixteen for its base, and interleaved with the lower ones. All is read in the order in which it
 * lies: a processor that fetches of itself is half as fast where one line in six comes out of turn. One test finds whether any of four
 * blocks is kept as it is; what then looks at each is a copy of the loop's body behind its end.
 *
 * @param bits of a vector
 * @param scratch a register for each block's look-up and lower bytes
 * @param uppers a register for the bytes that are looked up, above a base of 0
 * @param halves a register for the mask of a byte's lower half
 */
record LosslessLoop(int bits, int scratch, int uppers, int halves) {
    /** Where a function's table has the address of what is kept as it is, its last row, and constants. */
    static final int RAW_AT = 0;

    static final int LAST_AT = 8;
    static final int UPPERS_AT = 16;
    static final int HALVES_AT = 32;

    /** Bytes from row to row of what is stored. */
    static final int STRIDE_AT = 40;

    /** Bytes between one group's codes or bases and those of the next. */
    static final int CODES_SKIP_AT = 48;

    static final int BASES_SKIP_AT = 56;
    static final int TABLE_BYTES = 64;

    static final Gpr[] ROWS = {Gpr.RCX, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.RBP, Gpr.R15};
    static final Gpr COLUMNS = Gpr.R8;
    static final Gpr RESULTS = Gpr.R9;
    static final Gpr COLUMN = Gpr.RAX;
    static final Gpr TABLE = Gpr.RBX;

    /** Free where no block is looked at. */
    static final Gpr OTHER = Gpr.R10;

    static final Gpr FOUR_BASES = Gpr.R11;

    private static final Gpr CODES = Gpr.RDI;
    private static final Gpr BASES = Gpr.RSI;
    private static final Gpr GROUPS = Gpr.RDX;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
    private static final int SEVENTH_AT = Long.BYTES * (SAVED.length + 1);

    private static final int RAW_BASES = 0x80808080;
    private static final int RAW_BYTES_LOG = 7;

    /** What one of the loops does. */
    interface Body {
        /** Once. */
        void begin(Assembler a);

        /** Before a group's first block. */
        void beginGroup(Assembler a);

        /** @param rare whether some of the block's rows are kept as they are */
        void block(Assembler a, boolean rare);

        /** Behind its last. */
        void endGroup(Assembler a);
    }

    byte[] code(Body body) {
        Assembler a = new Assembler(bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.load(TABLE, Address.of(Gpr.RSP, SEVENTH_AT));
        a.vbroadcasti128(uppers, Address.of(TABLE, UPPERS_AT));
        a.vpbroadcastd(halves, Address.of(TABLE, HALVES_AT));
        body.begin(a);
        int group = a.here();
        body.beginGroup(a);
        a.clear(COLUMN);
        int loop = a.here();
        a.loadInt(FOUR_BASES, Address.of(BASES, 0));
        a.testInt(FOUR_BASES, RAW_BASES);
        int rare = a.jumpAheadIfNotZero();
        body.block(a, false);
        int next = a.here();
        a.add(CODES, BLOCK_BYTES);
        a.add(BASES, GROUP);
        a.add(COLUMN, BLOCK);
        a.cmp(COLUMN, COLUMNS);
        a.jumpIfBelow(loop);
        a.add(CODES, Address.of(TABLE, CODES_SKIP_AT));
        a.add(BASES, Address.of(TABLE, BASES_SKIP_AT));
        body.endGroup(a);
        a.sub(GROUPS, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        a.land(rare);
        body.block(a, true);
        a.jump(next);
        return a.code();
    }

    /** Brings the upper parts of two rows from one of their bytes on. */
    static void upperParts(Assembler a, int row, int at, int to) {
        a.vmovups(to, Address.of(CODES, LosslessMatrix.upperAt(row) + at));
    }

    /**
     * A row's values, of as many columns of the block's first half and of its second as half a vector has bytes.
     *
     * @param at a byte of the 64, a multiple of a vector's
     * @param parts the two rows' {@link #upperParts}; of the second row they are lost
     */
    void values(Assembler a, int row, int at, boolean rare, int parts, int first, int second) {
        int end = 0;
        if (rare) {
            a.testInt(FOUR_BASES, 0x80 << row * Byte.SIZE);
            int usual = a.jumpAheadIfZero();
            kept(a, row, at, first, second);
            end = a.jumpAhead();
            a.land(usual);
        }
        if (row % 2 == 1) {
            a.vpsrlw(parts, parts, 4);
        }
        a.vpandd(second, parts, halves);
        a.vpbroadcastb(scratch, Address.of(BASES, row));
        a.vpaddb(scratch, scratch, uppers);
        a.vpshufb(second, scratch, second);
        a.vmovups(scratch, Address.of(CODES, LosslessMatrix.lowerAt(row) + at));
        a.vpunpcklbw(first, scratch, second);
        a.vpunpckhbw(second, scratch, second);
        if (rare) {
            a.land(end);
        }
    }

    /** Of a block that is kept as it is; an index beyond the last row means that one. */
    private static void kept(Assembler a, int row, int at, int first, int second) {
        a.loadInt(OTHER, Address.of(CODES, LosslessMatrix.lowerAt(row)));
        a.cmp(OTHER, Address.of(TABLE, LAST_AT));
        int within = a.jumpAheadIfBelow();
        a.load(OTHER, Address.of(TABLE, LAST_AT));
        a.land(within);
        a.shl(OTHER, RAW_BYTES_LOG);
        a.add(OTHER, Address.of(TABLE, RAW_AT));
        a.vmovups(first, Address.of(OTHER, at));
        a.vmovups(second, Address.of(OTHER, BLOCK + at));
    }
}
