package dev.fovea.generate;

import dev.fovea.error.FoveaException;
import dev.fovea.error.OptionException;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Arithmetic on one row of scores, float32 as in torch; sums are taken in double. A softmax costs one Math.exp per token, 1 to 2
 * milliseconds for a vocabulary of 262,144: as much as a GPU takes for the logits, so that what beams need is shared among
 * threads, part by part.
 */
final class Scores {
    private static final int PART =
            1 << 14; // scores; the parts of a row, and so its sum, are the same on every machine

    private Scores() {}

    /** The scores from one index to another. */
    private interface Part<T> {
        T of(int from, int to);
    }

    /** Of each part of a row, in order. */
    private static <T> Stream<T> parts(float[] scores, Part<T> part) {
        int count = Math.ceilDiv(scores.length, PART);
        IntStream all = IntStream.range(0, count);
        return (count > 1 ? all.parallel() : all)
                .mapToObj(i -> part.of(i * PART, Math.min(scores.length, (i + 1) * PART)));
    }

    /** Index of the largest score, the first of equal ones. @throws FoveaException where a score is NaN */
    static int argmax(float[] scores) {
        int best = 0;
        float most = scores[0];
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] > most) {
                best = i;
                most = scores[i];
            } else if (Float.isNaN(scores[i])) {
                throw notANumber();
            }
        }
        return best;
    }

    /** A column that argmax found. @throws FoveaException where it found a NaN */
    static int found(int column) {
        if (column < 0) {
            throw notANumber();
        }
        return column;
    }

    static float max(float[] scores) {
        return parts(scores, (from, to) -> {
                    float max = Float.NEGATIVE_INFINITY;
                    for (int i = from; i < to; i++) {
                        max = Math.max(max, scores[i]);
                    }
                    return max;
                })
                .reduce(Float.NEGATIVE_INFINITY, Math::max);
    }

    /** log of the sum of exp(score - max). */
    static float logSumExp(float[] scores, float max) {
        List<Double> sums = parts(scores, (from, to) -> {
                    double sum = 0;
                    for (int i = from; i < to; i++) {
                        sum += Math.exp(scores[i] - max);
                    }
                    return sum;
                })
                .toList();
        double all = 0;
        for (double sum : sums) {
            all += sum;
        }
        return (float) Math.log(all);
    }

    /** One element of the log_softmax. */
    static float logProb(float[] scores, int index) {
        float max = max(scores);
        return scores[index] - max - logSumExp(scores, max);
    }

    /** torch's log_softmax, in place. */
    static void logSoftmax(float[] scores) {
        float max = max(scores);
        float logSum = logSumExp(scores, max);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = scores[i] - max - logSum;
        }
    }

    /** torch's softmax: a new array of probabilities. */
    static float[] softmax(float[] scores) {
        float max = max(scores);
        float[] p = new float[scores.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            double e = Math.exp(scores[i] - max);
            sum += e;
            p[i] = (float) e;
        }
        for (int i = 0; i < p.length; i++) {
            p[i] = (float) (p[i] / sum);
        }
        return p;
    }

    /** The k-th largest score, k from 1 to scores.length. */
    static float kthLargest(float[] scores, int k) {
        TopK top = new TopK(k);
        top.offer(scores, 0, 0);
        return top.worst();
    }

    static FoveaException noDistribution(float max) {
        return max == Float.NEGATIVE_INFINITY
                ? new OptionException("no token is left to draw: the options ban all of them")
                : notANumber();
    }

    static FoveaException notANumber() {
        return new FoveaException(
                "the model's scores are not numbers (NaN); expected finite logits",
                "float16 overflows with some models: try bfloat16 or float32");
    }
}
