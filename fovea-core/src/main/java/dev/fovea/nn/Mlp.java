package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Tensor;

/** {@code fc2(f(fc1 x))}: the feed-forward layer of the original transformer. */
public record Mlp(Linear fc1, Linear fc2, Activation act) {

    /** {@code fc1} and {@code fc2} below the cursor, with biases. */
    public static Mlp of(Weights w, int width, int inner, Activation act) {
        return new Mlp(Linear.of(w.at("fc1"), width, inner), Linear.of(w.at("fc2"), inner, width), act);
    }

    /** (T, D) to (T, D). */
    public Tensor forward(Tensor x) {
        return fc2.forward(fc1.forward(x).activation(act));
    }
}
