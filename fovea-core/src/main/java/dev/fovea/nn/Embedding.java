package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;

/**
 * torch.nn.Embedding.
 *
 * @param weight (V, D)
 * @param dtype of the activations
 */
public record Embedding(Tensor weight, DType dtype) {

    /** {@code weight} below the cursor. */
    public static Embedding of(Weights w, int vocabSize, int width) {
        return new Embedding(w.tensor("weight", vocabSize, width), w.dtype());
    }

    /** Rows of the table: (ids.length, D). */
    public Tensor forward(int... ids) {
        return weight.backend().gatherRows(weight, ids, dtype);
    }
}
