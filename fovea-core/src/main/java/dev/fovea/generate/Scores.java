package dev.fovea.generate;

import dev.fovea.error.FoveaException;
import dev.fovea.error.OptionException;

/**
 * Arithmetic on one row of scores, float32 as in torch; sums are taken in double. A softmax costs one Math.exp per token, 1 to 2
 * milliseconds for a vocabulary of 262,144: little beside the step that made the logits.
 */
final class Scores {
    private Scores() {}

    /** Index of the largest score, the first of equal ones. @throws FoveaException where a score is NaN */
    static int argmax(float[] scores) {
        int best = 0;
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] > scores[best]) {
                best = i;
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
        float max = Float.NEGATIVE_INFINITY;
        for (float s : scores) {
            max = Math.max(max, s);
        }
        return max;
    }

    /** log of the sum of exp(score - max). */
    static float logSumExp(float[] scores, float max) {
        double sum = 0;
        for (float s : scores) {
            sum += Math.exp(s - max);
        }
        return (float) Math.log(sum);
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
