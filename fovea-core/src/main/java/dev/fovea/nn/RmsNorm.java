package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.Tensor;

/**
 * Root mean square normalisation as Llama and Qwen have it (Zhang and Sennrich, 2019; LlamaRMSNorm).
 *
 * @param weight (D)
 */
public record RmsNorm(Tensor weight, float eps) {

    /** {@code weight} below the cursor. */
    public static RmsNorm of(Weights w, int width, double eps) {
        return new RmsNorm(w.tensor("weight", width), (float) eps);
    }

    /** (…, D), each row of D by itself. */
    public Tensor forward(Tensor x) {
        return x.backend().rmsNorm(x, weight, eps);
    }
}
