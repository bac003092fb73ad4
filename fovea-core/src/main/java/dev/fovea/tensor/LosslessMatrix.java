package dev.fovea.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.UnaryOperator;

/**
 * The weight (N, K) of a linear layer in bfloat16, its very bits in 12 of them: exponents of neighbours lie near each other, so that
 * 64 neighbours of a row share an even one and each keeps four bits beside it. A block whose exponents lie farther apart, or one
 * with infinities or NaN, is kept as it is.
 *
 * <p>Four rows lie side by side, block by block, so that one stream through memory gives four sums that share what they need of x. Of each
 * value the lower byte is kept, and of the upper one the sign and how far the rest is above the block's base.
 *
 * <pre>
 * codes  (⌈N / 4⌉, K / 64, 384)  UINT8, 192 of the group's first two rows, then 192 of the others. Byte p of 192: the upper part of the
 *                                value at {@linkplain #place place} p of the first row in the lower half, of the second in the upper one;
 *                                byte 64 + p: the lower byte of the first's, byte 128 + p: of the second's.
 *                                Of a block that is kept as it is, the lower bytes begin with its row of raw, INT32
 * bases  (⌈N / 4⌉, K / 64, 4)    UINT8: half of the even exponent of each row's block; 255 for one that is kept as it is
 * raw    (R, 64)                 BFLOAT16, R at least 1; an index beyond them, of a damaged file, means the last
 * </pre>
 *
 * Rows behind the last are zeros.
 *
 * @param rows N
 * @param columns K, a multiple of {@link #BLOCK}
 */
public record LosslessMatrix(int rows, int columns, Tensor codes, Tensor bases, Tensor raw) implements Matrix {
    /** Columns of a block. */
    public static final int BLOCK = 64;

    /** Rows side by side. */
    public static final int GROUP = 4;

    /** Bytes of a block's codes, those of all rows of a group. */
    public static final int BLOCK_BYTES = 384;

    /** The base of a block that is kept as it is; greater ones than 127, of a damaged file, mean the same. */
    public static final int RAW = 255;

    /** How far the greatest exponent of a block lies above the even one at most. */
    public static final int SPAN = 15;

    private static final int TWO_ROWS = BLOCK_BYTES / 2;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Of a matrix's parts, but for raw. */
    public record Shapes(Shape codes, Shape bases) {}

    public static Shapes shapes(int rows, int columns) {
        int groups = Math.ceilDiv(rows, GROUP);
        int blocks = columns / BLOCK;
        return new Shapes(Shape.of(groups, blocks, BLOCK_BYTES), Shape.of(groups, blocks, GROUP));
    }

    /** Whether rows of so many columns are whole blocks. */
    public static boolean holds(int columns) {
        return columns % BLOCK == 0;
    }

    /** Which byte of 64 a column of a block has: vectors that interleave bytes in each 128 bits bring columns in their order. */
    public static int place(int column) {
        return column % 32 / 8 * 16 + column / 32 * 8 + column % 8;
    }

    /** Where a block has the lower bytes of a group's row. */
    public static int lowerAt(int row) {
        return upperAt(row) + BLOCK + row % 2 * BLOCK;
    }

    /** Where it has the upper parts of two rows. */
    public static int upperAt(int row) {
        return row / 2 * TWO_ROWS;
    }

    /** @throws IllegalArgumentException where a part has another shape or dtype than these */
    public LosslessMatrix {
        Shapes shapes = shapes(rows, columns);
        boolean fits = holds(columns)
                && codes.dtype() == DType.UINT8
                && codes.shape().equals(shapes.codes)
                && bases.dtype() == DType.UINT8
                && bases.shape().equals(shapes.bases)
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
        int i = n % GROUP;
        for (int b = 0; b < blocks; b++) {
            long block = (long) (n / GROUP) * blocks + b;
            byte base = bases.memory().get(ValueLayout.JAVA_BYTE, block * GROUP + i);
            for (int j = 0; j < BLOCK; j++) {
                long at = block * BLOCK_BYTES;
                to[b * BLOCK + j] = base < 0 ? rawValue(at, i, j) : value(at, i, base, j);
            }
        }
    }

    private short rawValue(long block, int i, int j) {
        long index = Integer.toUnsignedLong(codes.memory().get(INT, block + lowerAt(i)));
        long row = Math.min(index, raw.dim(0) - 1);
        return raw.memory().get(SHORT, (row * BLOCK + j) * Short.BYTES);
    }

    private short value(long block, int i, int base, int j) {
        MemorySegment bytes = codes.memory();
        int lower = bytes.get(ValueLayout.JAVA_BYTE, block + lowerAt(i) + place(j)) & 0xff;
        int two = bytes.get(ValueLayout.JAVA_BYTE, block + upperAt(i) + place(j));
        int part = two >> i % 2 * 4 & 15;
        int upper = base + (part & 7) + ((part & 8) << 4);
        return (short) (upper << 8 | lower);
    }

    @Override
    public String toString() {
        return "bfloat16[" + rows + ", " + columns + "] in 12 bits";
    }
}
