package dev.fovea.tensor;

import java.util.Arrays;

/** Extents of a tensor, outermost first. Immutable. */
public final class Shape {
    private final int[] dims;

    private Shape(int[] dims) {
        this.dims = dims;
    }

    /** @throws IllegalArgumentException if an extent is negative */
    public static Shape of(int... dims) {
        for (int d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException("negative extent in shape " + Arrays.toString(dims));
            }
        }
        return new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /** Extent of an axis; negative axes count from the end, as in NumPy. */
    public int dim(int axis) {
        return dims[axis < 0 ? axis + dims.length : axis];
    }

    public int[] toArray() {
        return dims.clone();
    }

    /** Number of elements; 1 for a scalar. */
    public long size() {
        long n = 1;
        for (int d : dims) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    /** Elements between neighbours along each axis of a densely packed tensor. */
    public long[] denseStrides() {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= dims[axis];
        }
        return strides;
    }

    /** This shape with one extent replaced. */
    public Shape with(int axis, int extent) {
        int[] copy = dims.clone();
        copy[axis < 0 ? axis + dims.length : axis] = extent;
        return of(copy);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** {@code [2, 3]}, as PyTorch prints it. */
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
