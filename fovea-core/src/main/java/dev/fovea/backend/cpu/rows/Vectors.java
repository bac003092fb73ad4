package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.COUNT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.ORDER;

import dev.fovea.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of float32, and how bfloat16 becomes one and back. Species and operators are constants, because C2 makes
 * instructions only of what it sees as constant.
 */
public final class Vectors {
    public static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, Lanes.SHAPE);

    public static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);

    /** As many 16-bit lanes as there are float32 lanes. */
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

    private static final VectorShuffle<Float> TURN_8 = turned(8);
    private static final VectorShuffle<Float> TURN_4 = turned(4);
    private static final VectorShuffle<Float> TURN_2 = turned(2);

    private Vectors() {}

    public static FloatVector float32(long address) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ORDER);
    }

    /** bfloat16 is the upper half of float32. */
    public static FloatVector bfloat16(long address) {
        return widen(ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER));
    }

    private static FloatVector widen(ShortVector bits) {
        return ((IntVector) bits.convertShape(VectorOperators.S2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats();
    }

    /** float32 bits whose upper half is the nearest bfloat16, ties to even; NaN stays NaN. */
    public static IntVector nearestBfloat16(FloatVector v) {
        IntVector bits = v.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, 1);
        IntVector rounded = bits.add(odd).add(0x7fff);
        VectorMask<Integer> nan =
                bits.lanewise(VectorOperators.AND, 0x7fffffff).compare(VectorOperators.GT, 0x7f800000);
        return rounded.blend(bits.lanewise(VectorOperators.OR, 0x400000), nan);
    }

    /** As float32, what bfloat16 holds of v. */
    private static FloatVector nearestBfloat16Value(FloatVector v) {
        return nearestBfloat16(v).lanewise(VectorOperators.AND, 0xffff0000).reinterpretAsFloats();
    }

    /** Stores the upper halves of float32 bits. */
    public static void storeUpperHalves(IntVector bits, long address) {
        upperHalf(bits).intoMemorySegment(MEMORY, address, ORDER);
    }

    private static ShortVector upperHalf(IntVector bits) {
        return (ShortVector) bits.lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, SHORTS, 0);
    }

    /** For each lane, the one that is so far above it, around the end. */
    private static VectorShuffle<Float> turned(int distance) {
        return VectorShuffle.iota(FLOATS, distance % COUNT, 1, true);
    }

    /**
     * Sum of the lanes, halves onto halves. {@code reduceLanes} adds in another order once it is compiled, and a result
     * that changes with the warmth of the JVM is no result.
     */
    public static float sum(FloatVector v) {
        FloatVector s = COUNT > 8 ? v.add(v.rearrange(TURN_8)) : v;
        s = COUNT > 4 ? s.add(s.rearrange(TURN_4)) : s;
        s = s.add(s.rearrange(TURN_2));
        return s.lane(0) + s.lane(1);
    }

    /** The larger of each pair of lanes; two instructions, where {@code max} takes six to order NaN and zeros. */
    static FloatVector larger(FloatVector a, FloatVector b) {
        return a.blend(b, b.compare(VectorOperators.GT, a));
    }

    /** The largest lane. */
    static float largest(FloatVector v) {
        FloatVector s = COUNT > 8 ? larger(v, v.rearrange(TURN_8)) : v;
        s = COUNT > 4 ? larger(s, s.rearrange(TURN_4)) : s;
        s = larger(s, s.rearrange(TURN_2));
        return Math.max(s.lane(0), s.lane(1));
    }

    // ---------------------------------------------------------------------------------------------- runs of bfloat16

    /** Reads n values to {@code to[at…]}. */
    static void loadBfloat16(long address, float[] to, int at, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            bfloat16(address + 2L * i).intoArray(to, at + i);
        }
        for (int i = whole; i < n; i++) {
            to[at + i] = DType.bfloat16ToFloat(MEMORY.get(Lanes.SHORT, address + 2L * i));
        }
    }

    /** Writes n values of {@code from[at…]}, rounded. */
    static void storeBfloat16(float[] from, int at, long address, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            storeUpperHalves(nearestBfloat16(FloatVector.fromArray(FLOATS, from, at + i)), address + 2L * i);
        }
        for (int i = whole; i < n; i++) {
            MEMORY.set(Lanes.SHORT, address + 2L * i, DType.floatToBfloat16(from[at + i]));
        }
    }

    /** Rounds the first n values in place, and what lies up to the next whole vector. */
    static void roundToBfloat16(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            nearestBfloat16Value(FloatVector.fromArray(FLOATS, a, i)).intoArray(a, i);
        }
    }
}
