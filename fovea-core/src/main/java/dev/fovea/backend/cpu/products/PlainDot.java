package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.products.Dot.LANES;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.PlainMath;
import dev.fovea.tensor.DType;
import java.util.Arrays;

/** Products of rows in memory in plain loops, with the bits of {@link VectorDot}, {@link NarrowDot} and of {@link JavaTile}'s vectors. */
final class PlainDot {
    private PlainDot() {}

    static void column(DType dtype, long w, long stride, long x, int n, float[] out, int at) {
        products(rows(dtype, w, stride, n), load(DType.FLOAT32, x, n), n, out, at);
    }

    static void tile(DType dtype, long w, long stride, long x, long xStride, int n, float[] out) {
        float[][] rows = rows(dtype, w, stride, n);
        for (int j = 0; j < Dot.SIDE; j++) {
            products(rows, load(DType.FLOAT32, x + j * xStride, n), n, out, j * Dot.SIDE);
        }
    }

    private static float[][] rows(DType dtype, long w, long stride, int n) {
        float[][] rows = new float[Dot.SIDE][];
        for (int i = 0; i < Dot.SIDE; i++) {
            rows[i] = load(dtype, w + i * stride, n);
        }
        return rows;
    }

    private static float[] load(DType dtype, long address, int n) {
        float[] row = new float[n];
        if (dtype == DType.BFLOAT16) {
            PlainMath.loadBfloat16(address, row, 0, n); // part of this kernel's rounds, not of Lanes'
        } else {
            Lanes.load(dtype, address, row, 0, n);
        }
        return row;
    }

    private static void products(float[][] w, float[] x, int n, float[] out, int at) {
        float[][] lanes = new float[Dot.SIDE][LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lane(w[0], w[1], w[2], w[3], x, n, lane, lanes);
        }
        for (int i = 0; i < Dot.SIDE; i++) {
            out[at + i] = PlainMath.sum(lanes[i]);
        }
    }

    /** Four sums at once, because each waits for itself. */
    private static void lane(float[] a, float[] b, float[] c, float[] d, float[] x, int n, int lane, float[][] lanes) {
        float s = 0;
        float t = 0;
        float u = 0;
        float v = 0;
        for (int k = lane; k < n; k += LANES) {
            float y = x[k];
            s = Math.fma(y, a[k], s);
            t = Math.fma(y, b[k], t);
            u = Math.fma(y, c[k], u);
            v = Math.fma(y, d[k], v);
        }
        lanes[0][lane] = s;
        lanes[1][lane] = t;
        lanes[2][lane] = u;
        lanes[3][lane] = v;
    }

    /** As {@link JavaTile#multiply}. */
    static void multiply(long a, int pitch, long b, long c, int columns, int rows, int inner) {
        float[] right = load(DType.FLOAT32, b, inner * columns);
        float[] left = new float[Lanes.padded(inner)];
        float[] sums = new float[columns];
        for (int row = 0; row < rows; row++) {
            Lanes.load(DType.FLOAT32, a + 4L * row * pitch, left, 0, inner);
            Arrays.fill(sums, 0);
            for (int k = 0; k < inner; k++) {
                addScaled(sums, left[k], right, k * columns, columns);
            }
            Lanes.store(DType.FLOAT32, sums, 0, c + 4L * row * columns, columns);
        }
    }

    private static void addScaled(float[] sums, float factor, float[] row, int at, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] = Math.fma(factor, row[at + i], sums[i]);
        }
    }
}
