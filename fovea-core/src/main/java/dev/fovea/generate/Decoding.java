package dev.fovea.generate;

import java.util.function.BooleanSupplier;

/**
 * A model in the middle of an answer: the one thing that generation knows of a model, decoder-only or encoder-decoder. Rows
 * are sequences being written, each with its own history in the model's cache.
 *
 * <p>Used by one thread. Closing it frees the cache.
 */
public interface Decoding extends AutoCloseable {
    /** Number of logits per row. */
    int vocabSize();

    /** Rows at present. */
    int rows();

    /**
     * Runs the prompt. Called once, first.
     *
     * @param cancelled asked between its parts
     * @return the logits that follow each row's prompt: float[rows][vocabSize], the caller's to change; none where cancelled
     */
    float[][] prefill(BooleanSupplier cancelled);

    /** The whole prompt. */
    default float[][] prefill() {
        return prefill(() -> false);
    }

    /** Tokens of each prompt whose keys and values were there already; known after the {@link #prefill}. */
    int[] cachedTokens();

    /**
     * Rearranges rows: new row r continues row {@code parents[r]}. Rows may be repeated (a prompt becomes several beams),
     * reordered or left out (finished rows).
     */
    void select(int[] parents);

    /**
     * Feeds one token to every row.
     *
     * @param tokens int[rows]
     * @return the logits that follow: float[rows][vocabSize], the caller's to change
     */
    float[][] step(int[] tokens);

    /**
     * Feeds one token to every row and chooses greedily, as {@link #step} and the argmax of its logits do; where the model runs
     * on a device, the logits need not leave it.
     *
     * @param tokens int[rows]
     * @return the token that follows in each row; -1 where a logit is NaN
     */
    int[] next(int[] tokens);

    @Override
    void close();
}
