package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.SHORT;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;

import dev.fovea.tensor.QuantizedMatrix;
import java.lang.foreign.ValueLayout;

/**
 * {@link RoundedRow} in plain loops.
 *
 * @param bits of an integer: 8 or 16
 */
record PlainRoundedRow(int bits) implements RoundedRow {
    /** Columns of four in the order in which codes of 8 bits meet them. */
    private static final int[] PAIRS = {0, 2, 1, 3};

    @Override
    public void write(long values, long integers, long scalars, long stride, long blocks) {
        int limit = bits == Byte.SIZE ? Byte.MAX_VALUE : Short.MAX_VALUE;
        float[] block = new float[BLOCK];
        for (int b = 0; b < blocks; b++) {
            for (int i = 0; i < BLOCK; i++) {
                block[i] = MEMORY.get(FLOAT, values + 4L * (b * BLOCK + i));
            }
            float largest = Quantized4.largest(block, 0);
            float inverse = limit / largest;
            int sum = 0;
            for (int i = 0; i < BLOCK; i++) {
                int column = bits == Byte.SIZE ? i : i - i % 4 + PAIRS[i % 4];
                int q = (int) Math.rint(block[column] * inverse);
                sum += q;
                if (bits == Byte.SIZE) {
                    MEMORY.set(ValueLayout.JAVA_BYTE, integers + b * stride + i, (byte) q);
                } else {
                    MEMORY.set(SHORT, integers + b * stride + 2L * i, (short) q);
                }
            }
            MEMORY.set(FLOAT, scalars + b * stride, largest / limit);
            MEMORY.set(FLOAT, scalars + b * stride + 4, sum * -QuantizedMatrix.ZERO_UNIT);
        }
    }
}
