package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.products.Dot.LANES;
import static dev.fovea.backend.cpu.products.Dot.SIDE;
import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;
import static dev.fovea.backend.cpu.rows.Vectors.bfloat16;
import static dev.fovea.backend.cpu.rows.Vectors.float32;
import static dev.fovea.backend.cpu.rows.Vectors.sum;

import jdk.incubator.vector.FloatVector;

/**
 * {@link Dot} by vectors of fewer lanes than it has: two sums of vectors at a time, half of the lanes apart, which are added before others
 * are made. Written out for the reason that {@link VectorDot} gives; with two sums each, four rows by four want more registers than there are, and
 * squares of two by two are half again as fast as columns.
 */
final class NarrowDot {
    private static final int HALF = LANES / 2;

    /** To which anything can be added, minus zero too, and remains what it is. */
    private static final FloatVector NOTHING = FloatVector.broadcast(FLOATS, -0f);

    private NarrowDot() {}

    /** As {@link Dot#column}, of float32 or bfloat16. */
    static void column(boolean bfloat16, long w, long stride, long x, int n, float[] out, int at) {
        if (bfloat16) {
            bfloat16Column(w, stride, x, n, out, at);
        } else {
            float32Column(w, stride, x, n, out, at);
        }
    }

    /** As {@link Dot#tile}, of float32 or bfloat16. */
    static void tile(boolean bfloat16, long w, long stride, long x, long xStride, int n, float[] out) {
        for (int j = 0; j < SIDE; j += 2) {
            for (int i = 0; i < SIDE; i += 2) {
                int at = j * SIDE + i;
                if (bfloat16) {
                    bfloat16Square(w + i * stride, stride, x + j * xStride, xStride, n, out, at);
                } else {
                    float32Square(w + i * stride, stride, x + j * xStride, xStride, n, out, at);
                }
            }
        }
    }

    private static void float32Column(long w, long stride, long x, int n, float[] out, int at) {
        long w1 = w + stride;
        long w2 = w1 + stride;
        long w3 = w2 + stride;
        FloatVector r0 = NOTHING;
        FloatVector r1 = NOTHING;
        FloatVector r2 = NOTHING;
        FloatVector r3 = NOTHING;
        for (int lane = 0; lane < HALF; lane += COUNT) {
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = FloatVector.zero(FLOATS);
            FloatVector s2 = FloatVector.zero(FLOATS);
            FloatVector s3 = FloatVector.zero(FLOATS);
            FloatVector t0 = FloatVector.zero(FLOATS);
            FloatVector t1 = FloatVector.zero(FLOATS);
            FloatVector t2 = FloatVector.zero(FLOATS);
            FloatVector t3 = FloatVector.zero(FLOATS);
            int k = lane;
            for (; k + HALF < n; k += LANES) {
                long i = 4L * k;
                FloatVector v = float32(x + 4L * k);
                s0 = v.fma(float32(w + i), s0);
                s1 = v.fma(float32(w1 + i), s1);
                s2 = v.fma(float32(w2 + i), s2);
                s3 = v.fma(float32(w3 + i), s3);
                long j = i + 4 * HALF;
                FloatVector u = float32(x + 4L * (k + HALF));
                t0 = u.fma(float32(w + j), t0);
                t1 = u.fma(float32(w1 + j), t1);
                t2 = u.fma(float32(w2 + j), t2);
                t3 = u.fma(float32(w3 + j), t3);
            }
            if (k < n) {
                long i = 4L * k;
                FloatVector v = float32(x + 4L * k);
                s0 = v.fma(float32(w + i), s0);
                s1 = v.fma(float32(w1 + i), s1);
                s2 = v.fma(float32(w2 + i), s2);
                s3 = v.fma(float32(w3 + i), s3);
            }
            r0 = r0.add(s0.add(t0));
            r1 = r1.add(s1.add(t1));
            r2 = r2.add(s2.add(t2));
            r3 = r3.add(s3.add(t3));
        }
        out[at] = sum(r0);
        out[at + 1] = sum(r1);
        out[at + 2] = sum(r2);
        out[at + 3] = sum(r3);
    }

