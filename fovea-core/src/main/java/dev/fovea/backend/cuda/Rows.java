package dev.fovea.backend.cuda;

import dev.fovea.tensor.Tensor;

/** Where tensors lie on the device. */
final class Rows {
    private Rows() {}

    /** The address of the first element. */
    static long address(Tensor t) {
        return t.memory().address() + t.offset() * t.dtype().bytes();
    }

    /** Elements between the rows of a tensor whose other axes are densely packed. */
    static long stride(Tensor t) {
        return t.dim(0) > 1 ? t.stride(0) : width(t);
    }

    /** Elements of a row: of all axes but the first. */
    static long width(Tensor t) {
        return t.shape().with(0, 1).size();
    }
}
