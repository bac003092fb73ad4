package dev.fovea.backend.cpu;

import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of float32, and how values of the three dtypes come from memory into float arrays and back.
 *
 * <p>Species and operators are constants, because C2 makes instructions only of what it sees as constant. Arrays of scratch
 * are padded to whole vectors, so that kernels have no tails: {@link #load} fills the padding with zeros, and what a kernel
 * computes there is never stored.
 */
final class Lanes {
    /** As wide as the processor likes; system property {@code fovea.vectorBits} overrides it, for tests. */
    static final VectorSpecies<Float> FLOATS = species();

    static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);

    /** As many 16-bit lanes as there are float32 lanes. */
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

    static final int COUNT = FLOATS.length();

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /**
     * The whole address space. A constant segment without a session: an access through it compiles to one instruction,
     * while segments of tensors come in several classes and lifetimes. {@link Rows} checks bounds, once per operand.
     */
    static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

    private static final VectorShuffle<Float> TURN_8 = turned(8);
    private static final VectorShuffle<Float> TURN_4 = turned(4);
    private static final VectorShuffle<Float> TURN_2 = turned(2);

    private Lanes() {}

    private static VectorSpecies<Float> species() {
        int bits = Integer.getInteger("fovea.vectorBits", FloatVector.SPECIES_PREFERRED.vectorBitSize());
        return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    /** The next multiple of the vector length. */
    static int padded(int n) {
        return (n + COUNT - 1) / COUNT * COUNT;
    }

    /** The array if it has so many elements, else a new one. */
    static float[] atLeast(float[] a, int n) {
        return a.length >= n ? a : new float[n];
    }

    // ------------------------------------------------------------------------------------------- single vectors

    static FloatVector float32(long address) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ORDER);
    }

    /** bfloat16 is the upper half of float32. */
    static FloatVector bfloat16(long address) {
        return widen(ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER));
    }

    /** The first n lanes, zeros behind. */
    static FloatVector float32(long address, int n) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ORDER, FLOATS.indexInRange(0, n));
    }

    /** The first n lanes, zeros behind. */
    static FloatVector bfloat16(long address, int n) {
        return widen(ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER, SHORTS.indexInRange(0, n)));
    }

    private static FloatVector widen(ShortVector bits) {
        return ((IntVector) bits.convertShape(VectorOperators.S2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats();
    }

    /** float32 bits whose upper half is the nearest bfloat16, ties to even; NaN stays NaN. */
    private static IntVector nearestBfloat16(FloatVector v) {
        IntVector bits = v.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, 1);
        IntVector rounded = bits.add(odd).add(0x7fff);
        VectorMask<Integer> nan = v.test(VectorOperators.IS_NAN).cast(INTS);
        return rounded.blend(bits.lanewise(VectorOperators.OR, 0x400000), nan);
    }

    /** As float32, what bfloat16 holds of v. */
    static FloatVector nearestBfloat16Value(FloatVector v) {
        return nearestBfloat16(v).lanewise(VectorOperators.AND, 0xffff0000).reinterpretAsFloats();
    }

    static void storeBfloat16(FloatVector v, long address) {
        narrow(v).intoMemorySegment(MEMORY, address, ORDER);
    }

    private static ShortVector narrow(FloatVector v) {
        return (ShortVector)
                nearestBfloat16(v).lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, SHORTS, 0);
    }

    /** For each lane, the one that is so far above it, around the end. */
    private static VectorShuffle<Float> turned(int distance) {
        return VectorShuffle.iota(FLOATS, distance % COUNT, 1, true);
    }

    /**
     * Sum of the lanes, halves onto halves. {@code reduceLanes} adds in another order once it is compiled, and a result
     * that changes with the warmth of the JVM is no result.
     */
    static float sum(FloatVector v) {
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

    // ------------------------------------------------------------------------------------------------------ runs

    /** Reads n values to {@code to[at…]}, and zeros up to a whole vector. */
    static void load(DType dtype, long address, float[] to, int at, int n) {
        switch (dtype) {
            case FLOAT32 -> loadFloat32(address, to, at, n);
            case BFLOAT16 -> loadBfloat16(address, to, at, n);
            case FLOAT16 -> loadFloat16(address, to, at, n);
            default -> throw unsupported(dtype);
        }
    }

    private static void loadFloat32(long address, float[] to, int at, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            float32(address + 4L * i).intoArray(to, at + i);
        }
        if (whole < n) {
            float32(address + 4L * whole, n - whole).intoArray(to, at + whole);
        }
    }

    private static void loadBfloat16(long address, float[] to, int at, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            bfloat16(address + 2L * i).intoArray(to, at + i);
        }
        if (whole < n) {
            bfloat16(address + 2L * whole, n - whole).intoArray(to, at + whole);
        }
    }

    /** C2 turns plain loops with this conversion into vector instructions, which the Vector API of JDK 25 has not. */
    private static void loadFloat16(long address, float[] to, int at, int n) {
        for (int i = 0; i < n; i++) {
            to[at + i] = Float.float16ToFloat(MEMORY.get(SHORT, address + 2L * i));
        }
        java.util.Arrays.fill(to, at + n, at + padded(n), 0);
    }

    /** Writes n values of {@code from[at…]}, rounded to the dtype. */
    static void store(DType dtype, float[] from, int at, long address, int n) {
        switch (dtype) {
            case FLOAT32 -> storeFloat32(from, at, address, n);
            case BFLOAT16 -> storeBfloat16(from, at, address, n);
            case FLOAT16 -> storeFloat16(from, at, address, n);
            default -> throw unsupported(dtype);
        }
    }

    private static void storeFloat32(float[] from, int at, long address, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(FLOATS, from, at + i).intoMemorySegment(MEMORY, address + 4L * i, ORDER);
        }
        for (int i = whole; i < n; i++) {
            MEMORY.set(FLOAT, address + 4L * i, from[at + i]);
        }
    }

    private static void storeBfloat16(float[] from, int at, long address, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            storeBfloat16(FloatVector.fromArray(FLOATS, from, at + i), address + 2L * i);
        }
        for (int i = whole; i < n; i++) {
            MEMORY.set(SHORT, address + 2L * i, DType.floatToBfloat16(from[at + i]));
        }
    }

    private static void storeFloat16(float[] from, int at, long address, int n) {
        for (int i = 0; i < n; i++) {
            MEMORY.set(SHORT, address + 2L * i, Float.floatToFloat16(from[at + i]));
        }
    }

    /** Rounds n values in place to what the dtype can hold. */
    static void round(DType dtype, float[] a, int n) {
        switch (dtype) {
            case FLOAT32 -> {}
            case BFLOAT16 -> roundBfloat16(a, n);
            case FLOAT16 -> roundFloat16(a, n);
            default -> throw unsupported(dtype);
        }
    }

    private static void roundBfloat16(float[] a, int n) {
        for (int i = 0; i < n; i += COUNT) {
            nearestBfloat16Value(FloatVector.fromArray(FLOATS, a, i)).intoArray(a, i);
        }
    }

    private static void roundFloat16(float[] a, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = Float.float16ToFloat(Float.floatToFloat16(a[i]));
        }
    }

    private static IllegalArgumentException unsupported(DType dtype) {
        return new IllegalArgumentException("no arithmetic in " + dtype.torchName());
    }
}