    private static void bfloat16Column(long w, long stride, long x, int n, float[] out, int at) {
        long w1 = w + stride;
        long w2 = w1 + stride;
        long w3 = w2 + stride;
        FloatVector r0 = NOTHING;
        FloatVector r1 = NOTHING;
        FloatVector r2 = NOTHING;
        FloatVector r3 = NOTHING;
        for (int lane = 0; lane < HALF; lane += COUNT) {
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = FloatVector.zero(FLOATS);
            FloatVector s2 = FloatVector.zero(FLOATS);
            FloatVector s3 = FloatVector.zero(FLOATS);
            FloatVector t0 = FloatVector.zero(FLOATS);
            FloatVector t1 = FloatVector.zero(FLOATS);
            FloatVector t2 = FloatVector.zero(FLOATS);
            FloatVector t3 = FloatVector.zero(FLOATS);
            int k = lane;
            for (; k + HALF < n; k += LANES) {
                long i = 2L * k;
                FloatVector v = float32(x + 4L * k);
                s0 = v.fma(bfloat16(w + i), s0);
                s1 = v.fma(bfloat16(w1 + i), s1);
                s2 = v.fma(bfloat16(w2 + i), s2);
                s3 = v.fma(bfloat16(w3 + i), s3);
                long j = i + 2 * HALF;
                FloatVector u = float32(x + 4L * (k + HALF));
                t0 = u.fma(bfloat16(w + j), t0);
                t1 = u.fma(bfloat16(w1 + j), t1);
                t2 = u.fma(bfloat16(w2 + j), t2);
                t3 = u.fma(bfloat16(w3 + j), t3);
            }
            if (k < n) {
                long i = 2L * k;
                FloatVector v = float32(x + 4L * k);
                s0 = v.fma(bfloat16(w + i), s0);
                s1 = v.fma(bfloat16(w1 + i), s1);
                s2 = v.fma(bfloat16(w2 + i), s2);
                s3 = v.fma(bfloat16(w3 + i), s3);
            }
            r0 = r0.add(s0.add(t0));
            r1 = r1.add(s1.add(t1));
            r2 = r2.add(s2.add(t2));
            r3 = r3.add(s3.add(t3));
        }
        out[at] = sum(r0);
        out[at + 1] = sum(r1);
        out[at + 2] = sum(r2);
        out[at + 3] = sum(r3);
    }

    /** Two rows of each. */
    private static void float32Square(long w, long stride, long x, long xStride, int n, float[] out, int at) {
        long w1 = w + stride;
        long x1 = x + xStride;
        FloatVector r00 = NOTHING;
        FloatVector r01 = NOTHING;
        FloatVector r10 = NOTHING;
        FloatVector r11 = NOTHING;
        for (int lane = 0; lane < HALF; lane += COUNT) {
            FloatVector s00 = FloatVector.zero(FLOATS);
            FloatVector s01 = FloatVector.zero(FLOATS);
            FloatVector s10 = FloatVector.zero(FLOATS);
            FloatVector s11 = FloatVector.zero(FLOATS);
            FloatVector t00 = FloatVector.zero(FLOATS);
            FloatVector t01 = FloatVector.zero(FLOATS);
            FloatVector t10 = FloatVector.zero(FLOATS);
            FloatVector t11 = FloatVector.zero(FLOATS);
            int k = lane;
            for (; k + HALF < n; k += LANES) {
                FloatVector a0 = float32(w + 4L * k);
                FloatVector b0 = float32(w1 + 4L * k);
                FloatVector u0 = float32(x + 4L * k);
                FloatVector v0 = float32(x1 + 4L * k);
                s00 = u0.fma(a0, s00);
                s01 = u0.fma(b0, s01);
                s10 = v0.fma(a0, s10);
                s11 = v0.fma(b0, s11);
                FloatVector a1 = float32(w + 4L * (k + HALF));
                FloatVector b1 = float32(w1 + 4L * (k + HALF));
                FloatVector u1 = float32(x + 4L * (k + HALF));
                FloatVector v1 = float32(x1 + 4L * (k + HALF));
                t00 = u1.fma(a1, t00);
                t01 = u1.fma(b1, t01);
                t10 = v1.fma(a1, t10);
                t11 = v1.fma(b1, t11);
            }
            if (k < n) {
                FloatVector a = float32(w + 4L * k);
                FloatVector b = float32(w1 + 4L * k);
                FloatVector u = float32(x + 4L * k);
                FloatVector v = float32(x1 + 4L * k);
                s00 = u.fma(a, s00);
                s01 = u.fma(b, s01);
                s10 = v.fma(a, s10);
                s11 = v.fma(b, s11);
            }
            r00 = r00.add(s00.add(t00));
            r01 = r01.add(s01.add(t01));
            r10 = r10.add(s10.add(t10));
            r11 = r11.add(s11.add(t11));
        }
        out[at] = sum(r00);
        out[at + 1] = sum(r01);
        out[at + SIDE] = sum(r10);
        out[at + SIDE + 1] = sum(r11);
    }

