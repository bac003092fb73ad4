package dev.fovea.generate;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * Guesses at what follows an answer so far: what followed its last tokens where they stood before, in the prompt or the answer.
 * transformers' PromptLookupCandidateGenerator, but for tokens that logits processors ban: they are found wrong like others, since a
 * processor that keeps something while an answer is written must see no guess.
 *
 * @param tokens guessed at once, at most
 * @param ngram how many of the last tokens are looked for, at most
 * @param ends that no guess is, nor anything behind them: what follows an end is of no use
 * @param vocabSize above all guesses; placeholders of pictures may lie beyond
 */
record PromptLookup(int tokens, int ngram, Set<Integer> ends, int vocabSize) {
    private static final int[] NONE = {};

    /** What a config asks for; empty where it asks for none. */
    static Optional<PromptLookup> of(GenerationConfig config, int vocabSize) {
        return config.promptLookupNumTokens().stream()
                .mapToObj(tokens -> new PromptLookup(
                        tokens, config.maxMatchingNgramSize(), Set.copyOf(config.eosTokenId()), vocabSize))
                .findFirst();
    }

    /**
     * What followed the first of the places where most of the last tokens stood before, one of them at least.
     *
     * @param ids prompt and answer
     * @param most of the guesses that are of use
     */
    int[] guess(int[] ids, int most) {
        int count = Math.min(tokens, most);
        if (count <= 0) {
            return NONE;
        }
        int best = 0;
        int from = ids.length;
        for (int end = 1; end < ids.length && best < ngram; end++) {
            int alike = alike(ids, end);
            if (alike > best) {
                best = alike;
                from = end;
            }
        }
        int to = from;
        while (to < Math.min(from + count, ids.length) && isGuess(ids[to])) {
            to++;
        }
        return Arrays.copyOfRange(ids, from, to);
    }

    /** How many to guess next: one where any was wrong; else so many that a step feeds twice the rows, its last token's among them. */
    int next(int guessed, boolean right) {
        return right ? Math.min(tokens, 2 * guessed + 1) : 1;
    }

    private boolean isGuess(int id) {
        return !ends.contains(id) && id < vocabSize;
    }

    /** How many of the last ids stand in front of a place as well. */
    private int alike(int[] ids, int end) {
        int alike = 0;
        while (alike < Math.min(ngram, end) && ids[end - 1 - alike] == ids[ids.length - 1 - alike]) {
            alike++;
        }
        return alike;
    }
}
