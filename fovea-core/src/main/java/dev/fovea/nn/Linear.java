package dev.fovea.nn;

import dev.fovea.io.Weights;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * torch.nn.Linear: {@code x Wᵀ + b}.
 *
 * @param weight (out, in), which may be quantised
 * @param bias (out), or null
 */
public record Linear(Matrix weight, @Nullable Tensor bias) {
    private static final ScopedValue<BiConsumer<Matrix, Tensor>> INPUTS = ScopedValue.newInstance();

    /** {@code weight} and {@code bias} below the cursor. */
    public static Linear of(Weights w, int in, int out) {
        return new Linear(w.matrix("weight", out, in), w.tensor("bias", out));
    }

    /** {@code weight} below the cursor. */
    public static Linear withoutBias(Weights w, int in, int out) {
        return new Linear(w.matrix("weight", out, in), null);
    }

    /** (T, in) to (T, out). */
    public Tensor forward(Tensor x) {
        listen(x);
        return x.backend().linear(x, weight, bias);
    }

    /** (T, in) to (T, out) of each of some layers, which a backend may do as one. */
    public static List<Tensor> forward(Tensor x, Linear... layers) {
        List<Backend.Projection> projections = new ArrayList<>(layers.length);
        for (Linear layer : layers) {
            layer.listen(x);
            projections.add(layer.projection());
        }
        return x.backend().linear(x, projections);
    }

    /** {@code f(gate x)}, rounded, times {@code up x}: (T, in) to (T, out). */
    public static Tensor gated(Tensor x, Linear gate, Linear up, Activation f) {
        gate.listen(x);
        up.listen(x);
        return x.backend().gatedLinear(x, gate.projection(), up.projection(), f);
    }

    private Backend.Projection projection() {
        return new Backend.Projection(weight, bias);
    }

    private void listen(Tensor x) {
        if (INPUTS.isBound()) {
            INPUTS.get().accept(weight, x);
        }
    }

    /** Runs a computation with a listener for the rows (T, in) that meet each weight on this thread. They are valid during the call only. */
    public static <T> T withInputs(BiConsumer<Matrix, Tensor> listener, Supplier<T> computation) {
        return ScopedValue.where(INPUTS, listener).call(computation::get);
    }
}