    /** Two rows of each. */
    private static void bfloat16Square(long w, long stride, long x, long xStride, int n, float[] out, int at) {
        long w1 = w + stride;
        long x1 = x + xStride;
        FloatVector r00 = NOTHING;
        FloatVector r01 = NOTHING;
        FloatVector r10 = NOTHING;
        FloatVector r11 = NOTHING;
        for (int lane = 0; lane < HALF; lane += COUNT) {
            FloatVector s00 = FloatVector.zero(FLOATS);
            FloatVector s01 = FloatVector.zero(FLOATS);
            FloatVector s10 = FloatVector.zero(FLOATS);
            FloatVector s11 = FloatVector.zero(FLOATS);
            FloatVector t00 = FloatVector.zero(FLOATS);
            FloatVector t01 = FloatVector.zero(FLOATS);
            FloatVector t10 = FloatVector.zero(FLOATS);
            FloatVector t11 = FloatVector.zero(FLOATS);
            int k = lane;
            for (; k + HALF < n; k += LANES) {
                FloatVector a0 = bfloat16(w + 2L * k);
                FloatVector b0 = bfloat16(w1 + 2L * k);
                FloatVector u0 = float32(x + 4L * k);
                FloatVector v0 = float32(x1 + 4L * k);
                s00 = u0.fma(a0, s00);
                s01 = u0.fma(b0, s01);
                s10 = v0.fma(a0, s10);
                s11 = v0.fma(b0, s11);
                FloatVector a1 = bfloat16(w + 2L * (k + HALF));
                FloatVector b1 = bfloat16(w1 + 2L * (k + HALF));
                FloatVector u1 = float32(x + 4L * (k + HALF));
                FloatVector v1 = float32(x1 + 4L * (k + HALF));
                t00 = u1.fma(a1, t00);
                t01 = u1.fma(b1, t01);
                t10 = v1.fma(a1, t10);
                t11 = v1.fma(b1, t11);
            }
            if (k < n) {
                FloatVector a = bfloat16(w + 2L * k);
                FloatVector b = bfloat16(w1 + 2L * k);
                FloatVector u = float32(x + 4L * k);
                FloatVector v = float32(x1 + 4L * k);
                s00 = u.fma(a, s00);
                s01 = u.fma(b, s01);
                s10 = v.fma(a, s10);
                s11 = v.fma(b, s11);
            }
            r00 = r00.add(s00.add(t00));
            r01 = r01.add(s01.add(t01));
            r10 = r10.add(s10.add(t10));
            r11 = r11.add(s11.add(t11));
        }
        out[at] = sum(r00);
        out[at + 1] = sum(r01);
        out[at + SIDE] = sum(r10);
        out[at + SIDE + 1] = sum(r11);
    }
}
