package dev.fovea.parity;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Answer;
import dev.fovea.AutoModelForCausalLM;
import dev.fovea.AutoProcessor;
import dev.fovea.Gemma3ForCausalLM;
import dev.fovea.Gemma3ForConditionalGeneration;
import dev.fovea.GenerateOptions;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every spelling of tensor names that transformers has written for Gemma 3, and the decoder alone as a text-only model. */
class Gemma3LayoutsTest {
    private static final String LANGUAGE = "language_model.model.";

    private static Path variant;

    @TempDir
    Path directory;

    @BeforeAll
    static void find() throws URISyntaxException {
        variant = Path.of(
                Gemma3LayoutsTest.class.getResource("/oracle/gemma3/base").toURI());
    }

    @ParameterizedTest
    @ValueSource(strings = {"from a configuration", "in memory, version 4", "in memory, version 5", "with the head"})
    void spellings(String spelling) throws IOException {
        Function<String, List<String>> names = switch (spelling) {
            case "from a configuration" -> n -> List.of(n.replace("vision_tower.vision_model.", "vision_tower."));
            case "in memory, version 4" -> n -> List.of("model." + n.replace(LANGUAGE, "language_model."));
            case "in memory, version 5" ->
                n -> List.of("model."
                        + n.replace(LANGUAGE, "language_model.")
                                .replace("vision_tower.vision_model.", "vision_tower."));
            case "with the head" ->
                n -> n.contains("embed_tokens") ? List.of(n, "language_model.lm_head.weight") : List.of(n);
            default -> throw new IllegalArgumentException(spelling);
        };
        Rewritten.copy(checkpoint(), directory, names, c -> c, List.of());
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            check(pipe, "image");
        }
    }

    /** transformers writes it and takes sliding_window_pattern. */
    @Test
    void doesNotReadTheNoteOfAPattern() throws IOException {
        UnaryOperator<Map<String, Object>> config = c -> {
            Map<String, Object> text = new LinkedHashMap<>(textConfig(c));
            text.put("_sliding_window_pattern", 2);
            c.put("text_config", text);
            return c;
        };
        Rewritten.copy(checkpoint(), directory, List::of, config, List.of());
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            check(pipe, "image");
        }
    }

    @Test
    void textOnly() throws IOException {
        try (Pipeline pipe = Pipeline.imageTextToText(textOnlyDirectory())) {
            check(pipe, "text");
            check(pipe, "text-long");
            check(pipe, "batch-text");
            check(pipe, "system-string");
        }
    }

    @Test
    void textOnlyByItsClasses() throws IOException {
        String model = textOnlyDirectory().toString();
        ParityCase text = only("text");
        var processor = AutoProcessor.fromPretrained(model);
        List<Message> messages = Message.parse(text.json().get("messages"), variant);
        GenerationConfig greedy = GenerationConfig.maxNewTokens(40).withDoSample(false);
        try (var causal = AutoModelForCausalLM.fromPretrained(model);
                var named = Gemma3ForCausalLM.fromPretrained(model)) {
            var inputs = processor.applyChatTemplateAndTokenize(messages);
            assertThat(processor.batchDecode(causal.generate(inputs, greedy).trimmed()))
                    .isEqualTo(text.rows("output_text"));
            assertThat(processor.batchDecode(named.generate(inputs, greedy).trimmed()))
                    .isEqualTo(text.rows("output_text"));
        }
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Gemma3ForConditionalGeneration.fromPretrained(model))
                .withMessageContainingAll("gemma3_text", "expected gemma3");
    }

    @Test
    void textOnlyTakesNoPicture() throws IOException {
        try (Pipeline pipe = Pipeline.imageTextToText(textOnlyDirectory())) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() ->
                            pipe.generate(List.of(user(image(variant.resolve("media/odd.png")), text("What is it?")))))
                    .withMessageContainingAll("text only", "1 picture");
        }
    }

    /** The decoder's weights and its part of the configuration, as google/gemma-3-1b-it has them. */
    private Path textOnlyDirectory() throws IOException {
        return Rewritten.copy(
                checkpoint(),
                directory,
                n -> n.startsWith(LANGUAGE) ? List.of(n.replace(LANGUAGE, "model.")) : List.of(),
                Gemma3LayoutsTest::textConfig,
                List.of("preprocessor_config.json", "processor_config.json"));
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

    private static void check(Pipeline pipe, String name) {
        ParityCase c = only(name);
        List<Answer> answers = pipe.answer(c.requests(Map.of()), GenerateOptions.DEFAULT);
        List<int[]> expected = c.ids("output_ids");
        for (int row = 0; row < answers.size(); row++) {
            int[] ids = answers.get(row).sequences().getFirst().tokenIds();
            assertThat(answers.get(row).promptTokenIds())
                    .isEqualTo(c.ids("input_ids").get(row));
            assertThat(ids).as(name + ", row " + row).isEqualTo(Arrays.copyOf(expected.get(row), ids.length));
            assertThat(answers.get(row).text()).isEqualTo(c.rows("output_text").get(row));
        }
    }
}
