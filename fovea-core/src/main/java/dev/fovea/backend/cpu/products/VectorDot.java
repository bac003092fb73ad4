package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;
import static dev.fovea.backend.cpu.rows.Vectors.bfloat16;
import static dev.fovea.backend.cpu.rows.Vectors.float32;
import static dev.fovea.backend.cpu.rows.Vectors.sum;

import jdk.incubator.vector.FloatVector;

/**
 * {@link Dot} by vectors of as many lanes as it has. Written out, because C2 keeps vectors in registers only in variables of a
 * method that inlines all it calls: a helper for the sums at the end of a tile, which was not inlined any more, made the tile
 * seven times slower.
 */
public final class VectorDot {
    private VectorDot() {}

    static void float32Column(long w, long stride, long x, int n, float[] out, int at) {
        long w1 = w + stride;
        long w2 = w1 + stride;
        long w3 = w2 + stride;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        for (int k = 0; k < n; k += COUNT) {
            long i = 4L * k;
            FloatVector v = float32(x + 4L * k);
            s0 = v.fma(float32(w + i), s0);
            s1 = v.fma(float32(w1 + i), s1);
            s2 = v.fma(float32(w2 + i), s2);
            s3 = v.fma(float32(w3 + i), s3);
        }
        out[at] = sum(s0);
        out[at + 1] = sum(s1);
        out[at + 2] = sum(s2);
        out[at + 3] = sum(s3);
    }

    static void bfloat16Column(long w, long stride, long x, int n, float[] out, int at) {
        long w1 = w + stride;
        long w2 = w1 + stride;
        long w3 = w2 + stride;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        for (int k = 0; k < n; k += COUNT) {
            long i = 2L * k;
            FloatVector v = float32(x + 4L * k);
            s0 = v.fma(bfloat16(w + i), s0);
            s1 = v.fma(bfloat16(w1 + i), s1);
            s2 = v.fma(bfloat16(w2 + i), s2);
            s3 = v.fma(bfloat16(w3 + i), s3);
        }
        out[at] = sum(s0);
        out[at + 1] = sum(s1);
        out[at + 2] = sum(s2);
        out[at + 3] = sum(s3);
    }

    static void float32Tile(long w, long stride, long x, long xStride, int n, float[] out) {
        long w1 = w + stride;
        long w2 = w1 + stride;
        long w3 = w2 + stride;
        long x1 = x + xStride;
        long x2 = x1 + xStride;
        long x3 = x2 + xStride;
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = FloatVector.zero(FLOATS);
        FloatVector s02 = FloatVector.zero(FLOATS);
        FloatVector s03 = FloatVector.zero(FLOATS);
        FloatVector s10 = FloatVector.zero(FLOATS);
        FloatVector s11 = FloatVector.zero(FLOATS);
        FloatVector s12 = FloatVector.zero(FLOATS);
        FloatVector s13 = FloatVector.zero(FLOATS);
        FloatVector s20 = FloatVector.zero(FLOATS);
        FloatVector s21 = FloatVector.zero(FLOATS);
        FloatVector s22 = FloatVector.zero(FLOATS);
        FloatVector s23 = FloatVector.zero(FLOATS);
        FloatVector s30 = FloatVector.zero(FLOATS);
        FloatVector s31 = FloatVector.zero(FLOATS);
        FloatVector s32 = FloatVector.zero(FLOATS);
        FloatVector s33 = FloatVector.zero(FLOATS);
        for (int k = 0; k < n; k += COUNT) {
            long i = 4L * k;
            FloatVector a = float32(w + i);
            FloatVector b = float32(w1 + i);
            FloatVector c = float32(w2 + i);
            FloatVector d = float32(w3 + i);
            FloatVector v0 = float32(x + 4L * k);
            s00 = v0.fma(a, s00);
            s01 = v0.fma(b, s01);
            s02 = v0.fma(c, s02);
            s03 = v0.fma(d, s03);
            FloatVector v1 = float32(x1 + 4L * k);
            s10 = v1.fma(a, s10);
            s11 = v1.fma(b, s11);
            s12 = v1.fma(c, s12);
            s13 = v1.fma(d, s13);
            FloatVector v2 = float32(x2 + 4L * k);
            s20 = v2.fma(a, s20);
            s21 = v2.fma(b, s21);
            s22 = v2.fma(c, s22);
            s23 = v2.fma(d, s23);
            FloatVector v3 = float32(x3 + 4L * k);
            s30 = v3.fma(a, s30);
            s31 = v3.fma(b, s31);
            s32 = v3.fma(c, s32);
            s33 = v3.fma(d, s33);
        }
        out[0] = sum(s00);
        out[1] = sum(s01);
        out[2] = sum(s02);
        out[3] = sum(s03);
        out[4] = sum(s10);
        out[5] = sum(s11);
        out[6] = sum(s12);
        out[7] = sum(s13);
        out[8] = sum(s20);
        out[9] = sum(s21);
        out[10] = sum(s22);
        out[11] = sum(s23);
        out[12] = sum(s30);
        out[13] = sum(s31);
        out[14] = sum(s32);
        out[15] = sum(s33);
    }

