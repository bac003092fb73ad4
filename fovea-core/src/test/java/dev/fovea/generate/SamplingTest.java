package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.error.FoveaException;
import dev.fovea.error.OptionException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplingTest {
    private static final GenerationConfig SAMPLE =
            GenerationConfig.maxNewTokens(10).withDoSample(true).withSeed(42).withEosTokenId(1);

    private static HashModel model(List<int[]> prompts) {
        return new HashModel(30, 0, Map.of(), prompts);
    }

    private static List<int[]> ids(List<int[]> prompts, GenerationConfig config) {
        return Generator.generate(model(prompts), prompts, config).stream()
                .map(Sequence::ids)
                .toList();
    }

    @Test
    void drawsFollowTheSoftmax() {
        float[] scores = {0, 1, 2, Float.NEGATIVE_INFINITY, -1};
        SplittableRandom random = new SplittableRandom(1);
        int draws = 200_000;
        double[] counts = new double[scores.length];
        for (int i = 0; i < draws; i++) {
            counts[Sampling.draw(scores, random)]++;
        }
        double total = 1 + Math.E + Math.E * Math.E + 1 / Math.E;
        for (int i = 0; i < scores.length; i++) {
            assertThat(counts[i] / draws).isCloseTo(Math.exp(scores[i]) / total, within(0.004));
        }
        assertThat(counts[3]).isZero();
    }

    @Test
    void aSeedRepeatsAnAnswerAndAnotherChangesIt() {
        List<int[]> prompt = List.of(new int[] {5, 6});
        assertThat(ids(prompt, SAMPLE)).usingRecursiveComparison().isEqualTo(ids(prompt, SAMPLE));
        assertThat(ids(prompt, SAMPLE).getFirst())
                .isNotEqualTo(ids(prompt, SAMPLE.withSeed(43)).getFirst());
    }

    @Test
    void anAnswerDoesNotDependOnItsBatch() {
        List<int[]> prompts = List.of(new int[] {5, 6}, new int[] {9}, new int[] {7, 7, 7});
        for (GenerationConfig config : List.of(
                SAMPLE, SAMPLE.withNumReturnSequences(3), SAMPLE.withNumBeams(3).withNumReturnSequences(2))) {
            List<int[]> alone = new ArrayList<>();
            prompts.forEach(prompt -> alone.addAll(ids(List.of(prompt), config)));
            assertThat(ids(prompts, config)).usingRecursiveComparison().isEqualTo(alone);
        }
    }

    @Test
    void severalAnswersDifferAndStandTogether() {
        List<int[]> prompts = List.of(new int[] {5, 6}, new int[] {9});
        List<Sequence> answers = Generator.generate(model(prompts), prompts, SAMPLE.withNumReturnSequences(3));
        assertThat(answers).extracting(Sequence::row).containsExactly(0, 0, 0, 1, 1, 1);
        assertThat(answers.get(0).ids()).isNotEqualTo(answers.get(1).ids());
    }

    @Test
    void atVanishingTemperatureItIsGreedy() {
        List<int[]> prompts = List.of(new int[] {5, 6}, new int[] {9});
        assertThat(ids(prompts, SAMPLE.withTemperature(1e-6)))
                .usingRecursiveComparison()
                .isEqualTo(ids(prompts, SAMPLE.withDoSample(false)));
        assertThat(ids(prompts, SAMPLE.withTopK(1)))
                .usingRecursiveComparison()
                .isEqualTo(ids(prompts, SAMPLE.withDoSample(false)));
    }

    @Test
    void withoutADistributionThereIsAnError() {
        SplittableRandom random = new SplittableRandom(1);
        float banned = Float.NEGATIVE_INFINITY;
        assertThatThrownBy(() -> Sampling.draw(new float[] {banned, banned}, random))
                .isInstanceOf(OptionException.class);
        assertThatThrownBy(() -> Sampling.draw(new float[] {1, Float.NaN}, random))
                .isInstanceOf(FoveaException.class)
                .hasMessageContaining("NaN");
    }

    /** One step, where all candidates end: the answers are the first two of the draws without replacement, best first. */
    @Test
    void beamsDrawWithoutReplacement() {
        List<int[]> prompt = List.of(new int[] {5, 6});
        GenerationConfig config = SAMPLE.withMaxNewTokens(1)
                .withNumBeams(2)
                .withNumReturnSequences(2)
                .withTopK(4);
        int rounds = 20_000;
        Map<Integer, Double> found = new HashMap<>();
        for (int seed = 0; seed < rounds; seed++) {
            List<int[]> answers = ids(prompt, config.withSeed(seed));
            assertThat(answers.get(0)[0]).isNotEqualTo(answers.get(1)[0]);
            answers.forEach(ids -> found.merge(ids[0], 1.0 / rounds, Double::sum));
        }

        float[] logits = model(prompt).logits(prompt.getFirst());
        int[] best = IntStream.range(0, logits.length)
                .boxed()
                .sorted((a, b) -> Float.compare(logits[b], logits[a]))
                .limit(4)
                .mapToInt(i -> i)
                .toArray();
        double total = IntStream.of(best).mapToDouble(i -> Math.exp(logits[i])).sum();
        for (int i : best) {
            double p = Math.exp(logits[i]) / total;
            double amongTwo = p;
            for (int first : best) {
                double q = Math.exp(logits[first]) / total;
                amongTwo += first == i ? 0 : q * p / (1 - q);
            }
            assertThat(found.get(i)).as("token %d", i).isCloseTo(amongTwo, within(0.015));
        }
    }
}
