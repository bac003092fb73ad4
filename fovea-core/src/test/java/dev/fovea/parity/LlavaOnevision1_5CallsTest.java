package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Answer;
import dev.fovea.AutoModelForCausalLM;
import dev.fovea.AutoProcessor;
import dev.fovea.GenerateOptions;
import dev.fovea.LLaVAOneVision1_5_ForConditionalGeneration;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Qwen3ForCausalLM;
import dev.fovea.Request;
import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.models.Inputs;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LLaVA-OneVision-1.5 by its classes, calls that hold several pictures, and its decoder alone as a Qwen3 directory. */
class LlavaOnevision1_5CallsTest {
    private static final GenerationConfig GREEDY =
            GenerationConfig.maxNewTokens(24).withDoSample(false);

    private static Path variant;
    private static Pipeline pipe;

    @TempDir
    Path directory;

    @BeforeAll
    static void open() throws URISyntaxException {
        variant = Path.of(LlavaOnevision1_5CallsTest.class
                .getResource("/oracle/llava_onevision1_5/small")
                .toURI());
        pipe = Pipeline.imageTextToText(checkpoint());
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    /** One call of the published code: an answer depends on the pictures of the rows before it. */
    @Test
    void publishedClassRowsOfACall() {
        ParityCase c = only("batch_images.published");
        List<Inputs.Row> rows = c.requests(Map.of()).stream()
                .map(request -> pipe.inputs(request).rows().getFirst())
                .toList();
        var output = pipe.model().generate(new Inputs(rows), GREEDY);
        List<int[]> expected = c.ids("output_ids");
        assertThat(output.answers()).hasSize(3);
        output.answers().forEach(a -> assertThat(a.ids()).isEqualTo(expected.get(a.row())));
    }

    /** Requests stay apart all the same: only the first one's answer is that of the published code's batch. */
    @Test
    void publishedClassRowsOfRequests() {
        List<Request> requests = only("batch_images.published").requests(Map.of());
        List<int[]> together = ids(pipe.answer(requests, GenerateOptions.DEFAULT));
        assertThat(together)
                .usingRecursiveComparison()
                .isEqualTo(ids(requests.stream().map(pipe::answer).toList()));
        assertThat(together.getLast())
                .isEqualTo(only("two_images.published").ids("output_ids").getFirst())
                .isNotEqualTo(only("batch_images.published").ids("output_ids").getLast());
    }

    /** A second question about a picture finds its vectors; as published they depend on the place, so there nothing is found. */
    @Test
    void picturesThatWereSeenBefore() {
        for (String name : List.of("two_images.stripped", "two_images.published", "two_images.stripped")) {
            ParityCase c = only(name);
            assertThat(ids(c.requests(Map.of()).stream().map(pipe::answer).toList()))
                    .usingRecursiveComparison()
                    .isEqualTo(c.ids("output_ids"));
        }
    }

    @Test
    void byItsClasses() {
        ParityCase c = only("text_system");
        String model = checkpoint().toString();
        var processor = AutoProcessor.fromPretrained(model);
        var inputs =
                processor.applyChatTemplateAndTokenize(Message.parse(c.json().get("messages"), variant));
        try (var causal = AutoModelForCausalLM.fromPretrained(model);
                var named = LLaVAOneVision1_5_ForConditionalGeneration.fromPretrained(model)) {
            for (var each : List.of(causal, named)) {
                assertThat(processor.batchDecode(each.generate(inputs, GREEDY).trimmed()))
                        .isEqualTo(c.rows("output_text"));
            }
        }
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Qwen3ForCausalLM.fromPretrained(model))
                .withMessageContainingAll("llavaonevision1_5", "expected qwen3");
    }

    /** What is tied takes no output layer of its own, and one that is stored all the same is not read. */
    @Test
    void tiedOutputLayer() throws IOException {
        Rewritten.copy(
                checkpoint(),
                directory,
                n -> n.equals("lm_head.weight")
                        ? List.of()
                        : n.contains("embed_tokens") ? List.of(n, "lm_head.weight") : List.of(n),
                c -> c,
                List.of());
        Path untied = directory;
        Path tied = Files.createDirectory(directory.resolve("tied"));
        Rewritten.copy(
                checkpoint(),
                tied,
                n -> n.equals("lm_head.weight") ? List.of() : List.of(n),
                LlavaOnevision1_5CallsTest::withTie,
                List.of());
        Request request = only("text_system").requests(Map.of()).getFirst();
        try (Pipeline stored = Pipeline.imageTextToText(untied);
                Pipeline table = Pipeline.imageTextToText(tied)) {
            assertThat(ids(List.of(table.answer(request))))
                    .usingRecursiveComparison()
                    .isEqualTo(ids(List.of(stored.answer(request))));
        }
    }

    private static Map<String, Object> withTie(Map<String, Object> config) {
        Map<String, Object> tied = new LinkedHashMap<>(config);
        Map<String, Object> text = new HashMap<>(textConfig(config));
        text.put("tie_word_embeddings", true);
        tied.put("text_config", text);
        return tied;
    }

    /** The decoder's weights and its part of the configuration, as Qwen3 directories have them. */
    @Test
    void decoderAlone() throws IOException {
        Rewritten.copy(
                checkpoint(),
                directory,
                n -> n.startsWith("visual.") ? List.of() : List.of(n),
                c -> textConfig(c).entrySet().stream()
                        .filter(e -> e.getValue() != null)
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, e -> e.getKey().equals("model_type") ? "qwen3" : e.getValue())),
                List.of("preprocessor_config.json"));
        try (Pipeline text = Pipeline.imageTextToText(directory)) {
            for (String name : List.of("text_system", "text_turns", "repetition_penalty", "beams_penalties")) {
                ParityCase c = only(name);
                assertThat(ids(List.of(text.answer(c.requests(Map.of()).getFirst()))))
                        .as(name)
                        .usingRecursiveComparison()
                        .isEqualTo(c.ids("output_ids"));
            }
            Request picture = only("image").requests(Map.of()).getFirst();
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> text.answer(picture))
                    .withMessageContainingAll("text only", "1 picture");
        }
        Qwen3ForCausalLM.fromPretrained(directory.toString()).close();
    }

    private static List<int[]> ids(List<Answer> answers) {
        return answers.stream().map(a -> a.sequences().getFirst().tokenIds()).toList();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> textConfig(Map<String, Object> config) {
        return (Map<String, Object>) config.get("text_config");
    }

    private static Path checkpoint() {
        return variant.resolve("checkpoint");
    }

    private static ParityCase only(String name) {
        return ParityCase.named(variant, name);
    }
}
