package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.SHORT;

import java.lang.foreign.MemorySegment;

/** {@link RowSoftmax} in plain loops, with the bits of {@link VectorSoftmax}. */
final class PlainSoftmax {
    private PlainSoftmax() {}

    private static float[] load(long row, int count) {
        float[] a = new float[count];
        MemorySegment.copy(MEMORY, FLOAT, row, a, 0, count);
        return a;
    }

    private static void store(float[] a, long row) {
        MemorySegment.copy(a, 0, MEMORY, FLOAT, row, a.length);
    }

    static float largest(long row, int count) {
        float[] a = load(row, count);
        float largest = a[0];
        for (int i = 1; i < count; i++) {
            largest = a[i] > largest ? a[i] : largest;
        }
        return largest;
    }

    static float weights(long row, int count, float scale, float base) {
        float[] a = load(row, count);
        weigh(a, scale, base);
        store(a, row);
        return PlainMath.sum(a, count);
    }

    private static void weigh(float[] a, float scale, float base) {
        for (int i = 0; i < a.length; i++) {
            a[i] = PlainMath.expUpTo88(Math.fma(a[i], scale, -base));
        }
    }

    static float splitWeights(long row, long result, int count, float scale, float base) {
        float[] a = load(row, count);
        weigh(a, scale, base);
        short[] parts = new short[2 * count];
        for (int i = 0; i < count; i++) {
            int high = halfUp(a[i]);
            parts[i] = (short) (high >>> 16);
            parts[count + i] = (short) (halfUp(a[i] - Float.intBitsToFloat(high)) >>> 16);
        }
        MemorySegment.copy(parts, 0, MEMORY, SHORT, result, parts.length);
        return PlainMath.sum(a, count);
    }

    /** float32 bits of a nearest bfloat16. */
    private static int halfUp(float v) {
        return Float.floatToRawIntBits(v) + 0x8000 & 0xffff0000;
    }

    static void accumulate(long sums, long partial, int count, float shrink) {
        float[] p = load(partial, count);
        float[] s = load(sums, count);
        for (int i = 0; i < count; i++) {
            p[i] = Math.fma(s[i], shrink, p[i]);
        }
        store(p, sums);
    }
}
