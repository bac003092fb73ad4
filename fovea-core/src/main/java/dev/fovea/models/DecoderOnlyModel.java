package dev.fovea.models;

import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import java.util.Set;

/** A model whose decoder reads pictures among the tokens of a prompt, and goes on with it. */
public interface DecoderOnlyModel extends VisionLanguageModel {
    CausalModel decoder();

    /** Tokens to vectors, pictures among them, in the current scope. */
    Prompt prompt(Inputs.Row row);

    @Override
    default Backend backend() {
        return decoder().backend();
    }

    @Override
    default KvCache newCache() {
        return decoder().newCache();
    }

    @Override
    default CausalSequences newSequences(long prefixBytes, Set<Integer> turnEnds) {
        return new CausalSequences(decoder(), prefixBytes, turnEnds);
    }

    @Override
    default CausalDecoding start(Inputs inputs, Sequences memory, boolean owned) {
        return CausalDecoding.of(inputs, this::prompt, (CausalSequences) memory, owned);
    }

    @Override
    default void trace(Inputs inputs, int[] answerIds) {
        try (CausalSequences memory = newSequences(0, Set.of());
                CausalDecoding decoding = start(inputs, memory, true)) {
            decoding.trace(answerIds);
        }
    }
}
