package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each processor against the scores that the reference's makes: src/test/python/generate_answers.py wrote them. */
class ProcessorsTest {
    private static final float BANNED = Float.NEGATIVE_INFINITY;

    @ParameterizedTest(name = "{0} {1} keep {2} on {3}")
    @MethodSource("vectors")
    void equalsTheReference(
            String option,
            Object value,
            int minTokensToKeep,
            String row,
            float[] before,
            Map<String, @Nullable Object> recorded) {
        int[] ids = RecordedAnswersTest.ints(Json.array(recorded.get("ids"), "ids"));
        float[] scores = before.clone();

        for (LogitsProcessor processor : processors(option, value, minTokensToKeep, scores.length)) {
            processor.process(ids, scores);
        }

        float[] expected = before.clone();
        if (recorded.get("banned") instanceof List<?> banned) {
            Arrays.stream(RecordedAnswersTest.ints(banned)).forEach(i -> expected[i] = BANNED);
        } else {
            System.arraycopy(floats(recorded.get("after")), 0, expected, 0, expected.length);
        }
        for (int i = 0; i < scores.length; i++) {
            if (Float.isInfinite(expected[i])) {
                assertThat(scores[i]).as("score %d", i).isEqualTo(expected[i]);
            } else {
                assertThat(scores[i]).as("score %d", i).isCloseTo(expected[i], within(1e-5f));
            }
        }
    }

    private static List<LogitsProcessor> processors(String option, Object value, int minTokensToKeep, int vocabSize) {
        GenerationConfig config = GenerationConfig.EMPTY.with(option, value);
        if (option.startsWith("top_")
                || option.contains("_p") && !option.contains("penalty")
                || option.contains("cutoff")
                || option.equals("temperature")) {
            GenerationConfig without = option.equals("top_k") ? config : config.withTopK(0);
            return Warpers.of(without, minTokensToKeep);
        }
        return Processors.of(config, new Lengths(1, 100, 0, Integer.MAX_VALUE, List.of()), vocabSize, List.of());
    }

    static Stream<Arguments> vectors() {
        Map<String, @Nullable Object> file =
                Json.object(RecordedAnswersTest.resource("processors.json"), "processors.json");
        Map<String, @Nullable Object> rows = Json.object(file.get("rows"), "rows");
        return Json.array(file.get("cases"), "cases").stream().map(c -> {
            Map<String, @Nullable Object> vector = Json.object(c, "case");
            return Arguments.of(
                    vector.get("option"),
                    vector.get("value"),
                    ((Number) vector.get("min_tokens_to_keep")).intValue(),
                    vector.get("row"),
                    floats(rows.get((String) vector.get("row"))),
                    vector);
        });
    }

