package dev.fovea.backend.cpu.rows;

import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * An operand as kernels see it: rows of densely packed values, each row a fixed distance from the one before.
 *
 * <p>Made once per operation, after the shapes were checked; making it checks that all rows lie within the tensor's memory,
 * so the kernels need not.
 *
 * @param address of the first value
 * @param width values in a row
 * @param stride bytes from row to row
 */
public record Rows(DType dtype, long address, int count, int width, long stride) {

    /** Rows along the first axis: a row is everything behind it. */
    public static Rows of(Tensor x) {
        int count = x.dim(0);
        int width = count == 0 ? 0 : Math.toIntExact(x.shape().size() / count);
        return new Rows(
                x.dtype(), address(x), count, width, x.stride(0) * x.dtype().bytes());
    }

    /** Rows along the last axis of a densely packed tensor. */
    public static Rows ofLast(Tensor x) {
        int width = x.rank() == 0 ? 1 : x.dim(-1);
        int count = width == 0 ? 0 : Math.toIntExact(x.shape().size() / width);
        return new Rows(
                x.dtype(), address(x), count, width, (long) width * x.dtype().bytes());
    }

    public long row(int i) {
        return address + i * stride;
    }

    /** So many rows from one on, or those that there are. */
    public Rows part(int first, int most) {
        return new Rows(dtype, row(first), Math.min(most, count - first), width, stride);
    }

    /** All of row i to {@code to[0…]}, padded with zeros to whole vectors. */
    public void load(int i, float[] to) {
        Lanes.load(dtype, row(i), to, 0, width);
    }

    /** Row i from {@code from[0…]}, rounded. */
    public void store(float[] from, int i) {
        Lanes.store(dtype, from, 0, row(i), width);
    }

    /** The address of the first element, after checking that all elements lie in the tensor's memory. */
    public static long address(Tensor x) {
        MemorySegment memory = x.memory();
        if (!memory.isNative() || !memory.scope().isAlive()) {
            throw new IllegalArgumentException("operand " + x + " lies in " + (memory.isNative() ? "closed" : "heap")
                    + " memory; expected open native memory");
        }
        long last = x.offset();
        for (int axis = 0; axis < x.rank(); axis++) {
            last += Math.max(0, x.dim(axis) - 1) * x.stride(axis);
        }
        int bytes = x.dtype().bytes();
        if (x.shape().size() > 0 && (x.offset() < 0 || (last + 1) * bytes > memory.byteSize())) {
            throw new IllegalArgumentException("operand " + x + " needs bytes " + x.offset() * bytes + ".."
                    + (last + 1) * bytes + " of a memory of " + memory.byteSize());
        }
        return memory.address() + x.offset() * bytes;
    }
}
