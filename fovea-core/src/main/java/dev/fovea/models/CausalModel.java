package dev.fovea.models;

import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;

/** A decoder as {@link CausalDecoding} drives it. Immutable; all state of an answer is in its cache. */
public interface CausalModel {
    Backend backend();

    int vocabSize();

    /** An empty cache that fits the layers. */
    KvCache newCache();

    /** Token ids to vectors: (ids.length, D). */
    Tensor embed(int[] ids);

    /**
     * The layers and the final norm.
     *
     * @param inputsEmbeds (T, D), rows of one or several sequences
     * @param positions int[axes][T]
     * @param step where the cache takes them
     * @return (T, D)
     */
    Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step);

    /** The output layer: (T, D) to (T, vocabSize). */
    Tensor logits(Tensor hidden);

    /** Rows of prompts that may run at once, each with the bits that it has alone: {@link Backend#sharedRows}. */
    default SharedRows sharedPromptRows() {
        return SharedRows.NONE;
    }

    /** Axes of a position. */
    default int positionAxes() {
        return 1;
    }

    /** Rows of a prompt that run at once: bounds the memory of a long prompt. */
    default int prefillChunk() {
        return 1024;
    }
}
