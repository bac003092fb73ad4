package dev.fovea.generate;

import java.util.List;
import java.util.Objects;

/**
 * An entry of transformers' {@code sequence_bias}: added to the score of the last id wherever the ids before it have just been
 * written.
 *
 * @param ids at least one token id
 * @param bias positive makes the sequence likelier, negative less likely
 */
public record SequenceBias(List<Integer> ids, double bias) {
    public SequenceBias {
        Objects.requireNonNull(ids, "ids");
        ids = List.copyOf(ids);
        if (ids.isEmpty()) {
            throw new IllegalArgumentException("a sequence bias needs at least one id");
        }
    }
}
