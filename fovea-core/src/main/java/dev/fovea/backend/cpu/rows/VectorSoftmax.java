package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.ORDER;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;
import static dev.fovea.backend.cpu.rows.Vectors.float32;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link RowSoftmax} by vectors. */
final class VectorSoftmax {
    private VectorSoftmax() {}

    static float largest(long row, int count) {
        FloatVector even = float32(row);
        FloatVector odd = even;
        for (int i = 0; i < count; i += 2 * COUNT) {
            even = Vectors.larger(even, float32(row + 4L * i));
            odd = Vectors.larger(odd, float32(row + 4L * (i + COUNT)));
        }
        return Vectors.largest(Vectors.larger(even, odd));
    }

    static float weights(long row, int count, float scale, float base) {
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector factor = FloatVector.broadcast(FLOATS, scale);
        FloatVector shift = FloatVector.broadcast(FLOATS, -base);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector e = VectorMath.expUpTo88(float32(row + 4L * i).fma(factor, shift));
            e.intoMemorySegment(MEMORY, row + 4L * i, ORDER);
            sum = sum.add(e);
        }
        return Vectors.sum(sum);
    }

    static float splitWeights(long row, long result, int count, float scale, float base) {
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector factor = FloatVector.broadcast(FLOATS, scale);
        FloatVector shift = FloatVector.broadcast(FLOATS, -base);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector e = VectorMath.expUpTo88(float32(row + 4L * i).fma(factor, shift));
            IntVector high = halfUp(e);
            Vectors.storeUpperHalves(high, result + 2L * i);
            Vectors.storeUpperHalves(halfUp(e.sub(high.reinterpretAsFloats())), result + 2L * (count + i));
            sum = sum.add(e);
        }
        return Vectors.sum(sum);
    }

    /** float32 bits of a nearest bfloat16. */
    private static IntVector halfUp(FloatVector v) {
        return v.reinterpretAsInts().add(0x8000).lanewise(VectorOperators.AND, 0xffff0000);
    }

    static void accumulate(long sums, long partial, int count, float shrink) {
        FloatVector factor = FloatVector.broadcast(FLOATS, shrink);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector s = float32(sums + 4L * i).fma(factor, float32(partial + 4L * i));
            s.intoMemorySegment(MEMORY, sums + 4L * i, ORDER);
        }
    }
}