    static void bfloat16Tile(long w, long stride, long x, long xStride, int n, float[] out) {
        long w1 = w + stride;
        long w2 = w1 + stride;
        long w3 = w2 + stride;
        long x1 = x + xStride;
        long x2 = x1 + xStride;
        long x3 = x2 + xStride;
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = FloatVector.zero(FLOATS);
        FloatVector s02 = FloatVector.zero(FLOATS);
        FloatVector s03 = FloatVector.zero(FLOATS);
        FloatVector s10 = FloatVector.zero(FLOATS);
        FloatVector s11 = FloatVector.zero(FLOATS);
        FloatVector s12 = FloatVector.zero(FLOATS);
        FloatVector s13 = FloatVector.zero(FLOATS);
        FloatVector s20 = FloatVector.zero(FLOATS);
        FloatVector s21 = FloatVector.zero(FLOATS);
        FloatVector s22 = FloatVector.zero(FLOATS);
        FloatVector s23 = FloatVector.zero(FLOATS);
        FloatVector s30 = FloatVector.zero(FLOATS);
        FloatVector s31 = FloatVector.zero(FLOATS);
        FloatVector s32 = FloatVector.zero(FLOATS);
        FloatVector s33 = FloatVector.zero(FLOATS);
        for (int k = 0; k < n; k += COUNT) {
            long i = 2L * k;
            FloatVector a = bfloat16(w + i);
            FloatVector b = bfloat16(w1 + i);
            FloatVector c = bfloat16(w2 + i);
            FloatVector d = bfloat16(w3 + i);
            FloatVector v0 = float32(x + 4L * k);
            s00 = v0.fma(a, s00);
            s01 = v0.fma(b, s01);
            s02 = v0.fma(c, s02);
            s03 = v0.fma(d, s03);
            FloatVector v1 = float32(x1 + 4L * k);
            s10 = v1.fma(a, s10);
            s11 = v1.fma(b, s11);
            s12 = v1.fma(c, s12);
            s13 = v1.fma(d, s13);
            FloatVector v2 = float32(x2 + 4L * k);
            s20 = v2.fma(a, s20);
            s21 = v2.fma(b, s21);
            s22 = v2.fma(c, s22);
            s23 = v2.fma(d, s23);
            FloatVector v3 = float32(x3 + 4L * k);
            s30 = v3.fma(a, s30);
            s31 = v3.fma(b, s31);
            s32 = v3.fma(c, s32);
            s33 = v3.fma(d, s33);
        }
        out[0] = sum(s00);
        out[1] = sum(s01);
        out[2] = sum(s02);
        out[3] = sum(s03);
        out[4] = sum(s10);
        out[5] = sum(s11);
        out[6] = sum(s12);
        out[7] = sum(s13);
        out[8] = sum(s20);
        out[9] = sum(s21);
        out[10] = sum(s22);
        out[11] = sum(s23);
        out[12] = sum(s30);
        out[13] = sum(s31);
        out[14] = sum(s32);
        out[15] = sum(s33);
    }
}
