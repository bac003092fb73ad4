package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Two products of the same rows and their gate: {@code f(x gᵀ) * x uᵀ}; a block makes both products of an output. */
final class GatedProducts implements Fusion.Rule {
    private static final String GATED = "gated_";

    @Override
    public Optional<Fusion.Fused> first(List<Step.Call> calls, Fusion.Place place) {
        if (calls.size() < 3 || !(calls.get(2) instanceof Step.Launch gating)) {
            return Optional.empty();
        }
        Products gate = Products.of(calls.get(0)).filter(p -> !p.isGated()).orElse(null);
        Products up = Products.of(calls.get(1)).orElse(null);
        return gate == null || up == null || !up.sharesRows(gate) ? Optional.empty() : gate(gate, up, gating);
    }

    private static Optional<Fusion.Fused> gate(Products gate, Products up, Step.Launch gating) {
        Products.Matrix g = gate.plain().orElse(null);
        Products.Matrix u = up.plain().orElse(null);
        String entry = gating.kernel().entry();
        if (g == null
                || u == null
                || g.outputs() != u.outputs()
                || !entry.startsWith(GATED)
                || !gating.kernel().module().isOfOne("elementwise", gate.type())) {
            return Optional.empty();
        }
        Arguments.Reader read = gating.arguments().read();
        boolean follows = read.pointer() == g.out() && read.pointer() == u.out();
        long out = read.pointer();
        if (!follows || read.pointer() != gate.elements(g)) {
            return Optional.empty();
        }
        Products.Further further =
                new Products.Further(FurtherProducts.number(entry.substring(GATED.length())), 1, out);
        Products fused = gate.gated(g.with(further), u);
        List<Bytes> touched = new ArrayList<>(List.of(gate.input()));
        fused.matrices().forEach(m -> touched.addAll(fused.outputs(m)));
        return Fusion.Fused.where(touched, fused.launch(), 3);
    }
}
