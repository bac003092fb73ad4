package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.products.LosslessLoop.COLUMN;
import static dev.fovea.backend.cpu.products.LosslessLoop.COLUMNS;
import static dev.fovea.backend.cpu.products.LosslessLoop.FOUR_BASES;
import static dev.fovea.backend.cpu.products.LosslessLoop.OTHER;
import static dev.fovea.backend.cpu.products.LosslessLoop.RESULTS;
import static dev.fovea.backend.cpu.products.LosslessLoop.ROWS;
import static dev.fovea.backend.cpu.products.LosslessLoop.STRIDE_AT;
import static dev.fovea.backend.cpu.products.LosslessLoop.TABLE;
import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;

/**
 * Values in 12 bits become bfloat16, which either meets rows of x in pairs, with the sums of {@link DotKernel}, or is stored. Rows of x
 * are so many columns apart; each has the sums of all groups.
 *
 * @param bits of a vector: 512, or 256 where rows are stored
 * @param rows of x, at most as many as {@link DotKernel#most}; 0 where rows are stored
 */
record LosslessKernel(int bits, int rows) implements LosslessLoop.Body {
    byte[] code() {
        return loop().code(this);
    }

    private boolean stores() {
        return rows == 0;
    }

    // ------------------------------------------------------------------------------- registers behind those of the
    // sums

    private int first(int row) {
        return GROUP * rows + row % 2 * 2;
    }

    private int second(int row) {
        return first(row) + 1;
    }

    private int x() {
        return GROUP * rows + 4;
    }

    private LosslessLoop loop() {
        return new LosslessLoop(bits, x() + 1, x() + 2, x() + 3);
    }

    // ------------------------------------------------------------------------------------------------------- the loop

    @Override
    public void begin(Assembler a) {
        for (int t = 1; t < (stores() ? GROUP : rows); t++) {
            a.mov(ROWS[t], ROWS[t - 1]);
            if (stores()) {
                a.add(ROWS[t], Address.of(TABLE, STRIDE_AT));
            } else {
                a.add(ROWS[t], COLUMNS);
                a.add(ROWS[t], COLUMNS);
            }
        }
    }

    @Override
    public void beginGroup(Assembler a) {
        for (int sum = 0; sum < rows * GROUP; sum++) {
            a.vxorps(sum);
        }
    }

    @Override
    public void block(Assembler a, boolean rare) {
        for (int row = 0; row < GROUP; row += 2) {
            for (int at = 0; at < BLOCK; at += bits / Byte.SIZE) {
                int parts = first(row + 1);
                LosslessLoop.upperParts(a, row, at, parts);
                for (int i = row; i < row + 2; i++) {
                    loop().values(a, i, at, rare, parts, first(i), second(i));
                }
                if (stores()) {
                    store(a, row, at);
                    store(a, row + 1, at);
                } else {
                    products(a, row);
                }
            }
        }
    }

    private void products(Assembler a, int row) {
        int other = loop().scratch();
        for (int t = 0; t < rows; t++) {
            int sum = GROUP * t + row;
            a.vmovups(x(), Address.indexed(ROWS[t], COLUMN, 1));
            a.vmovups(other, Address.indexed(ROWS[t], COLUMN, 1, DotKernel.PAIRS * Short.BYTES));
            a.vdpbf16ps(sum, x(), first(row));
            a.vdpbf16ps(sum + 1, x(), first(row + 1));
            a.vdpbf16ps(sum, other, second(row));
            a.vdpbf16ps(sum + 1, other, second(row + 1));
        }
    }

    private void store(Assembler a, int row, int at) {
        a.vmovups(Address.indexed(ROWS[row], COLUMN, 1, at), first(row));
        a.vmovups(Address.indexed(ROWS[row], COLUMN, 1, BLOCK + at), second(row));
    }

    @Override
    public void endGroup(Assembler a) {
        a.load(OTHER, Address.of(TABLE, STRIDE_AT));
        if (stores()) {
            a.shl(OTHER, 2); // rows of a group
            for (int row = 0; row < GROUP; row++) {
                a.add(ROWS[row], OTHER);
            }
            return;
        }
        a.mov(FOUR_BASES, RESULTS);
        for (int sum = 0; sum < rows * GROUP; sum++) {
            LaneCode.sum(a, bits, sum, x());
            a.vmovss(Address.of(FOUR_BASES, Float.BYTES * (sum % GROUP)), sum);
            if (sum % GROUP == GROUP - 1) {
                a.add(FOUR_BASES, OTHER);
            }
        }
        a.add(RESULTS, Float.BYTES * GROUP);
    }
}
