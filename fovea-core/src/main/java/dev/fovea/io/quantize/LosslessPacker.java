package dev.fovea.io.quantize;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.RAW;
import static dev.fovea.tensor.LosslessMatrix.SPAN;

import dev.fovea.tensor.LosslessMatrix;

/** Makes the blocks of a {@link LosslessMatrix}. */
public final class LosslessPacker {
    private LosslessPacker() {}

    /**
     * @param from 64 values of bfloat16 from an index on
     * @param codes gets the 96 bytes of the block at an index; those of a block that is kept as it is are left alone
     * @return the block's base, {@link LosslessMatrix#RAW} where it has to be kept as it is
     */
    public static int pack(short[] from, int at, byte[] codes, int to) {
        int least = RAW;
        int greatest = 0;
        for (int j = 0; j < BLOCK; j++) {
            int exponent = exponent(from[at + j]);
            least = Math.min(least, exponent);
            greatest = Math.max(greatest, exponent);
        }
        if (greatest - least > SPAN || greatest == RAW) {
            return RAW;
        }
        for (int j = 0; j < BLOCK; j++) {
            codes[to + j] = (byte) (from[at + j] >> 8 & 0x80 | from[at + j] & 0x7f);
        }
        for (int j = 0; j < BLOCK_BYTES - BLOCK; j++) {
            int low = exponent(from[at + j]) - least;
            int high = exponent(from[at + 32 + j]) - least;
            codes[to + BLOCK + j] = (byte) (low | high << 4);
        }
        return least;
    }

    private static int exponent(short value) {
        return value >> 7 & 0xff;
    }
}
