package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.SHORT;
import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.GROUP;

import dev.fovea.tensor.LosslessMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Values of weights in 12 bits, by Java. */
final class PlainLossless {
    private static final int BLOCK_VALUES = BLOCK * Short.BYTES;

    private PlainLossless() {}

    /** As {@link LosslessWeight#widen}. */
    static void widen(LosslessWeight w, int first, int rows, int block, int blocks, long to, long stride) {
        byte[] uppers = new byte[BLOCK];
        byte[] lowers = new byte[BLOCK];
        short[] values = new short[BLOCK];
        int end = Math.ceilDiv(rows, GROUP) * GROUP;
        for (int row = 0; row < end; row++) {
            int group = (first + row) / GROUP;
            for (int b = 0; b < blocks; b++) {
                long codes = w.codes(group, block + b);
                long at = to + row * stride + (long) b * BLOCK_VALUES;
                int i = row % GROUP;
                int base = MEMORY.get(ValueLayout.JAVA_BYTE, w.bases(group, block + b) + i);
                if (base < 0) {
                    long index = Integer.toUnsignedLong(MEMORY.get(INT, codes + LosslessMatrix.lowerAt(i)));
                    long kept = w.raw() + Math.min(index, w.last()) * BLOCK_VALUES;
                    MemorySegment.copy(MEMORY, kept, MEMORY, at, BLOCK_VALUES);
                    continue;
                }
                long upperAt = codes + LosslessMatrix.upperAt(i);
                MemorySegment.copy(MEMORY, ValueLayout.JAVA_BYTE, upperAt, uppers, 0, BLOCK);
                MemorySegment.copy(MEMORY, ValueLayout.JAVA_BYTE, codes + LosslessMatrix.lowerAt(i), lowers, 0, BLOCK);
                values(uppers, lowers, base, i % 2 * 4, values);
                MemorySegment.copy(values, 0, MEMORY, SHORT, at, BLOCK);
            }
        }
    }

    /** Eight columns that lie one behind the other at a time. */
    private static void values(byte[] uppers, byte[] lowers, int base, int shift, short[] to) {
        for (int column = 0; column < BLOCK; column += 8) {
            int place = LosslessMatrix.place(column);
            for (int j = 0; j < 8; j++) {
                int part = uppers[place + j] >> shift & 15;
                int upper = base + (part & 7) + ((part & 8) << 4);
                to[column + j] = (short) (upper << 8 | lowers[place + j] & 0xff);
            }
        }
    }
}
