package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The answers that transformers' generate gives for the same logits: src/test/python/generate_answers.py wrote them. */
class RecordedAnswersTest {
    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void equalsTheReference(String name, Map<String, @Nullable Object> recorded) {
        List<int[]> prompts = rows(recorded.get("prompts")).stream()
                .map(RecordedAnswersTest::ints)
                .toList();
        GenerationConfig config = config(recorded);

        List<Sequence> answers = Generator.generate(model(recorded, prompts), prompts, config);

        assertThat(Sequence.padded(prompts, answers, config))
                .isDeepEqualTo(rows(recorded.get("sequences")).stream()
                        .map(RecordedAnswersTest::ints)
                        .toArray(int[][]::new));
        for (int i = 0; i < answers.size(); i++) {
            if (recorded.get("scores") instanceof List<?> scores) {
                assertThat(answers.get(i).score().orElseThrow()).isCloseTo((Double) scores.get(i), within(1e-4));
            }
            assertTransitions(answers.get(i), rows(recorded.get("transition")).get(i));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void eachPromptOfABatchIsAnsweredAsIfAlone(String name, Map<String, @Nullable Object> recorded) {
        List<int[]> prompts = rows(recorded.get("prompts")).stream()
                .map(RecordedAnswersTest::ints)
                .toList();
        GenerationConfig config = config(recorded);
        List<int[]> alone = new ArrayList<>();
        for (int[] prompt : prompts) {
            List<int[]> one = List.of(prompt);
            Generator.generate(model(recorded, one), one, config).forEach(s -> alone.add(s.ids()));
        }

        List<Sequence> together = Generator.generate(model(recorded, prompts), prompts, config);

        assertThat(together.stream().map(Sequence::ids)).containsExactlyElementsOf(alone);
    }

    /** Whatever processors see and change: guesses that are right save passes, and those that are wrong leave nothing behind. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void guessesChangeNothing(String name, Map<String, @Nullable Object> recorded) {
        List<int[]> prompts = rows(recorded.get("prompts")).stream()
                .map(RecordedAnswersTest::ints)
                .toList();
        Map<String, Object> options = new HashMap<>(config(recorded).values());
        options.remove("prompt_lookup_num_tokens");
        GenerationConfig plainly = new GenerationConfig(options);
        for (GenerationConfig config :
                List.of(plainly, plainly.withDoSample(true).withSeed(3))) {
            HashModel plain = model(recorded, prompts);
            List<Sequence> expected = Generator.generate(plain, prompts, config);
            for (int tokens : new int[] {1, 3, 10}) {
                GenerationConfig guessing =
                        config.withPromptLookupNumTokens(tokens).withMaxMatchingNgramSize(1 + tokens % 3);
                HashModel model = model(recorded, prompts);
                assertThat(Generator.generate(model, prompts, guessing))
                        .usingRecursiveComparison()
                        .isEqualTo(expected);
                assertThat(model.rowsPerStep.size()).isLessThanOrEqualTo(plain.rowsPerStep.size());
            }
        }
    }

    private static void assertTransitions(Sequence answer, List<?> recorded) {
        assertThat(answer.tokenLogProbs()).hasSameSizeAs(answer.ids());
        for (int i = 0; i < answer.ids().length; i++) {
            if (recorded.get(i) instanceof Double expected) {
                assertThat((double) answer.tokenLogProbs()[i]).isCloseTo(expected, within(1e-4));
            }
        }
    }

    private static GenerationConfig config(Map<String, @Nullable Object> recorded) {
        return GenerationConfig.of(Json.object(recorded.get("generate"), "generate"), "case")
                .withOutputScores(true);
    }

    private static HashModel model(Map<String, @Nullable Object> recorded, List<int[]> prompts) {
        Map<Integer, Float> boost = new HashMap<>();
        for (List<?> pair : rows(recorded.get("boost"))) {
            boost.put(((Number) pair.get(0)).intValue(), ((Number) pair.get(1)).floatValue());
        }
        int vocab = ((Number) recorded.get("vocab")).intValue();
        return new HashModel(vocab, ((Number) recorded.get("window")).intValue(), boost, prompts);
    }

    static Stream<Arguments> cases() {
        return Json.array(resource("answers.json"), "answers.json").stream()
                .map(c -> Json.object(c, "case"))
                .map(c -> Arguments.of(c.get("name"), c));
    }

    static @Nullable Object resource(String name) {
        try (InputStream in = RecordedAnswersTest.class.getResourceAsStream("/generate/" + name)) {
            return Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<List<?>> rows(@Nullable Object value) {
        List<List<?>> rows = new ArrayList<>();
        Json.array(value, "rows").forEach(row -> rows.add(Json.array(row, "row")));
        return rows;
    }

    static int[] ints(List<?> list) {
        return list.stream().mapToInt(v -> ((Number) v).intValue()).toArray();
    }
}
