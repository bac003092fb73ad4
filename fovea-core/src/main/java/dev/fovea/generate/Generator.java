package dev.fovea.generate;

import dev.fovea.error.MemoryException;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;

/**
 * From a model's logits to answers: transformers' {@code generate} between the two. The config decides the search: greedy
 * ({@code num_beams} 1), sampling ({@code do_sample}), beam search ({@code num_beams} above 1), or beams with sampling.
 *
 * <p>Prompts of a batch are answered together, and each exactly as if it were alone. Without state; a call uses its {@link
 * Decoding} from the calling thread only and does not close it.
 */
public final class Generator {
    private Generator() {}

    /** As the full form, for a model without a limit of positions and a caller who just waits. */
    public static List<Sequence> generate(Decoding decoding, List<int[]> promptIds, GenerationConfig config) {
        return generate(decoding, promptIds, config, Listener.NONE, () -> false, List.of(), StopRule.NEVER);
    }

    /** As the full form, for a model without a limit of positions. */
    public static List<Sequence> generate(
            Decoding decoding,
            List<int[]> promptIds,
            GenerationConfig config,
            Listener listener,
            BooleanSupplier cancelled,
            List<LogitsProcessor> custom,
            StopRule stops) {
        IntFunction<Lengths> unbounded = length -> Lengths.of(config, length, Integer.MAX_VALUE);
        return generate(decoding, promptIds, config, unbounded, listener, cancelled, custom, stops);
    }

    /**
     * Generates {@code num_return_sequences} answers to each prompt.
     *
     * @param decoding before its prefill, with a row per prompt
     * @param promptIds what counts as prompt for lengths, penalties and n-grams: all ids with placeholders, or the decoder's
     *     start id alone for an encoder-decoder model. Prompts may differ in length
     * @param config resolved: see {@link GenerationConfig#resolve}
     * @param lengthsOf how long a row may become, from the length of its prompt: {@link Lengths#of} unless the model has rules of
     *     its own
     * @param cancelled asked before each step; once true, what there is returns with {@link FinishReason#CANCELLED}
     * @param custom act after the config's own processors and before sampling's
     * @return the answers, those to one prompt together, the best first with beams
     * @throws dev.fovea.error.OptionException where options contradict each other, the prompt or the vocabulary
     */
    public static List<Sequence> generate(
            Decoding decoding,
            List<int[]> promptIds,
            GenerationConfig config,
            IntFunction<Lengths> lengthsOf,
            Listener listener,
            BooleanSupplier cancelled,
            List<LogitsProcessor> custom,
            StopRule stops) {
        if (decoding.rows() != promptIds.size()) {
            throw new IllegalArgumentException("the decoding has " + decoding.rows() + " rows for " + promptIds.size()
                    + " prompts; expected as many");
        }
        config.requireConsistent();
        requireMemory(decoding, config);
        List<Lengths> lengths =
                promptIds.stream().map(prompt -> lengthsOf.apply(prompt.length)).toList();
        Task task = new Task(decoding, promptIds, config, lengths, listener, cancelled, custom, stops);
        return config.numBeams() > 1 ? new BeamSearch(task).run() : new Sampling(task).run();
    }

    /** Scores of all rows at once are the least that a step needs. */
    private static void requireMemory(Decoding decoding, GenerationConfig config) {
        long answers = Math.max(config.numBeams(), config.numReturnSequences());
        double needed = (double) decoding.rows() * answers * decoding.vocabSize() * Float.BYTES;
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new MemoryException(
                    String.format(
                            Locale.ROOT,
                            "%d answers at once to %d prompts, with scores for %d tokens each, need %.1f GB; the Java heap may have %.1f GB",
                            answers,
                            decoding.rows(),
                            decoding.vocabSize(),
                            needed / 1e9,
                            heap / 1e9),
                    "lower num_return_sequences, num_beams or the batch size");
        }
    }
}
