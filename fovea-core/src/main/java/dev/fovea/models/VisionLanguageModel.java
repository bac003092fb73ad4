package dev.fovea.models;

import dev.fovea.generate.Decoding;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Lengths;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import java.util.List;

/**
 * A loaded model of some family. Immutable and shared by threads; an answer's state is in its {@link Decoding}.
 */
public interface VisionLanguageModel extends AutoCloseable {
    Backend backend();

    /** In which it computes. */
    DType dtype();

    /** Positions that the model knows: the longest sequence, prompt included. */
    int maxPositionEmbeddings();

    /** How long a row may and must become, its prompt included: generate's rules, unless the reference bends them for the family. */
    default Lengths lengths(GenerationConfig config, int promptLength) {
        return Lengths.of(config, promptLength, maxPositionEmbeddings());
    }

    /** Whether answers come from a decoder of their own, which starts with a token instead of the prompt. */
    default boolean isEncoderDecoder() {
        return false;
    }

    /** What counts as prompt for lengths and penalties: the input ids, or what the decoder starts with. */
    default List<int[]> promptIds(Inputs inputs) {
        return inputs.inputIds();
    }

    /** Whether each row of these inputs gets the answer that it would get alone. */
    default boolean rowsAreIndependent(Inputs inputs) {
        return true;
    }

    /** An empty cache that fits the decoder's layers. */
    KvCache newCache();

    /**
     * Encodes the pictures and gets ready to answer.
     *
     * @throws dev.fovea.error.InputException where prompt and pictures do not fit each other or the model
     */
    Decoding start(Inputs inputs);

    /**
     * Feeds an answer behind the prompt in one pass (teacher forcing) and reports the pass's stages by {@link
     * dev.fovea.tensor.Tensor#named}, among them {@code logits.last} and, where the answer is not empty, {@code logits.answer}
     * (answerIds.length, vocabSize): what predicts each of its tokens.
     *
     * @param inputs one row
     */
    void trace(Inputs inputs, int[] answerIds);

    /** Frees what the model keeps between answers; its weights are the caller's. */
    @Override
    default void close() {}
}
