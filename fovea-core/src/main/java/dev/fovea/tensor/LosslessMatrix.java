package dev.fovea.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.UnaryOperator;

/**
 * The weight (N, K) of a linear layer in bfloat16, its very bits in 12 of them: exponents of neighbours lie near each other, so that
 * 64 neighbours of a row share their least one and each keeps four bits beside it. A block whose exponents lie farther apart, or one
 * with infinities or NaN, is kept as it is.
 *
 * <pre>
 * codes  (N, K / 64, 96)  UINT8: byte j of the first 64: sign and mantissa of column j; byte 64 + j: how far the exponent of column j is
 *                         above the block's least one in the low half, that of column 32 + j in the high one.
 *                         Of a block that is kept as it is, the first four bytes are its row of raw, INT32
 * bases  (N, K / 64)      UINT8: the least exponent, as it is stored; 255 for a block that is kept as it is
 * raw    (R, 64)          BFLOAT16, R at least 1; an index beyond them, of a damaged file, means the last
 * </pre>
 *
 * @param rows N
 * @param columns K, a multiple of {@link #BLOCK}
 */
public record LosslessMatrix(int rows, int columns, Tensor codes, Tensor bases, Tensor raw) implements Matrix {
    /** Columns of a block. */
    public static final int BLOCK = 64;

    /** Bytes of a block's codes. */
    public static final int BLOCK_BYTES = 96;

    /** The base of a block that is kept as it is. */
    public static final int RAW = 255;

    /** How far the greatest exponent of a block lies above the least one at most. */
    public static final int SPAN = 15;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** @throws IllegalArgumentException where a part has another shape or dtype than these */
    public LosslessMatrix {
        int blocks = columns / BLOCK;
        boolean fits = columns % BLOCK == 0
                && codes.dtype() == DType.UINT8
                && codes.shape().equals(Shape.of(rows, blocks, BLOCK_BYTES))
                && bases.dtype() == DType.UINT8
                && bases.shape().equals(Shape.of(rows, blocks))
                && raw.dtype() == DType.BFLOAT16
                && raw.rank() == 2
                && raw.dim(0) > 0
                && raw.dim(1) == BLOCK;
        if (!fits) {
            throw new IllegalArgumentException("parts of a (" + rows + ", " + columns + ") matrix: codes " + codes
                    + ", bases " + bases + ", raw " + raw);
        }
    }

    @Override
    public Backend backend() {
        return codes.backend();
    }

    @Override
    public int dim(int axis) {
        return axis == 0 ? rows : columns;
    }

    @Override
    public long bytes() {
        return codes.bytes() + bases.bytes() + raw.bytes();
    }

    /** The same with each of its tensors replaced. */
    public LosslessMatrix map(UnaryOperator<Tensor> to) {
        return new LosslessMatrix(rows, columns, to.apply(codes), to.apply(bases), to.apply(raw));
    }

    void requireOpen(String what) {
        codes.requireOpen(what);
    }

    /**
     * The bits of a row, where tensors lie in the host's memory.
     *
     * @param to gets K values of bfloat16
     */
    public void row(int n, short[] to) {
        int blocks = columns / BLOCK;
        for (int b = 0; b < blocks; b++) {
            long block = (long) n * blocks + b;
            int base = bases.memory().get(ValueLayout.JAVA_BYTE, block) & 0xff;
            for (int j = 0; j < BLOCK; j++) {
                to[b * BLOCK + j] = base == RAW ? rawValue(block, j) : value(block, base, j);
            }
        }
    }

    private short rawValue(long block, int j) {
        long index = Integer.toUnsignedLong(codes.memory().get(INT, block * BLOCK_BYTES));
        long row = Math.min(index, raw.dim(0) - 1);
        return raw.memory().get(SHORT, (row * BLOCK + j) * Short.BYTES);
    }

    private short value(long block, int base, int j) {
        MemorySegment bytes = codes.memory();
        long at = block * BLOCK_BYTES;
        int rest = bytes.get(ValueLayout.JAVA_BYTE, at + j);
        int pair = bytes.get(ValueLayout.JAVA_BYTE, at + BLOCK + j % 32);
        int exponent = base + (j < 32 ? pair & 15 : (pair >> 4) & 15);
        return (short) ((rest & 0x80) << 8 | exponent << 7 | rest & 0x7f);
    }

    @Override
    public String toString() {
        return "bfloat16[" + rows + ", " + columns + "] in 12 bits";
    }
}
