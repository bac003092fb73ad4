package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.ORDER;
import static dev.fovea.backend.cpu.rows.Vectors.INTS;
import static dev.fovea.backend.cpu.rows.Vectors.float32;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.backend.cpu.rows.Vectors;
import dev.fovea.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link WidenedCodes} of whole tiles, by vectors, with the same bits. */
final class VectorWidening {
    private VectorWidening() {}

    static void tile(Codes w, long codes, long scales, Rows to, int at) {
        boolean narrow = to.dtype() == DType.BFLOAT16;
        long zeros = scales + 4L * TILE * w.blocks();
        for (int k = 0; k < w.inputs(); k++) {
            long target = to.row(k) + (long) at * to.dtype().bytes();
            long block = 4L * (k / BLOCK) * TILE;
            if (w.bits() == 4) {
                int column = k % 8;
                int shift = column < 4 ? 8 * column : 8 * column - 28;
                four(codes + (long) (k / 8) * 4 * TILE, shift, scales + block, zeros + block, target, narrow);
            } else {
                eight(codes + (long) (k / 4) * 4 * TILE, 24 - 8 * (k % 4), scales + block, target, narrow);
            }
        }
    }

    private static void four(long codes, int shift, long scales, long zeros, long to, boolean narrow) {
        for (int lane = 0; lane < TILE; lane += COUNT) {
            IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, codes + 4L * lane, ORDER);
            FloatVector code = (FloatVector) v.lanewise(LSHR, shift).and(15).convert(I2F, 0);
            store(code.add(float32(zeros + 4L * lane)).mul(float32(scales + 4L * lane)), to, lane, narrow);
        }
    }

    private static void eight(long codes, int shift, long scales, long to, boolean narrow) {
        for (int lane = 0; lane < TILE; lane += COUNT) {
            IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, codes + 4L * lane, ORDER);
            FloatVector code =
                    (FloatVector) v.lanewise(LSHL, shift).lanewise(ASHR, 24).convert(I2F, 0);
            store(code.mul(float32(scales + 4L * lane)), to, lane, narrow);
        }
    }

    private static void store(FloatVector values, long to, int lane, boolean narrow) {
        if (narrow) {
            Vectors.storeUpperHalves(Vectors.nearestBfloat16(values), to + 2L * lane);
        } else {
            values.intoMemorySegment(MEMORY, to + 4L * lane, ORDER);
        }
    }
}
