package dev.fovea.models;

import dev.fovea.generate.Decoding;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Lengths;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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
     * Memory for the sequences of many requests.
     *
     * @param prefixBytes that keys and values of prompts may take behind their answers, for prompts that begin alike; 0 keeps none
     * @param turnEnds tokens behind which another speaks: where a prompt is best cut
     */
    Sequences newSequences(long prefixBytes, Set<Integer> turnEnds);

    /**
     * Encodes the pictures and gets ready to answer, for the current {@link Tenant}. Leaves the memory untouched so far: it belongs to
     * the thread that runs the prompts.
     *
     * @param owned whether the memory is closed with the decoding
     * @throws dev.fovea.error.InputException where prompt and pictures do not fit each other or the model
     */
    RowDecoding start(Inputs inputs, Sequences memory, boolean owned);

    /** The same with memory of its own, for prompts in which nobody takes turns. */
    default Decoding start(Inputs inputs) {
        return start(inputs, Set.of(), inputs.rows().size(), 0);
    }

    /**
     * The same with memory of its own, as a batch would cut the prompt that is told of these {@code turnEnds}.
     *
     * @param rows that are decoded at once
     * @param positions that these may reach together
     * @throws dev.fovea.error.MemoryException where several rows may come to need more than there is
     */
    default Decoding start(Inputs inputs, Set<Integer> turnEnds, int rows, long positions) {
        Sequences memory = newSequences(0, turnEnds);
        try {
            memory.requireRoom(inputs, rows, positions);
            return start(inputs, memory, true);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    /** The encoded pictures that it keeps between answers; empty where it keeps none. */
    default Optional<EncodedImages> encodedImages() {
        return Optional.empty();
    }

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
    default void close() {
        encodedImages().ifPresent(EncodedImages::close);
    }
}
