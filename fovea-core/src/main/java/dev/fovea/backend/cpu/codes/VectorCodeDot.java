package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.ORDER;
import static dev.fovea.backend.cpu.rows.Vectors.FLOATS;
import static dev.fovea.backend.cpu.rows.Vectors.INTS;
import static dev.fovea.backend.cpu.rows.Vectors.float32;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import dev.fovea.backend.cpu.products.VectorDot;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.tensor.QuantizedMatrix;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CodeDot} by vectors: some lanes of two tiles, which share the loads of x and come from memory as two streams. Written
 * out and no further unrolled, for the reason that {@link VectorDot} gives.
 */
final class VectorCodeDot {
    private static final VectorSpecies<Short> SHORTS = FLOATS.withLanes(short.class);

    /** As many bytes as there are lanes of float32. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

    /** Bytes from chunk to chunk of a tile. */
    private static final long CHUNK = 4L * TILE;

    private VectorCodeDot() {}

    static void four(
            long codes, long codes2, long pairs, long xScales, long scales, long scales2, int blocks, long out) {
        long zeros = 4L * TILE * blocks;
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector sum2 = FloatVector.zero(FLOATS);
        for (int b = 0; b < blocks; b++) {
            ShortVector dot = ShortVector.zero(SHORTS);
            ShortVector dot2 = ShortVector.zero(SHORTS);
            for (long c = 4L * b; c < 4L * b + 4; c++) {
                ShortVector v = shorts(codes + c * CHUNK);
                ShortVector w = shorts(codes2 + c * CHUNK);
                ShortVector x = pair(pairs + 16 * c);
                dot = dot.add(v.mul(x));
                dot2 = dot2.add(w.mul(x));
                x = pair(pairs + 16 * c + 4);
                dot = dot.add(v.lanewise(LSHR, 4).mul(x));
                dot2 = dot2.add(w.lanewise(LSHR, 4).mul(x));
                x = pair(pairs + 16 * c + 8);
                dot = dot.add(v.lanewise(LSHR, 8).mul(x));
                dot2 = dot2.add(w.lanewise(LSHR, 8).mul(x));
                x = pair(pairs + 16 * c + 12);
                dot = dot.add(v.lanewise(LSHR, 12).mul(x));
                dot2 = dot2.add(w.lanewise(LSHR, 12).mul(x));
            }
            long at = 4L * TILE * b;
            float xScale = MEMORY.get(FLOAT, xScales + 8L * b);
            FloatVector xSum = FloatVector.broadcast(FLOATS, MEMORY.get(FLOAT, xScales + 8L * b + 4));
            FloatVector product = xSum.fma(float32(scales + zeros + at), halves(dot));
            sum = product.fma(float32(scales + at).mul(xScale), sum);
            product = xSum.fma(float32(scales2 + zeros + at), halves(dot2));
            sum2 = product.fma(float32(scales2 + at).mul(xScale), sum2);
        }
        sum.intoMemorySegment(MEMORY, out, ORDER);
        sum2.intoMemorySegment(MEMORY, out + 4L * TILE, ORDER);
    }

    private static ShortVector shorts(long address) {
        return ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER);
    }

    private static ShortVector pair(long address) {
        return IntVector.broadcast(INTS, MEMORY.get(INT, address)).reinterpretAsShorts();
    }

    /** The two sums of each row, together. */
    private static FloatVector halves(ShortVector dot) {
        IntVector both = dot.reinterpretAsInts();
        IntVector lower = both.lanewise(LSHL, 16).lanewise(ASHR, 16);
        return (FloatVector) lower.add(both.lanewise(ASHR, 16)).convert(I2F, 0);
    }

    static void eight(long codes, long codes2, long x, long scales, long scales2, int blocks, long out) {
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector sum2 = FloatVector.zero(FLOATS);
        for (int b = 0; b < blocks; b++) {
            FloatVector even = FloatVector.zero(FLOATS);
            FloatVector odd = FloatVector.zero(FLOATS);
            FloatVector even2 = FloatVector.zero(FLOATS);
            FloatVector odd2 = FloatVector.zero(FLOATS);
            for (long k = (long) b * BLOCK; k < (b + 1L) * BLOCK; k += 4) {
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, codes + k * TILE, ORDER);
                IntVector w = IntVector.fromMemorySegment(INTS, MEMORY, codes2 + k * TILE, ORDER);
                FloatVector y = FloatVector.broadcast(FLOATS, MEMORY.get(FLOAT, x + 4 * k));
                even = code(v.lanewise(LSHL, 24)).fma(y, even);
                even2 = code(w.lanewise(LSHL, 24)).fma(y, even2);
                y = FloatVector.broadcast(FLOATS, MEMORY.get(FLOAT, x + 4 * k + 4));
                odd = code(v.lanewise(LSHL, 16)).fma(y, odd);
                odd2 = code(w.lanewise(LSHL, 16)).fma(y, odd2);
                y = FloatVector.broadcast(FLOATS, MEMORY.get(FLOAT, x + 4 * k + 8));
                even = code(v.lanewise(LSHL, 8)).fma(y, even);
                even2 = code(w.lanewise(LSHL, 8)).fma(y, even2);
                y = FloatVector.broadcast(FLOATS, MEMORY.get(FLOAT, x + 4 * k + 12));
                odd = code(v).fma(y, odd);
                odd2 = code(w).fma(y, odd2);
            }
            long at = 4L * TILE * b;
            sum = even.add(odd).fma(float32(scales + at), sum);
            sum2 = even2.add(odd2).fma(float32(scales2 + at), sum2);
        }
        sum.intoMemorySegment(MEMORY, out, ORDER);
        sum2.intoMemorySegment(MEMORY, out + 4L * TILE, ORDER);
    }

    /** The signed byte at the upper end of each lane. */
    private static FloatVector code(IntVector v) {
        return (FloatVector) v.lanewise(ASHR, 24).convert(I2F, 0);
    }

    static void scales(boolean bytes, long scales, long factors, long to) {
        for (int lane = 0; lane < TILE; lane += Lanes.COUNT) {
            FloatVector v = bytes ? bytes(scales + lane) : float32(scales + 4L * lane);
            v.mul(float32(factors + 4L * lane)).intoMemorySegment(MEMORY, to + 4L * lane, ORDER);
        }
    }

    static void zeros(long zeros, long to) {
        for (int lane = 0; lane < TILE; lane += Lanes.COUNT) {
            bytes(zeros + lane).mul(-QuantizedMatrix.ZERO_UNIT).intoMemorySegment(MEMORY, to + 4L * lane, ORDER);
        }
    }

    private static FloatVector bytes(long address) {
        IntVector v = (IntVector)
                ByteVector.fromMemorySegment(BYTES, MEMORY, address, ORDER).convertShape(ZERO_EXTEND_B2I, INTS, 0);
        return (FloatVector) v.convert(I2F, 0);
    }
}
