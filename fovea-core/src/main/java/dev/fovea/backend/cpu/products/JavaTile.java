package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.ORDER;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;
import static dev.fovea.backend.cpu.rows.Vectors.float32;

import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import jdk.incubator.vector.FloatVector;

/** Products with vectors along the columns of the right side, so that nothing is reduced across lanes. */
public final class JavaTile implements TileProducts {
    /** Rows of a register tile. */
    private static final int ROWS = 4;

    /** Columns of a register tile; eight accumulators fit the sixteen registers of AVX2 too. */
    private static final int COLUMNS = 2 * COUNT;

    private static final Warmup PRODUCTS =
            new Warmup(s -> multiply(s.memory(), 64, s.part(4), s.part(12), 4 * COUNT, ROWS, 64));

    @Override
    public DType dtype() {
        return DType.FLOAT32;
    }

    @Override
    public int pitch(int width) {
        return Lanes.padded(width);
    }

    @Override
    public boolean keysByDimension() {
        return true;
    }

    @Override
    public void scores(long queries, Rows keys, long scores, Size size) {
        multiply(queries, pitch(size.width()), keys.address(), scores, size.tile(), size.rows(), size.width());
    }

    @Override
    public void sums(long weights, long values, long sums, Size size) {
        multiply(weights, size.tile(), values, sums, pitch(size.width()), size.rows(), size.tile());
    }

    /**
     * {@code c (rows, columns) = a (rows, inner) b (inner, columns)}, all float32, rows of b and c dense.
     *
     * @param pitch elements between rows of a
     * @param columns a multiple of the vector length
     */
    public static void multiply(long a, int pitch, long b, long c, int columns, int rows, int inner) {
        if (PRODUCTS.plain(rows * inner * columns / COUNT)) {
            PlainDot.multiply(a, pitch, b, c, columns, rows, inner);
        } else {
            multiplyVectors(a, pitch, b, c, columns, rows, inner);
        }
    }

    private static void multiplyVectors(long a, int pitch, long b, long c, int columns, int rows, int inner) {
        long stride = 4L * columns;
        for (int row = 0; row < rows; row += ROWS) {
            long from = a + 4L * row * pitch;
            long to = c + row * stride;
            int column = 0;
            for (; column + COLUMNS <= columns; column += COLUMNS) {
                pair(from, 4L * pitch, b + 4L * column, stride, to + 4L * column, inner);
            }
            if (column < columns) {
                single(from, 4L * pitch, b + 4L * column, stride, to + 4L * column, inner);
            }
        }
    }

    private static FloatVector all(long address) {
        return FloatVector.broadcast(FLOATS, MEMORY.get(FLOAT, address));
    }

    private static void pair(long a, long aStride, long b, long stride, long c, int inner) {
        long a1 = a + aStride;
        long a2 = a1 + aStride;
        long a3 = a2 + aStride;
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = FloatVector.zero(FLOATS);
        FloatVector s10 = FloatVector.zero(FLOATS);
        FloatVector s11 = FloatVector.zero(FLOATS);
        FloatVector s20 = FloatVector.zero(FLOATS);
        FloatVector s21 = FloatVector.zero(FLOATS);
        FloatVector s30 = FloatVector.zero(FLOATS);
        FloatVector s31 = FloatVector.zero(FLOATS);
        for (int k = 0; k < inner; k++) {
            FloatVector u = float32(b + k * stride);
            FloatVector v = float32(b + k * stride + 4L * COUNT);
            FloatVector x0 = all(a + 4L * k);
            s00 = x0.fma(u, s00);
            s01 = x0.fma(v, s01);
            FloatVector x1 = all(a1 + 4L * k);
            s10 = x1.fma(u, s10);
            s11 = x1.fma(v, s11);
            FloatVector x2 = all(a2 + 4L * k);
            s20 = x2.fma(u, s20);
            s21 = x2.fma(v, s21);
            FloatVector x3 = all(a3 + 4L * k);
            s30 = x3.fma(u, s30);
            s31 = x3.fma(v, s31);
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + 4L * COUNT, ORDER);
        s10.intoMemorySegment(MEMORY, c + stride, ORDER);
        s11.intoMemorySegment(MEMORY, c + stride + 4L * COUNT, ORDER);
        s20.intoMemorySegment(MEMORY, c + 2 * stride, ORDER);
        s21.intoMemorySegment(MEMORY, c + 2 * stride + 4L * COUNT, ORDER);
        s30.intoMemorySegment(MEMORY, c + 3 * stride, ORDER);
        s31.intoMemorySegment(MEMORY, c + 3 * stride + 4L * COUNT, ORDER);
    }

    private static void single(long a, long aStride, long b, long stride, long c, int inner) {
        long a1 = a + aStride;
        long a2 = a1 + aStride;
        long a3 = a2 + aStride;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        for (int k = 0; k < inner; k++) {
            FloatVector u = float32(b + k * stride);
            s0 = all(a + 4L * k).fma(u, s0);
            s1 = all(a1 + 4L * k).fma(u, s1);
            s2 = all(a2 + 4L * k).fma(u, s2);
            s3 = all(a3 + 4L * k).fma(u, s3);
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + stride, ORDER);
        s2.intoMemorySegment(MEMORY, c + 2 * stride, ORDER);
        s3.intoMemorySegment(MEMORY, c + 3 * stride, ORDER);
    }
}
