package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far a model's answers are from another's of the same vocabulary, a quantised one's from its origin's: both are fed the answers
 * that the other gives, token by token, and their distributions of the next token are compared.
 *
 * @param tokens that were compared
 * @param meanKl mean Kullback-Leibler divergence from the other's distributions, in nats
 * @param largestKl of a token
 * @param agreement share of tokens of which both find the same the likeliest
 * @param answers that were given
 * @param equalAnswers of them, those that are the same when each model goes on by itself
 */
public record Divergence(int tokens, double meanKl, double largestKl, double agreement, int answers, int equalAnswers) {

    /**
     * @param other whose answers count
     * @param requests to answer, each with at most so many tokens
     * @throws InputException where the vocabularies differ, or an answer is empty
     */
    public static Divergence of(Pipeline model, Pipeline other, List<Request> requests, int tokens) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(other, "other");
        Objects.requireNonNull(requests, "requests");
        GenerationConfig greedy =
                GenerationConfig.maxNewTokens(tokens).withDoSample(false).withNumBeams(1);
        List<Double> divergences = new ArrayList<>();
        int agreed = 0;
        int equal = 0;
        for (Request request : requests) {
            Request given = request.withGenerate(greedy);
            List<Integer> ids = other.answerIds(given);
            equal += ids.equals(model.answerIds(given)) ? 1 : 0;
            Request forced = given.withAnswerIds(ids);
            float[][] expected = distributions(other, forced);
            float[][] found = distributions(model, forced);
            for (int i = 0; i < expected.length; i++) {
                if (expected[i].length != found[i].length) {
                    throw new InputException("the models have vocabularies of " + found[i].length + " and "
                            + expected[i].length + " tokens; expected the same model in another form");
                }
                divergences.add(kl(expected[i], found[i]));
                agreed += greatest(expected[i]) == greatest(found[i]) ? 1 : 0;
            }
        }
        double sum = divergences.stream().mapToDouble(d -> d).sum();
        double largest = divergences.stream().mapToDouble(d -> d).max().orElse(0);
        int count = Math.max(1, divergences.size());
        return new Divergence(
                divergences.size(), sum / count, largest, (double) agreed / count, requests.size(), equal);
    }

    /** Logits of each token of the answer. */
    private static float[][] distributions(Pipeline pipe, Request request) {
        var held = new Object() {
            float @Nullable [] values;
            int rows;
        };
        pipe.trace(request, (name, tensor) -> {
            if (name.equals("logits.answer")) {
                held.values = tensor.toFloats();
                held.rows = tensor.dim(0);
            }
        });
        float[] values = held.values;
        if (values == null || held.rows == 0) {
            throw new InputException("a model answered nothing, so there is nothing to compare");
        }
        int width = values.length / held.rows;
        float[][] rows = new float[held.rows][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(values, i * width, (i + 1) * width);
        }
        return rows;
    }

    private static double kl(float[] expected, float[] found) {
        double expectedNorm = logSumExp(expected);
        double foundNorm = logSumExp(found);
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            double p = expected[i] - expectedNorm;
            sum += Math.exp(p) * (p - (found[i] - foundNorm));
        }
        return Math.max(0, sum);
    }

    private static double logSumExp(float[] logits) {
        double top = logits[greatest(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - top);
        }
        return top + Math.log(sum);
    }

    private static int greatest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
