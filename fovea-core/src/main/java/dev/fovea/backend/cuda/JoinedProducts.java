package dev.fovea.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Products of the same few rows: of queries, keys and values; one launch over a list of matrices. */
final class JoinedProducts implements Fusion.Rule {
    @Override
    public Optional<Fusion.Fused> first(List<Step.Call> calls, Fusion.Place place) {
        Products first = Products.of(calls.getFirst()).orElse(null);
        if (first == null || first.isGated()) {
            return Optional.empty();
        }
        List<Products.Matrix> matrices = new ArrayList<>(first.matrices());
        List<Bytes> taken = new ArrayList<>(List.of(first.input()));
        matrices.forEach(m -> taken.addAll(first.outputs(m)));
        int count = 1;
        while (count < calls.size()) {
            Products next = Products.of(calls.get(count)).orElse(null);
            if (next == null
                    || !next.sharesRows(first)
                    || matrices.size() + next.matrices().size() > Products.MOST) {
                break;
            }
            next.matrices().forEach(m -> taken.addAll(next.outputs(m)));
            if (!Bytes.areApart(taken)) {
                break;
            }
            matrices.addAll(next.matrices());
            count++;
        }
        return count == 1
                ? Optional.empty()
                : Optional.of(new Fusion.Fused(first.with(matrices).launch(), count));
    }
}
