package dev.fovea.tensor;

/** The weight (N, K) of a linear layer: a tensor, its bits packed into fewer, or codes of few bits. */
public sealed interface Matrix permits Tensor, LosslessMatrix, QuantizedMatrix {
    Backend backend();

    /** N for axis 0, K for axis 1. */
    int dim(int axis);

    /** Bytes that a product reads of it. */
    long bytes();
}
