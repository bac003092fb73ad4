package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.Tensor;

/**
 * Root mean square normalisation as Gemma has it (Gemma3RMSNorm): the stored weight is what is added to 1, and nothing is
 * rounded before the end.
 *
 * @param weight (D)
 */
public record RmsNormPlusOne(Tensor weight, float eps) {

    /** {@code weight} below the cursor. */
    public static RmsNormPlusOne of(Weights w, int width, double eps) {
        return new RmsNormPlusOne(w.tensor("weight", width), (float) eps);
    }

    /** (…, D), each row of D by itself. */
    public Tensor forward(Tensor x) {
        return x.backend().rmsNormPlusOne(x, weight, eps);
    }
}
