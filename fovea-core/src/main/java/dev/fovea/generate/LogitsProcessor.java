package dev.fovea.generate;

/**
 * Changes the scores of the next token, in place.
 *
 * <pre>{@code LogitsProcessor neverTokenSeven = (ids, scores) -> scores[7] = Float.NEGATIVE_INFINITY;}</pre>
 */
@FunctionalInterface
public interface LogitsProcessor {
    /**
     * @param ids the row so far, prompt and answer, without padding; not to be changed
     * @param scores float[vocabSize]: logits, or log-probabilities in a beam search
     */
    void process(int[] ids, float[] scores);

    /**
     * The processor of one answer, asked for before it begins: one that counts from where the answer starts, or keeps something while
     * it is written, returns another object. Beams of one answer share it.
     *
     * @param config what counts for the answer
     * @param promptLength how many of the ids are the prompt
     */
    default LogitsProcessor forAnswer(GenerationConfig config, int promptLength) {
        return this;
    }
}
