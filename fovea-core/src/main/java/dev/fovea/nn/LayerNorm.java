package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.Tensor;

/**
 * torch.nn.LayerNorm over the last axis.
 *
 * @param weight (D)
 * @param bias (D)
 */
public record LayerNorm(Tensor weight, Tensor bias, float eps) {

    /** {@code weight} and {@code bias} below the cursor. */
    public static LayerNorm of(Weights w, int width, double eps) {
        return new LayerNorm(w.tensor("weight", width), w.tensor("bias", width), (float) eps);
    }

    /** (…, D), each row of D by itself. */
    public Tensor forward(Tensor x) {
        return x.backend().layerNorm(x, weight, bias, eps);
    }
}
