package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Tensor;

/** {@code down(f(gate x) * up x)} (Shazeer, 2020): the feed-forward layer of Llama's descendants. */
public record GatedMlp(Linear gateProj, Linear upProj, Linear downProj, Activation act) {

    /** {@code gate_proj}, {@code up_proj}, {@code down_proj} below the cursor, without biases. */
    public static GatedMlp withoutBias(Weights w, int width, int inner, Activation act) {
        return new GatedMlp(
                Linear.withoutBias(w.at("gate_proj"), width, inner),
                Linear.withoutBias(w.at("up_proj"), width, inner),
                Linear.withoutBias(w.at("down_proj"), inner, width),
                act);
    }

    /** The same with biases. */
    public static GatedMlp of(Weights w, int width, int inner, Activation act) {
        return new GatedMlp(
                Linear.of(w.at("gate_proj"), width, inner),
                Linear.of(w.at("up_proj"), width, inner),
                Linear.of(w.at("down_proj"), inner, width),
                act);
    }

    /** (T, D) to (T, D). */
    public Tensor forward(Tensor x) {
        return downProj.forward(Linear.gated(x, gateProj, upProj, act));
    }
}
