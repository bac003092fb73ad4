package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.machine.Warmup.Scratch.N;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.VectorShape;

/**
 * Float32 as kernels have it, in arrays, and how values of the three dtypes come there from memory and back.
 *
 * <p>Arrays of scratch are padded to whole vectors, so that kernels have no tails: {@link #load} fills the padding with
 * zeros, and what a kernel computes there is never stored.
 */
public final class Lanes {
    public static final VectorShape SHAPE = Isa.vectorShape();

    /** Values of a vector. Sums are one per lane at first, in plain loops too, or these would have other bits. */
    public static final int COUNT = SHAPE.vectorBitSize() / Float.SIZE;

    public static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /**
     * The whole address space. A constant segment without a session: an access through it compiles to one instruction,
     * while segments of tensors come in several classes and lifetimes. {@link Rows} checks bounds, once per operand.
     */
    public static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    public static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    public static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

    private static final Warmup LOAD = new Warmup(s -> loadBfloat16(s.memory(), s.row(), 0, N));
    private static final Warmup STORE = new Warmup(s -> storeBfloat16(s.row(), 0, s.memory(), N));
    private static final Warmup ROUND = new Warmup(s -> roundBfloat16(s.row(), N));

    private Lanes() {}

    /** The next multiple of the vector length. */
    public static int padded(int n) {
        return (n + COUNT - 1) / COUNT * COUNT;
    }

    /** The array if it has so many elements, else a new one. */
    public static float[] atLeast(float[] a, int n) {
        return a.length >= n ? a : new float[n];
    }

    /** Reads n values to {@code to[at…]}, and zeros up to a whole vector. */
    public static void load(DType dtype, long address, float[] to, int at, int n) {
        switch (dtype) {
            case FLOAT32 -> MemorySegment.copy(MEMORY, FLOAT, address, to, at, n);
            case BFLOAT16 -> loadBfloat16(address, to, at, n);
            case FLOAT16 -> loadFloat16(address, to, at, n);
            default -> throw unsupported(dtype);
        }
        for (int i = at + n; i < at + padded(n); i++) {
            to[i] = 0;
        }
    }

    /** Copies n float32 to {@code to[at…]}, and nothing else. */
    public static void copy(long address, float[] to, int at, int n) {
        MemorySegment.copy(MEMORY, FLOAT, address, to, at, n);
    }

    private static void loadBfloat16(long address, float[] to, int at, int n) {
        if (LOAD.plain(n)) {
            PlainMath.loadBfloat16(address, to, at, n);
        } else {
            Vectors.loadBfloat16(address, to, at, n);
        }
    }

    /** C2 turns plain loops with this conversion into vector instructions, which the Vector API of JDK 25 has not. */
    private static void loadFloat16(long address, float[] to, int at, int n) {
        for (int i = 0; i < n; i++) {
            to[at + i] = Float.float16ToFloat(MEMORY.get(SHORT, address + 2L * i));
        }
    }

    /** Writes n values of {@code from[at…]}, rounded to the dtype. */
    public static void store(DType dtype, float[] from, int at, long address, int n) {
        switch (dtype) {
            case FLOAT32 -> MemorySegment.copy(from, at, MEMORY, FLOAT, address, n);
            case BFLOAT16 -> storeBfloat16(from, at, address, n);
            case FLOAT16 -> storeFloat16(from, at, address, n);
            default -> throw unsupported(dtype);
        }
    }

    private static void storeBfloat16(float[] from, int at, long address, int n) {
        if (STORE.plain(n)) {
            PlainMath.storeBfloat16(from, at, address, n);
        } else {
            Vectors.storeBfloat16(from, at, address, n);
        }
    }

    private static void storeFloat16(float[] from, int at, long address, int n) {
        for (int i = 0; i < n; i++) {
            MEMORY.set(SHORT, address + 2L * i, Float.floatToFloat16(from[at + i]));
        }
    }

    /** Rounds n values in place to what the dtype can hold. */
    public static void round(DType dtype, float[] a, int n) {
        switch (dtype) {
            case FLOAT32 -> {}
            case BFLOAT16 -> roundBfloat16(a, n);
            case FLOAT16 -> roundFloat16(a, n);
            default -> throw unsupported(dtype);
        }
    }

    private static void roundBfloat16(float[] a, int n) {
        if (ROUND.plain(n)) {
            PlainMath.roundToBfloat16(a, n);
        } else {
            Vectors.roundToBfloat16(a, n);
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
