package dev.fovea.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The weight (N, K) of a linear layer in codes of 8 or 4 bits. Columns are in groups, which share a scale and, of 4 bits, a
 * zero point: {@code w = (factor scale) (code - zero / 8)}, in float32, with one rounding for each product. Codes of 8 bits are
 * signed and have no zero point.
 *
 * <p>What lies together is what a kernel reads together: sixteen rows at once, so that the lanes of a vector are rows and nothing
 * is summed across lanes. N is padded to whole tiles of sixteen rows, K to whole blocks of 32 columns; codes of the padding are 0.
 *
 * <pre>
 * codes    8 bits   (tiles, blocks * 8, 16, 4)   a byte for each of four columns
 *          4 bits   (tiles, blocks * 4, 16, 4)   byte j: column j in the low half, column 4 + j of the eight in the high one
 * scales            (tiles, groups, 16)          UINT8 or FLOAT32
 * zeros             (tiles, groups, 16)          UINT8, eighths of a code
 * factors           (tiles * 16)                 FLOAT32
 * order             (K)                          INT32, where codes lie in another order than columns: the column of each
 * </pre>
 *
 * @param rows N
 * @param columns K
 * @param form of the codes
 */
public record QuantizedMatrix(
        Form form,
        int rows,
        int columns,
        Tensor codes,
        Tensor scales,
        Optional<Tensor> zeros,
        Tensor factors,
        Optional<Tensor> order)
        implements Matrix {
    /** Rows of a tile. */
    public static final int TILE = 16;

    /** Columns of a block. */
    public static final int BLOCK = 32;

    /** Zero points are in such parts of a code. */
    public static final float ZERO_UNIT = 1 / 8f;

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * @param bits of a code: 8 or 4
     * @param group columns that share a scale, a multiple of {@link #BLOCK}
     */
    public record Form(int bits, int group) {
        public Form {
            if ((bits != 8 && bits != 4) || group < BLOCK || group % BLOCK != 0) {
                throw new IllegalArgumentException(bits + " bits in groups of " + group);
            }
        }

        /** Columns of which the codes lie in four bytes. */
        public int chunk() {
            return 32 / bits;
        }

        public Shape codes(int rows, int columns) {
            return Shape.of(tiles(rows), blocks(columns) * BLOCK / chunk(), TILE, 4);
        }

        /** Of scales, and of zeros where there are some. */
        public Shape scales(int rows, int columns) {
            return Shape.of(tiles(rows), groups(columns), TILE);
        }

        public int groups(int columns) {
            return Math.ceilDiv(columns, group);
        }
    }

    /** @throws IllegalArgumentException where a part has another shape or dtype than the form says */
    public QuantizedMatrix {
        Shape scaleShape = form.scales(rows, columns);
        boolean fits = codes.shape().equals(form.codes(rows, columns))
                && codes.dtype() == DType.UINT8
                && scales.shape().equals(scaleShape)
                && (scales.dtype() == DType.UINT8 || scales.dtype() == DType.FLOAT32)
                && zeros.isPresent() == (form.bits == 4)
                && zeros.map(z -> z.shape().equals(scaleShape) && z.dtype() == DType.UINT8)
                        .orElse(true)
                && factors.shape().equals(Shape.of(tiles(rows) * TILE))
                && factors.dtype() == DType.FLOAT32
                && order.map(o -> o.shape().equals(Shape.of(columns)) && o.dtype() == DType.INT32)
                        .orElse(true);
        if (!fits) {
            throw new IllegalArgumentException("parts of a (" + rows + ", " + columns + ") matrix of " + form
                    + ": codes " + codes + ", scales " + scales + ", zeros " + zeros + ", factors " + factors
                    + ", order "
                    + order);
        }
    }

    public static int tiles(int rows) {
        return Math.ceilDiv(rows, TILE);
    }

    public static int blocks(int columns) {
        return Math.ceilDiv(columns, BLOCK);
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
        return codes.bytes()
                + scales.bytes()
                + zeros.map(Tensor::bytes).orElse(0L)
                + factors.bytes()
                + order.map(Tensor::bytes).orElse(0L);
    }

    /** The same with each of its tensors replaced. */
    public QuantizedMatrix map(UnaryOperator<Tensor> to) {
        return new QuantizedMatrix(
                form,
                rows,
                columns,
                to.apply(codes),
                to.apply(scales),
                zeros.map(to),
                to.apply(factors),
                order.map(to));
    }

    void requireOpen(String what) {
        codes.requireOpen(what);
    }

    /**
     * The weights of a row, where tensors lie in the host's memory.
     *
     * @param to gets K values
     */
    public void row(int n, float[] to) {
        MemorySegment bytes = codes.memory();
        long tile = n / TILE;
        int lane = n % TILE;
        int chunk = form.chunk();
        long tileBytes = codes.shape().size() / codes.dim(0);
        float factor = factors.memory().get(FLOAT, 4L * n);
        for (int k = 0; k < columns; k++) {
            long group = (tile * form.groups(columns) + k / form.group) * TILE + lane;
            long at = tile * tileBytes + (long) (k / chunk) * TILE * 4 + lane * 4L + k % 4;
            int code = bytes.get(ValueLayout.JAVA_BYTE, at);
            to[column(k)] = factor * scale(group) * (form.bits == 8 ? code : nibble(code, k % chunk) - zero(group));
        }
    }

    private int column(int k) {
        return order.isEmpty() ? k : order.get().memory().get(INT, 4L * k);
    }

    private static int nibble(int code, int column) {
        return column < 4 ? code & 15 : (code >> 4) & 15;
    }

    private float scale(long index) {
        return scales.dtype() == DType.FLOAT32
                ? scales.memory().get(FLOAT, 4 * index)
                : scales.memory().get(ValueLayout.JAVA_BYTE, index) & 0xff;
    }

    private float zero(long index) {
        return (zeros.orElseThrow().memory().get(ValueLayout.JAVA_BYTE, index) & 0xff) * ZERO_UNIT;
    }

    @Override
    public String toString() {
        return "int" + form.bits + "[" + rows + ", " + columns + "] in groups of " + form.group;
    }
}
