package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.products.Dot.LANES;
import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;
import static dev.fovea.backend.cpu.rows.Vectors.float32;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Vectors;
import dev.fovea.tensor.DType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Dot products of float16 rows where there is no {@link DotCode}: pieces of four rows are converted by the loop that C2
 * turns into instructions, and stay in the first-level cache for the products.
 */
final class Float16Dot {
    private static final int PIECE = 512;

    private static final ThreadLocal<Float16Dot> MINE = ThreadLocal.withInitial(Float16Dot::new);

    private final float[] values = new float[Dot.SIDE * PIECE];
    private final float[] sums = new float[Dot.SIDE * LANES];

    /** As {@link VectorDot#float32Column}. */
    static void column(long w, long stride, long x, int n, float[] out, int at) {
        MINE.get().run(w, stride, x, n, out, at);
    }

    private void run(long w, long stride, long x, int n, float[] out, int at) {
        Arrays.fill(sums, 0);
        for (int k = 0; k < n; k += PIECE) {
            int count = Math.min(PIECE, n - k);
            for (int i = 0; i < Dot.SIDE; i++) {
                Lanes.load(DType.FLOAT16, w + i * stride + 2L * k, values, i * PIECE, count);
            }
            for (int lane = 0; lane < LANES; lane += COUNT) {
                addProducts(values, x + 4L * k, lane, count, sums);
            }
        }
        for (int i = 0; i < Dot.SIDE; i++) {
            out[at + i] = sum(i * LANES);
        }
    }

    private float sum(int at) {
        for (int half = LANES / 2; half >= COUNT; half /= 2) {
            for (int lane = at; lane < at + half; lane += COUNT) {
                FloatVector upper = FloatVector.fromArray(FLOATS, sums, lane + half);
                FloatVector.fromArray(FLOATS, sums, lane).add(upper).intoArray(sums, lane);
            }
        }
        return Vectors.sum(FloatVector.fromArray(FLOATS, sums, at));
    }

    /** To the sums of so many lanes from one on. */
    private static void addProducts(float[] w, long x, int lane, int n, float[] sums) {
        FloatVector s0 = FloatVector.fromArray(FLOATS, sums, lane);
        FloatVector s1 = FloatVector.fromArray(FLOATS, sums, LANES + lane);
        FloatVector s2 = FloatVector.fromArray(FLOATS, sums, 2 * LANES + lane);
        FloatVector s3 = FloatVector.fromArray(FLOATS, sums, 3 * LANES + lane);
        for (int k = lane; k < n; k += LANES) {
            FloatVector v = float32(x + 4L * k);
            s0 = v.fma(FloatVector.fromArray(FLOATS, w, k), s0);
            s1 = v.fma(FloatVector.fromArray(FLOATS, w, PIECE + k), s1);
            s2 = v.fma(FloatVector.fromArray(FLOATS, w, 2 * PIECE + k), s2);
            s3 = v.fma(FloatVector.fromArray(FLOATS, w, 3 * PIECE + k), s3);
        }
        s0.intoArray(sums, lane);
        s1.intoArray(sums, LANES + lane);
        s2.intoArray(sums, 2 * LANES + lane);
        s3.intoArray(sums, 3 * LANES + lane);
    }
}