    /** Null stands for minus infinity. */
    private static float[] floats(@Nullable Object value) {
        List<@Nullable Object> list = Json.array(value, "scores");
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i) instanceof Number n ? n.floatValue() : BANNED;
        }
        return floats;
    }

    @Test
    void topPKeepsOneOfEqualScores() {
        float[] scores = new float[8];
        Warpers.topP(scores, 0, 1);
        assertThat(kept(scores)).isEqualTo(1);
    }

    @Test
    void topPAgreesWithSortingEverything() {
        var random = new SplittableRandom(5);
        for (int round = 0; round < 200; round++) {
            float[] scores = new float[300];
            double width = random.nextDouble(0.1, 12);
            for (int i = 0; i < scores.length; i++) {
                scores[i] = (float) (random.nextDouble() * width);
            }
            double p = random.nextDouble();
            int keep = random.nextInt(1, 4);
            float[] expected = topPBySorting(scores, p, keep);
            Warpers.topP(scores, p, keep);
            assertThat(scores).as("round %d", round).isEqualTo(expected);
        }
    }

    private static float[] topPBySorting(float[] scores, double p, int keep) {
        Integer[] order = new Integer[scores.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Float.compare(scores[a], scores[b]));
        double total = 0;
        for (float s : scores) {
            total += Math.exp(s);
        }
        float[] result = scores.clone();
        double cumulative = 0;
        for (int rank = 0; rank < scores.length - keep; rank++) {
            cumulative += Math.exp(scores[order[rank]]) / total;
            if (cumulative <= 1 - p) {
                result[order[rank]] = BANNED;
            }
        }
        return result;
    }

    @Test
    void forcedAndSuppressedTokensActAtTheirLengths() {
        GenerationConfig config = GenerationConfig.EMPTY
                .withForcedBosTokenId(3)
                .withForcedEosTokenId(1, 2)
                .withBeginSuppressTokens(0)
                .withSuppressTokens(-1, 4, 99);
        List<LogitsProcessor> processors =
                Processors.of(config, new Lengths(1, 6, 0, Integer.MAX_VALUE, List.of()), 5, List.of());

        assertThat(after(processors, 5, 1)).containsExactly(BANNED, BANNED, BANNED, 0, BANNED);
        assertThat(after(processors, 5, 2)).containsExactly(BANNED, 1, 1, 1, BANNED); // begins behind the forced token
        assertThat(after(processors, 5, 3)).containsExactly(1, 1, 1, 1, BANNED);
        assertThat(after(processors, 5, 5)).containsExactly(BANNED, 0, 0, BANNED, BANNED);
    }

    @Test
    void customProcessorsActBeforeTemperature() {
        GenerationConfig config =
                GenerationConfig.EMPTY.withDoSample(true).withTemperature(0.5).withTopK(0);
        LogitsProcessor plusOne = (_, scores) -> scores[0] += 1;
        List<LogitsProcessor> processors =
                Processors.of(config, new Lengths(1, 6, 0, Integer.MAX_VALUE, List.of()), 2, List.of(plusOne));
        assertThat(after(processors, 2, 1)).containsExactly(4, 2);
    }

    @Test
    void endsAreBannedUntilTheMinimumLength() {
        GenerationConfig config = GenerationConfig.EMPTY.withEosTokenId(1, -1);
        List<LogitsProcessor> processors =
                Processors.of(config, new Lengths(2, 9, 4, Integer.MAX_VALUE, List.of()), 3, List.of());
        assertThat(after(processors, 3, 3)).containsExactly(1, BANNED, 1);
        assertThat(after(processors, 3, 4)).containsExactly(1, 1, 1);
    }

    @Test
    void aBadWordThatIsAnEndStaysAllowed() {
        GenerationConfig config =
                GenerationConfig.EMPTY.withEosTokenId(1).withBadWordsIds(List.of(List.of(1), List.of(2)));
        List<LogitsProcessor> processors =
                Processors.of(config, new Lengths(1, 9, 0, Integer.MAX_VALUE, List.of()), 3, List.of());
        assertThat(after(processors, 3, 3)).containsExactly(1, 1, BANNED);
    }

    @Test
    void idsOutsideTheVocabularyAreRefused() {
        for (GenerationConfig config : List.of(
                GenerationConfig.EMPTY.withForcedBosTokenId(5),
                GenerationConfig.EMPTY.withForcedEosTokenId(5),
                GenerationConfig.EMPTY.withBadWordsIds(List.of(List.of(5))),
                GenerationConfig.EMPTY.withSequenceBias(List.of(new SequenceBias(List.of(5), 1))))) {
            assertThatThrownBy(() ->
                            Processors.of(config, new Lengths(1, 9, 0, Integer.MAX_VALUE, List.of()), 5, List.of()))
                    .isInstanceOf(OptionException.class)
                    .hasMessageContaining("names the id 5; expected 0 to 4");
        }
    }

    @Test
    void placeholdersOutsideTheLogitsAreNoError() {
        float[] scores = {1, 1, 1};
        int[] ids = {700, 700, 700, 2};
        Processors.repetitionPenalty(2).process(ids, scores);
        Processors.noRepeatNgram(1).process(ids, scores);
        assertThat(scores).containsExactly(1, 1, BANNED);
    }

    /** All scores 1, then the processors on a row of so many ids. */
    private static float[] after(List<LogitsProcessor> processors, int vocabSize, int length) {
        float[] scores = new float[vocabSize];
        Arrays.fill(scores, 1);
        processors.forEach(p -> p.process(new int[length], scores));
        return scores;
    }

    private static int kept(float[] scores) {
        int kept = 0;
        for (float s : scores) {
            kept += s > BANNED ? 1 : 0;
        }
        return kept;
    }

    /** As in the reference, whose indexed assignment looks at the scores before any is raised: 2 + |2| (1.5 - 1) = 3, -2 likewise -1. */
    @Test
    void anEndThatIsNamedTwiceIsRaisedOnce() {
        float[] scores = {1, 2, -2};
        Processors.exponentialDecay(new ExponentialDecay(0, 1.5), 1, List.of(1, 2, 1, 2))
                .process(new int[] {0, 0}, scores);
        assertThat(scores).containsExactly(1, 3, -1);
    }
}
