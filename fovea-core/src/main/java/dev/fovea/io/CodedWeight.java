package dev.fovea.io;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A weight that bitsandbytes stored in codes: several stored tensors are one of the model's. */
interface CodedWeight {
    /** Of its values. */
    Shape shape();

    /** Of its values. */
    DType dtype();

    /** What is missing, or has another shape or type than it should have; empty where all fits. */
    List<String> misfits();

    /** Fills a tensor of its shape, on all processors; values are rounded to {@link #dtype} first, as the reference does. */
    void widen(Tensor target);

    /** The same values in our codes, on the heap; empty where ours cannot hold them. */
    Optional<QuantizedMatrix> codes(Backend backend);

    /** Our codes without data, where {@link #codes} has some. */
    Optional<QuantizedMatrix> codesShapes(Backend backend);
}
