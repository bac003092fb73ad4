package dev.fovea.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The logits processors of transformers that shape the distribution before a draw: each bans tokens, but for temperature. Those
 * that need an order sort only what can survive.
 */
final class Warpers {
    private static final float BANNED = Float.NEGATIVE_INFINITY;

    private static final int MOST_OF_TOP_H = 100; // tokens, as in the reference

    private Warpers() {}

    /** What a config asks for, in the order of transformers' _get_logits_processor. */
    static List<LogitsProcessor> of(GenerationConfig config, int minTokensToKeep) {
        List<LogitsProcessor> list = new ArrayList<>();
        if (config.temperature() != 1) {
            list.add((_, scores) -> temperature(scores, (float) config.temperature()));
        }
        config.topH().ifPresent(share -> list.add((_, scores) -> topH(scores, share)));
        if (config.topK() > 0) {
            list.add((_, scores) -> topK(scores, Math.max(config.topK(), minTokensToKeep)));
        }
        if (config.topP() < 1) {
            list.add((_, scores) -> topP(scores, config.topP(), minTokensToKeep));
        }
        config.minP().ifPresent(p -> list.add((_, scores) -> minP(scores, (float) p, minTokensToKeep)));
        if (config.typicalP() < 1) {
            list.add((_, scores) -> typical(scores, (float) config.typicalP(), minTokensToKeep));
        }
        if (config.epsilonCutoff() > 0) {
            list.add((_, scores) -> epsilon(scores, (float) config.epsilonCutoff(), minTokensToKeep));
        }
        if (config.etaCutoff() > 0) {
            list.add((_, scores) -> eta(scores, (float) config.etaCutoff(), minTokensToKeep));
        }
        return list;
    }

    static void temperature(float[] scores, float temperature) {
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= temperature;
        }
    }

    /** Keeps the likeliest tokens whose entropies sum up to at most the given share of all, and one (arXiv 2509.02510). */
    static void topH(float[] scores, double share) {
        TopK top = new TopK(Math.min(MOST_OF_TOP_H, scores.length));
        top.offer(scores, 0, 0);
        int[] order = top.sorted();
        float[] kept = new float[order.length];
        for (int rank = 0; rank < order.length; rank++) {
            kept[rank] = scores[order[rank]];
        }
        float[] probabilities = Scores.softmax(kept);
        float[] logProbs = kept.clone();
        Scores.logSoftmax(logProbs);
        float most = (float) (share * entropy(logProbs, probabilities));
        Arrays.fill(scores, BANNED);
        double sum = 0;
        for (int rank = 0; rank < order.length && probabilities[rank] > 0; rank++) {
            sum -= (double) logProbs[rank] * probabilities[rank];
            if (rank == 0 || (float) sum <= most) {
                scores[order[rank]] = kept[rank];
            }
        }
    }

    /** Keeps the k largest scores and what equals the smallest of them. */
    static void topK(float[] scores, int k) {
        float least = Scores.kthLargest(scores, Math.min(k, scores.length));
        ban(scores, i -> scores[i] < least);
    }

    /** Bans the least likely tokens whose probabilities sum up to at most 1 - p. */
    static void topP(float[] scores, double p, int minTokensToKeep) {
        float[] probabilities = Scores.softmax(scores);
        float spare = (float) (1 - p);
        // So small that all such tokens together take at most half of what may go: banned unsorted.
        float negligible = spare / scores.length / 2;
        double sum = 0;
        int count = 0;
        long[] candidates = new long[scores.length];
        for (int i = 0; i < scores.length; i++) {
            if (probabilities[i] <= negligible) {
                sum += probabilities[i];
            } else {
                candidates[count++] = sortKey(scores[i], i);
            }
        }
        Arrays.sort(candidates, 0, count);
        float kept = Scores.kthLargest(scores, Math.min(minTokensToKeep, scores.length));
        ban(scores, i -> probabilities[i] <= negligible && scores[i] < kept);
        for (int rank = 0; rank < count - minTokensToKeep; rank++) {
            int i = (int) candidates[rank];
            sum += probabilities[i];
            if ((float) sum > spare) {
                return;
            }
            scores[i] = BANNED;
        }
    }

    /** Bans what is less likely than p times the likeliest. */
    static void minP(float[] scores, float p, int minTokensToKeep) {
        float[] probabilities = Scores.softmax(scores);
        float least = p * Scores.max(probabilities);
        banUnlessBest(scores, i -> probabilities[i] < least, minTokensToKeep);
    }

    /** Keeps the tokens whose surprise is closest to the entropy, up to the given mass (arXiv 2202.00666). */
    static void typical(float[] scores, float mass, int minTokensToKeep) {
        float[] probabilities = Scores.softmax(scores);
        float[] logProbs = scores.clone();
        Scores.logSoftmax(logProbs);
        float entropy = entropy(logProbs, probabilities);
        long[] order = new long[scores.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = sortKey(Math.abs(-logProbs[i] - entropy), i);
        }
        Arrays.sort(order);
        double sum = 0;
        int last = -1;
        do {
            sum += probabilities[(int) order[++last]];
        } while (last < order.length - 1 && (float) sum < mass);
        for (int rank = Math.max(last + 1, minTokensToKeep); rank < order.length; rank++) {
            if (order[rank] >>> 32 != order[last] >>> 32) {
                scores[(int) order[rank]] = BANNED;
            }
        }
    }

    /** Bans what is less likely than epsilon. */
    static void epsilon(float[] scores, float epsilon, int minTokensToKeep) {
        float[] probabilities = Scores.softmax(scores);
        banUnlessBest(scores, i -> probabilities[i] < epsilon, minTokensToKeep);
    }

    /** As epsilon, with a threshold that falls with the entropy (arXiv 2210.15191). */
    static void eta(float[] scores, float epsilon, int minTokensToKeep) {
        float[] probabilities = Scores.softmax(scores);
        float[] logProbs = scores.clone();
        Scores.logSoftmax(logProbs);
        float scaled = (float) (Math.sqrt(epsilon) * Math.exp(-entropy(logProbs, probabilities)));
        float least = Math.min(epsilon, scaled);
        banUnlessBest(scores, i -> probabilities[i] < least, minTokensToKeep);
    }

    private static float entropy(float[] logProbs, float[] probabilities) {
        double sum = 0;
        for (int i = 0; i < logProbs.length; i++) {
            if (probabilities[i] > 0) {
                sum -= (double) logProbs[i] * probabilities[i];
            }
        }
        return (float) sum;
    }

    private static void banUnlessBest(float[] scores, IntPredicate unlikely, int minTokensToKeep) {
        float kept = Scores.kthLargest(scores, Math.min(minTokensToKeep, scores.length));
        ban(scores, i -> unlikely.test(i) && scores[i] < kept);
    }

    private static void ban(float[] scores, IntPredicate unwanted) {
        for (int i = 0; i < scores.length; i++) {
            if (unwanted.test(i)) {
                scores[i] = BANNED;
            }
        }
    }

    /** Orders by score, then by index; the low 32 bits are the index. */
    private static long sortKey(float score, int index) {
        int bits = Float.floatToIntBits(score + 0f); // + 0: minus zero becomes zero
        int ordered = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
        return (long) ordered << 32 | index;
    }
}
