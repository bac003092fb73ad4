package dev.fovea.backend.cpu;

import static dev.fovea.backend.cpu.Lanes.COUNT;
import static dev.fovea.backend.cpu.Lanes.FLOAT;
import static dev.fovea.backend.cpu.Lanes.FLOATS;
import static dev.fovea.backend.cpu.Lanes.MEMORY;
import static dev.fovea.backend.cpu.Lanes.ORDER;
import static dev.fovea.backend.cpu.Lanes.float32;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Rows of scores in memory, float32, a multiple of the vector length long. */
final class RowSoftmax {
    private RowSoftmax() {}

    /** Scores outside of from..to become minus infinity, whose weight is zero. */
    static void hide(long row, int count, int from, int to) {
        fill(row, 0, from);
        fill(row, Math.max(from, to), count);
    }

    private static void fill(long row, int from, int to) {
        for (int i = from; i < to; i++) {
            MEMORY.set(FLOAT, row + 4L * i, Float.NEGATIVE_INFINITY);
        }
    }

    static float largest(long row, int count) {
        FloatVector even = float32(row);
        FloatVector odd = even;
        for (int i = 0; i < count; i += 2 * COUNT) {
            even = Lanes.larger(even, float32(row + 4L * i));
            odd = Lanes.larger(odd, float32(row + 4L * (i + COUNT)));
        }
        return Lanes.largest(Lanes.larger(even, odd));
    }

    /** Scores become {@code exp(scale score - base)}; returns their sum. */
    static float weights(long row, int count, float scale, float base) {
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector factor = FloatVector.broadcast(FLOATS, scale);
        FloatVector shift = FloatVector.broadcast(FLOATS, -base);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector e = VectorMath.expUpTo88(float32(row + 4L * i).fma(factor, shift));
            e.intoMemorySegment(MEMORY, row + 4L * i, ORDER);
            sum = sum.add(e);
        }
        return Lanes.sum(sum);
    }

    /**
     * As {@link #weights}, written as two bfloat16 that make up the weight to 17 bits: all first parts, then all second ones.
     * PyTorch's flash kernels keep the first only; the contract asks for more.
     */
    static float splitWeights(long row, long result, int count, float scale, float base) {
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector factor = FloatVector.broadcast(FLOATS, scale);
        FloatVector shift = FloatVector.broadcast(FLOATS, -base);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector e = VectorMath.expUpTo88(float32(row + 4L * i).fma(factor, shift));
            IntVector high = halfUp(e);
            store(high, result + 2L * i);
            store(halfUp(e.sub(high.reinterpretAsFloats())), result + 2L * (count + i));
            sum = sum.add(e);
        }
        return Lanes.sum(sum);
    }

    /** float32 bits of a nearest bfloat16. */
    private static IntVector halfUp(FloatVector v) {
        return v.reinterpretAsInts().add(0x8000).lanewise(VectorOperators.AND, 0xffff0000);
    }

    private static void store(IntVector bits, long address) {
        ((ShortVector) bits.lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, Lanes.SHORTS, 0))
                .intoMemorySegment(MEMORY, address, ORDER);
    }

    /** {@code sums = sums shrink + partial}, or {@code partial} at first. */
    static void accumulate(long sums, long partial, int count, float shrink, boolean first) {
        FloatVector factor = FloatVector.broadcast(FLOATS, shrink);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector p = float32(partial + 4L * i);
            FloatVector s = first ? p : float32(sums + 4L * i).fma(factor, p);
            s.intoMemorySegment(MEMORY, sums + 4L * i, ORDER);
        }
    }
}
