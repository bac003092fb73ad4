package dev.fovea.generate;

import java.util.Objects;

/** Hears of an answer while it is being written. Called on the thread that generates. */
public interface Listener {
    Listener NONE = new Listener() {};

    /**
     * A token is final. A beam search knows its tokens at the end only and then reports answer after answer.
     *
     * @param index place of the answer in the list that generate returns
     * @param token its next id
     */
    default void token(int index, int token) {}

    /**
     * How likely the token is that {@link #token} gets next, where logprobs are asked for.
     *
     * @param index place of the answer in the list that generate returns
     */
    default void logprob(int index, TokenLogprob logprob) {
        Objects.requireNonNull(logprob, "logprob");
    }

    /**
     * A step is done.
     *
     * @param steps tokens per answer so far
     * @param limit steps after which generation ends at the latest
     */
    default void progress(int steps, int limit) {}
}
