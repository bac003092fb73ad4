package dev.fovea.generate;

import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

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
    default float[][] step(int[] tokens) {
        return step(IntStream.range(0, tokens.length).toArray(), tokens);
    }

    /**
     * Feeds tokens to rows. A row that is named several times gets its tokens one behind the other, and what follows each of them has
     * the bits that it has where they are fed one by one.
     *
     * @param rows int[n], the row of each token
     * @param tokens int[n]
     * @return the logits that follow each token: float[n][vocabSize], the caller's to change
     */
    float[][] step(int[] rows, int[] tokens);

    /**
     * Feeds tokens to rows and chooses greedily, as {@link #step(int[], int[])} and the argmax of its logits do; where the model runs
     * on a device, the logits need not leave it.
     *
     * @param rows int[n], the row of each token
     * @param tokens int[n]
     * @return the token that follows each; -1 where a logit is NaN
     */
    int[] next(int[] rows, int[] tokens);

    /**
     * Takes the last tokens of rows back, as if they had never been fed: of those of the last step. Called before {@link #select}.
     *
     * @param counts int[rows], of each
     */
    void takeBack(int[] counts);

    /** Tokens that a step may take beside one for each row before it becomes two passes: a hint, which changes no answer. */
    int room();

    @Override
    void close();
}
