package dev.fovea.generate;

import dev.fovea.error.OptionException;
import java.util.ArrayList;
import java.util.List;

/**
 * How long one row may and must become, in ids, its prompt included.
 *
 * @param prompt ids of the prompt; 1 for an encoder-decoder model, whose decoder starts with one id
 * @param max the row ends at this length
 * @param min no end-of-sequence token before this length
 * @param positions that the model has; a row may come to end at less than its max and these
 * @param warnings lines for the user: limits that contradict each other or the model
 */
public record Lengths(int prompt, int max, int min, int positions, List<String> warnings) {
    /** New tokens where no length is given at all. */
    static final int DEFAULT_NEW_TOKENS = 20;

    /** New tokens at most. */
    public int maxNew() {
        return max - prompt;
    }

    /**
     * The rules of transformers' generate: max_new_tokens wins over max_length; without either 20 new tokens, within the
     * model's positions.
     *
     * @param maxPositions the model's max_position_embeddings, or Integer.MAX_VALUE where it has none
     * @throws OptionException where the prompt leaves no room
     */
    public static Lengths of(GenerationConfig config, int promptLength, int maxPositions) {
        List<String> warnings = new ArrayList<>();
        int max = max(config, promptLength, maxPositions, warnings);
        if (promptLength >= max) {
            throw new OptionException(
                    "the prompt has " + promptLength + " ids, but max_length is " + max + "; no room for an answer",
                    "raise max_length, or use max_new_tokens, which does not count the prompt");
        }
        int min = min(config, promptLength, warnings);
        if (min > max) {
            warnings.add("min_new_tokens or min_length asks for " + min + " ids, but the limit is " + max
                    + "; generation stops at the limit");
        }
        if (max > maxPositions) {
            warnings.add(
                    "prompt and answer may reach " + max + " ids, but the model has " + maxPositions + " positions");
        }
        return new Lengths(promptLength, max, min, maxPositions, List.copyOf(warnings));
    }

    /**
     * These lengths for a model that cannot go on behind its last position.
     *
     * @param maxIds ids that a row can have, its prompt included
     * @throws OptionException where the prompt leaves no room
     */
    public Lengths within(int maxIds) {
        if (max <= maxIds) {
            return this;
        }
        if (prompt >= maxIds) {
            throw new OptionException(
                    "the prompt has " + prompt + " ids, and the model takes " + maxIds
                            + " at most; no room for an answer",
                    "shorten the prompt");
        }
        List<String> more = new ArrayList<>(warnings);
        more.add("the model takes " + maxIds + " ids at most; generation stops there, not at " + max);
        return new Lengths(prompt, maxIds, min, positions, List.copyOf(more));
    }

    private static int max(GenerationConfig config, int promptLength, int maxPositions, List<String> warnings) {
        if (config.maxNewTokens().isPresent()) {
            int maxNew = config.maxNewTokens().getAsInt();
            config.maxLength()
                    .ifPresent(given -> warnings.add("max_new_tokens (" + maxNew + ") and max_length (" + given
                            + ") are both set; max_new_tokens takes precedence"));
            return sum(promptLength, maxNew);
        }
        return config.maxLength().orElseGet(() -> Math.min(sum(promptLength, DEFAULT_NEW_TOKENS), maxPositions));
    }

    private static int min(GenerationConfig config, int promptLength, List<String> warnings) {
        if (config.minNewTokens().isEmpty()) {
            return config.minLength();
        }
        int minNew = config.minNewTokens().getAsInt();
        if (config.isGiven("min_length")) {
            warnings.add("min_new_tokens (" + minNew + ") and min_length (" + config.minLength()
                    + ") are both set; min_new_tokens takes precedence");
        }
        return sum(promptLength, minNew);
    }

    private static int sum(int a, int b) {
        return (int) Math.min((long) a + b, Integer.MAX_VALUE);
    }
}
