package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.machine.Warmup.Scratch.N;

import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.tensor.DType;
import java.util.List;

/**
 * Dot products of rows in memory, several at a time so that loads are shared: n values each, n a multiple of the vector
 * length; rows of x are float32.
 *
 * <p>Each product is {@link #LANES} sums at first, however wide vectors are: sum i begins at 0 and takes the products of values i, i + LANES,
 * i + 2 LANES, … in this order, each added by a fused multiplication. The upper half of the sums is then added to the lower until one is left.
 * So all kernels give the same bits, and processors with vectors of one width those of processors with another; {@linkplain DotKernel pairs of
 * bfloat16} alone have others.
 */
public final class Dot {
    /** Sums that a product is at first. */
    public static final int LANES = 16;

    /** Rows of each side that a tile takes. */
    public static final int SIDE = 4;

    private static final List<DType> DTYPES = List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16);

    private static final Warmup COLUMN = new Warmup(s ->
            DTYPES.forEach(dtype -> column(dtype, s.memory(), (long) N * dtype.bytes(), s.part(8), N, s.row(), 0)));
    private static final Warmup TILE = new Warmup(s -> DTYPES.subList(0, 2)
            .forEach(dtype ->
                    tile(dtype, s.memory(), (long) N * dtype.bytes(), s.part(8), (long) N * Float.BYTES, N, s.row())));

    private Dot() {}

    /** {@code out[at + 0..3]} = four rows of w with one of x. */
    public static void column(DType dtype, long w, long stride, long x, int n, float[] out, int at) {
        if (COLUMN.plain(n)) {
            PlainDot.column(dtype, w, stride, x, n, out, at);
        } else if (dtype == DType.FLOAT16) {
            Float16Dot.column(w, stride, x, n, out, at);
        } else if (Lanes.COUNT < LANES) {
            NarrowDot.column(dtype == DType.BFLOAT16, w, stride, x, n, out, at);
        } else if (dtype == DType.BFLOAT16) {
            VectorDot.bfloat16Column(w, stride, x, n, out, at);
        } else {
            VectorDot.float32Column(w, stride, x, n, out, at);
        }
    }

    /** Four rows of w, float32 or bfloat16, with four of x: {@code out[4 j + i] = w[i] . x[j]}. */
    public static void tile(DType dtype, long w, long stride, long x, long xStride, int n, float[] out) {
        if (TILE.plain(SIDE * n)) {
            PlainDot.tile(dtype, w, stride, x, xStride, n, out);
        } else if (Lanes.COUNT < LANES) {
            NarrowDot.tile(dtype == DType.BFLOAT16, w, stride, x, xStride, n, out);
        } else if (dtype == DType.BFLOAT16) {
            VectorDot.bfloat16Tile(w, stride, x, xStride, n, out);
        } else {
            VectorDot.float32Tile(w, stride, x, xStride, n, out);
        }
    }
}
