package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;

/**
 * A row of x as products with codes of 4 bits want it: each 32 values as integers of 8 bits with a scale and their sum.
 *
 * <p>A code is one of four in a lane of 16 bits, {@code v = n0 + 16 n1 + 256 n2 + 4096 n3}. Kernels do not mask it out: {@code v >> 4 i}
 * holds the codes from i on, and with {@code y[i] = x[i] - 16 x[i - 1]} what is too much cancels, modulo 2^16, while the sum of a
 * block's sixteen products of a lane, at most 15 * 127 * 16, fits. So the integers are stored as these y, two lanes to an int.
 *
 * @param pairs sixteen ints for each block
 * @param scales two floats for each block: the scale, and the sum of the integers
 */
record Quantized4(long pairs, long scales) {
    private static final int LIMIT = 127;

    /** The least that a block's largest magnitude counts as: its reciprocal is finite, with some room. */
    static final float SMALLEST = 0x1p-110f;

    /** Columns of the eight of a chunk, in the order of their codes in the lower lane and in the upper one. */
    private static final int[] LOWER = {0, 4, 1, 5};

    private static final int[] UPPER = {2, 6, 3, 7};

    static final int CHUNK = 8;

    /** Bytes of a row. */
    static long bytes(int blocks) {
        return blocks * (BLOCK / 2 * 4L + 2 * 4L);
    }

    /**
     * Writes a row.
     *
     * @param values padded with zeros to whole blocks
     */
    static Quantized4 row(float[] values, int blocks, long to) {
        Quantized4 row = new Quantized4(to, to + blocks * BLOCK / 2 * 4L);
        int[] q = new int[BLOCK];
        for (int b = 0; b < blocks; b++) {
            float largest = largest(values, b * BLOCK);
            float inverse = LIMIT / largest;
            int sum = 0;
            for (int i = 0; i < BLOCK; i++) {
                q[i] = (int) Math.rint(values[b * BLOCK + i] * inverse);
                sum += q[i];
            }
            for (int i = 0; i < BLOCK; i += CHUNK) {
                pairs(q, i, row.pairs + (b * BLOCK + i) / 2 * 4L);
            }
            MEMORY.set(FLOAT, row.scales + 8L * b, largest / LIMIT);
            MEMORY.set(FLOAT, row.scales + 8L * b + 4, sum);
        }
        return row;
    }

    /** Of a block's magnitudes; NaN where a value is none or infinite, so that the products are NaN too. */
    static float largest(float[] values, int from) {
        float largest = SMALLEST;
        for (int i = from; i < from + BLOCK; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        return largest == Float.POSITIVE_INFINITY ? Float.NaN : largest;
    }

    private static void pairs(int[] q, int from, long to) {
        int lower = 0;
        int upper = 0;
        for (int i = 0; i < LOWER.length; i++) {
            int low = q[from + LOWER[i]];
            int high = q[from + UPPER[i]];
            MEMORY.set(INT, to + 4L * i, (low - 16 * lower) & 0xffff | (high - 16 * upper) << 16);
            lower = low;
            upper = high;
        }
    }
}
