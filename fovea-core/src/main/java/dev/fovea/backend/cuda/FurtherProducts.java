package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.tensor.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A product and a function of it, an activation or a scaling. */
final class FurtherProducts implements Fusion.Rule {
    private static final int SCALE = 5;

    /** Which of the prelude's functions an activation is, by its name in lower case; 0 where there is no such activation. */
    static int number(String activation) {
        for (Activation f : Activation.values()) {
            if (f.name().toLowerCase(Locale.ROOT).equals(activation)) {
                return switch (f) {
                    case RELU -> 1;
                    case SILU -> 2;
                    case GELU -> 3;
                    case GELU_TANH -> 4;
                };
            }
        }
        return 0;
    }

    @Override
    public Optional<Fusion.Fused> first(List<Step.Call> calls, Fusion.Place place) {
        Products product =
                Products.of(calls.getFirst()).filter(p -> !p.isGated()).orElse(null);
        if (product == null || calls.size() < 2 || !(calls.get(1) instanceof Step.Launch next)) {
            return Optional.empty();
        }
        Products.Matrix m = product.plain().orElse(null);
        int function = next.kernel().entry().equals("scale")
                ? SCALE
                : number(next.kernel().entry());
        if (m == null || function == 0 || !next.kernel().module().isOfOne("elementwise", product.type())) {
            return Optional.empty();
        }
        Arguments.Reader read = next.arguments().read();
        boolean follows = read.pointer() == m.out();
        long out = read.pointer();
        if (!follows || read.pointer() != product.elements(m)) {
            return Optional.empty();
        }
        Products.Further further = new Products.Further(function, function == SCALE ? read.real() : 1, out);
        Products fused = product.with(List.of(m.with(further)));
        List<Bytes> touched = new ArrayList<>(List.of(product.input()));
        touched.addAll(fused.outputs(fused.matrices().getFirst()));
        return Fusion.Fused.where(touched, fused.launch(), 2);
    }
}
