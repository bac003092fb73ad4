package dev.fovea.backend.cpu.rows;

import dev.fovea.tensor.Tensor;
import java.util.Arrays;

/** The axes of a strided view with those merged that lie together, for copying it to a densely packed tensor. */
final class Layout {
    final int bytes;
    private final int[] dims;
    private final long[] strides;

    private Layout(int[] dims, long[] strides, int bytes) {
        this.dims = dims;
        this.strides = strides;
        this.bytes = bytes;
    }

    static Layout of(Tensor x) {
        int[] dims = new int[Math.max(1, x.rank())];
        long[] strides = new long[dims.length];
        Arrays.fill(dims, 1);
        Arrays.fill(strides, 1);
        int n = 0;
        for (int axis = 0; axis < x.rank(); axis++) {
            if (x.dim(axis) == 1) {
                continue;
            }
            if (n > 0 && strides[n - 1] == x.stride(axis) * x.dim(axis)) {
                dims[n - 1] *= x.dim(axis);
                strides[n - 1] = x.stride(axis);
            } else {
                dims[n] = x.dim(axis);
                strides[n++] = x.stride(axis);
            }
        }
        int rank = Math.max(1, n);
        return new Layout(
                Arrays.copyOf(dims, rank),
                Arrays.copyOf(strides, rank),
                x.dtype().bytes());
    }

    int rank() {
        return dims.length;
    }

    int dim(int axis) {
        return dims[axis];
    }

    long stride(int axis) {
        return strides[axis];
    }

    /** Elements between neighbours along an axis once packed. */
    long dense(int axis) {
        long stride = 1;
        for (int i = dims.length - 1; i > axis; i--) {
            stride *= dims[i];
        }
        return stride;
    }

    long size() {
        return dense(-1);
    }

    /** The axis whose neighbours lie side by side; -1 where none does. */
    int unitAxis() {
        int axis = dims.length - 1;
        while (axis >= 0 && strides[axis] != 1) {
            axis--;
        }
        return axis;
    }

    /** Number of places that the axes other than the last and the unit axis span. */
    int outer(int unit) {
        int last = dims.length - 1;
        long n = size() / dims[last];
        return Math.toIntExact(unit < 0 || unit == last ? n : n / dims[unit]);
    }

    /** Byte offsets in the view and in the packed copy of the i-th of these places. */
    long[] locate(int i, int unit) {
        long from = 0;
        long to = 0;
        int rest = i;
        for (int axis = dims.length - 2; axis >= 0; axis--) {
            if (axis != unit) {
                from += rest % dims[axis] * strides[axis];
                to += rest % dims[axis] * dense(axis);
                rest /= dims[axis];
            }
        }
        return new long[] {from * bytes, to * bytes};
    }
}
