package dev.fovea.io.quantize;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.RAW;
import static dev.fovea.tensor.LosslessMatrix.SPAN;

import dev.fovea.tensor.LosslessMatrix;

/** Makes the blocks of a {@link LosslessMatrix}. */
public final class LosslessPacker {
    private LosslessPacker() {}

    /**
     * @param from 64 values of bfloat16 from an index on
     * @param row in its group
     * @param codes gets the row's part of the group's block at an index, where zeros are; where it has to be kept as it is, it is left alone
     * @return the {@link #base}
     */
    public static int pack(short[] from, int at, int row, byte[] codes, int to) {
        int base = base(from, at);
        if (base == RAW) {
            return RAW;
        }
        int lowerAt = to + LosslessMatrix.lowerAt(row);
        int upperAt = to + LosslessMatrix.upperAt(row);
        for (int j = 0; j < BLOCK; j++) {
            int value = from[at + j];
            int place = LosslessMatrix.place(j);
            int upper = value >> 12 & 8 | (value >> 8 & 0x7f) - base;
            codes[lowerAt + place] = (byte) value;
            codes[upperAt + place] |= (byte) (upper << row % 2 * 4);
        }
        return base;
    }

    /** Of 64 values of bfloat16 from an index on: {@link LosslessMatrix#RAW} where they have to be kept as they are. */
    public static int base(short[] from, int at) {
        int least = RAW;
        int greatest = 0;
        for (int j = 0; j < BLOCK; j++) {
            int exponent = from[at + j] >> 7 & 0xff;
            least = Math.min(least, exponent);
            greatest = Math.max(greatest, exponent);
        }
        int base = least / 2;
        return greatest - 2 * base > SPAN || greatest == RAW ? RAW : base;
    }
}
