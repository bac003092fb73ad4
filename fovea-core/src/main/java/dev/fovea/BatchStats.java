package dev.fovea;

/**
 * What a batched pipeline does now, and sums since it was made.
 *
 * @param running requests that have their place
 * @param waiting requests that have none yet
 * @param rows of the running requests
 * @param steps in which rows got a token each, or several where guesses were right
 * @param tokens that were generated in them; the first of each row comes of its prompt and is not among them
 * @param promptPasses over prompts: one for each chunk, and one for several short prompts together
 * @param promptTokens of the prompts that ran, or were found
 * @param refused requests that got a {@link dev.fovea.error.BusyException}
 * @param prefixHits parts of prompts whose keys and values were found from a prompt before
 * @param prefixTokens tokens of these parts
 * @param prefixBytes of keys and values that are kept for such prompts
 * @param cacheBytes of memory for keys and values, those included
 * @param encodingHits pictures and clips that were found encoded
 * @param encodingMisses pictures and clips that were encoded
 * @param encodingBytes of memory of encoded pictures and clips
 */
public record BatchStats(
        int running,
        int waiting,
        int rows,
        long steps,
        long tokens,
        long promptPasses,
        long promptTokens,
        long refused,
        long prefixHits,
        long prefixTokens,
        long prefixBytes,
        long cacheBytes,
        long encodingHits,
        long encodingMisses,
        long encodingBytes) {}
