package dev.fovea.generate;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What one call of generate is about: shared by the searches. */
record Task(
        Decoding decoding,
        List<int[]> prompts,
        GenerationConfig config,
        List<Lengths> lengths,
        Listener listener,
        BooleanSupplier cancelled,
        List<LogitsProcessor> custom,
        StopRule stops) {

    static final float[] NO_LOG_PROBS = {};

    boolean isCancelled() {
        return cancelled.getAsBoolean();
    }

    /** The draws for one prompt. The same for each, seeded: an answer does not depend on its neighbours in the batch. */
    SplittableRandom random() {
        return config.seed().isPresent() ? new SplittableRandom(config.seed().getAsLong()) : new SplittableRandom();
    }

    /** Processors of one answer to a prompt. */
    List<LogitsProcessor> processors(int row) {
        return Processors.of(config, lengths.get(row), decoding.vocabSize(), custom);
    }

    /**
     * Why an answer ends with its last token, if it does.
     *
     * @param length ids of prompt and answer
     * @param ids these ids; made only where a stop rule wants to see them
     */
    Optional<FinishReason> end(int row, int token, int length, Supplier<int[]> ids) {
        if (config.eosTokenId().contains(token)
                || (stops != StopRule.NEVER && stops.stop(row, ids.get(), prompts.get(row).length))) {
            return Optional.of(FinishReason.STOP);
        }
        return length >= lengths.get(row).max() ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    }

    /** The log-probabilities of a row of logits that nothing has changed yet; empty where nobody asks for them. */
    float[] ownLogprobs(float[] logits) {
        if (config.logprobs().isEmpty()) {
            return NO_LOG_PROBS;
        }
        float[] own = logits.clone();
        Scores.logSoftmax(own);
        return own;
    }

    List<TokenLogprob> topLogprobs(float[] own) {
        return TokenLogprob.top(own, config.logprobs().orElse(0));
    }

    /** Steps after which every answer is at its limit. */
    int limit() {
        return lengths.stream().mapToInt(Lengths::maxNew).max().orElse(0);
    }

    /** Rearranges the model's rows, where that changes anything. */
    void select(int[] parents) {
        if (!isIdentity(parents)) {
            decoding.select(parents);
        }
    }

    private boolean isIdentity(int[] parents) {
        if (parents.length != decoding.rows()) {
            return false;
        }
        for (int i = 0; i < parents.length; i++) {
            if (parents[i] != i) {
                return false;
            }
        }
        return true;
    }
}
