package dev.fovea;

import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.generate.TokenLogprob;
import dev.fovea.io.Json;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Log probabilities against those of the reference's own logits: src/test/python/expected_logprobs.py. */
class LogprobsTest {
    private static final Path CHECKPOINT = resource("/oracle/qwen2_5_vl/base/checkpoint");

    private static Pipeline pipe;

    private static Path resource(String name) {
        try {
            return Path.of(LogprobsTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeAll
    static void open() {
        pipe = Pipeline.imageTextToText(CHECKPOINT);
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    static Stream<Map<?, ?>> recorded() {
        return ((List<?>) Json.parse(resource("/generate/logprobs.json")))
                .stream().map(c -> (Map<?, ?>) c);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void theyAreOfTheModelsOwnLogitsWhateverChooses(Map<?, ?> recorded) {
        GenerationConfig config = GenerationConfig.of(Json.object(recorded.get("options"), "options"), "options")
                .withMaxNewTokens(8)
                .withDoSample(false)
                .withLogprobs(3);
        Answer.Candidate answer = pipe.answer(
                        Request.of("How many people can you see?").withGenerate(config))
                .sequences()
                .getFirst();
        List<?> steps = (List<?>) recorded.get("steps");
        assertThat(answer.logprobs()).hasSameSizeAs(steps).hasSize(answer.tokenIds().length);
        for (int i = 0; i < steps.size(); i++) {
            Map<?, ?> step = (Map<?, ?>) steps.get(i);
            Logprob logprob = answer.logprobs().get(i);
            assertThat((long) logprob.id()).isEqualTo(step.get("id"));
            assertThat((double) logprob.logprob()).isCloseTo((Double) step.get("logprob"), within(1e-4));
            List<Long> top = logprob.top().stream().map(t -> (long) t.id()).toList();
            assertThat(top).isEqualTo(step.get("top"));
            for (int t = 0; t < top.size(); t++) {
                assertThat((double) logprob.top().get(t).logprob())
                        .isCloseTo((Double) ((List<?>) step.get("values")).get(t), within(1e-4));
            }
        }
    }

    @Test
    void tokensAreToldWithTheirBytesAndAsTheyCome() {
        List<TokenLogprob> heard = new ArrayList<>();
        Request request = Request.of(
                List.of(user("What?")),
                GenerationConfig.maxNewTokens(30)
                        .withDoSample(true)
                        .withTopK(0)
                        .withTemperature(3)
                        .withSeed(1)
                        .withLogprobs(0)
                        .withResponseFormat(ResponseFormat.jsonSchema(Map.of("type", "string", "minLength", 30))));
        Answer answer = pipe.answer(request, GenerateOptions.DEFAULT.withListener(new Listener() {
            @Override
            public void logprob(int index, TokenLogprob logprob) {
                heard.add(logprob);
            }
        }));
        Answer.Candidate candidate = answer.sequences().getFirst();
        assertThat(heard.stream().mapToInt(TokenLogprob::id)).containsExactly(boxed(candidate.tokenIds()));
        assertThat(candidate.logprobs()).allSatisfy(l -> {
            assertThat(l.logprob()).isNegative();
            assertThat(l.top()).isEmpty();
        });
        var bytes = new java.io.ByteArrayOutputStream();
        candidate.logprobs().forEach(l -> bytes.writeBytes(l.bytes()));
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo(candidate.text());
        List<?> json = (List<?>) ((Map<?, ?>) ((List<?>) answer.toMap().get("sequences")).getFirst()).get("logprobs");
        assertThat(((Map<?, ?>) json.getFirst()).keySet())
                .isEqualTo(java.util.Set.of("id", "token", "bytes", "logprob"));
    }

    private static Integer[] boxed(int[] ids) {
        return java.util.Arrays.stream(ids).boxed().toArray(Integer[]::new);
    }

    @Test
    void penaltiesCountTheAnswerAlone() {
        GenerationConfig plain = GenerationConfig.maxNewTokens(40).withDoSample(false);
        int[] free = pipe.answer(Request.of(List.of(user("What?")), plain))
                .sequences()
                .getFirst()
                .tokenIds();
        int[] present = pipe.answer(Request.of(List.of(user("What?")), plain.withPresencePenalty(1000)))
                .sequences()
                .getFirst()
                .tokenIds();
        int[] frequent = pipe.answer(Request.of(List.of(user("What?")), plain.withFrequencyPenalty(1000)))
                .sequences()
                .getFirst()
                .tokenIds();
        assertThat(present).doesNotHaveDuplicates();
        assertThat(frequent).isEqualTo(present);
        assertThat(present[0]).isEqualTo(free[0]);
    }
}
