package dev.fovea.generate;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * How likely a token was by the model alone: before processors, temperature and all else that chooses.
 *
 * @param id the token
 * @param logprob natural logarithm of its probability
 * @param top the likeliest tokens in its place, likeliest first, itself among them where it is one; without their own
 */
public record TokenLogprob(int id, float logprob, List<TokenLogprob> top) {
    public TokenLogprob {
        Objects.requireNonNull(top, "top");
        top = List.copyOf(top);
    }

    /** Of the log-probabilities of all tokens, those of one and the likeliest. */
    static TokenLogprob of(int id, float[] logprobs, List<TokenLogprob> top) {
        return new TokenLogprob(id, logprobs[id], top);
    }

    static List<TokenLogprob> top(float[] logprobs, int n) {
        if (n == 0) {
            return List.of();
        }
        TopK best = new TopK(Math.min(n, logprobs.length));
        best.offer(logprobs, 0, 0);
        return Arrays.stream(best.sorted())
                .mapToObj(id -> new TokenLogprob(id, logprobs[id], List.of()))
                .toList();
    }
}
