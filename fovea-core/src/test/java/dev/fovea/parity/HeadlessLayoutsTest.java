package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.Pipeline;
import dev.fovea.error.InputException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What transformers 5 saves of a model without its head (Qwen2_5_VLModel, Florence2Model), whose table of tokens is the head. */
class HeadlessLayoutsTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"qwen2_5_vl/base, '^model\\.', language_model.", "florence2/native, '^model\\.', ''"})
    void answersAsWithItsHead(String name, String from, String to) throws IOException, URISyntaxException {
        Path variant = variant(name);
        Function<String, List<String>> names =
                n -> n.startsWith("lm_head.") ? List.of() : List.of(n.replaceFirst(from, to));
        Rewritten.copy(variant.resolve("checkpoint"), directory, names, c -> c, List.of());
        ParityCase c = ParityCase.all(variant).stream()
                .filter(p -> p.json().get("dtype").equals("float32")
                        && p.ids("output_ids").size() == 1)
                .findFirst()
                .orElseThrow();
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            List<Answer> answers = pipe.answer(c.requests(Map.of()), GenerateOptions.DEFAULT);
            int[] ids = answers.getFirst().sequences().getFirst().tokenIds();
            assertThat(ids).isEqualTo(Arrays.copyOf(c.ids("output_ids").getFirst(), ids.length));
        }
    }

    @Test
    void saysThatTheHeadIsMissing() throws IOException, URISyntaxException {
        UnaryOperator<Map<String, Object>> untied = c -> {
            Map<String, Object> changed = new LinkedHashMap<>(c);
            changed.put("tie_word_embeddings", false);
            return changed;
        };
        Rewritten.copy(variant("qwen2_5_vl/base").resolve("checkpoint"), directory, List::of, untied, List.of());
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Pipeline.imageTextToText(directory))
                .withMessageContaining("1 missing: lm_head.weight")
                .satisfies(e -> assertThat(e.hint()).contains("\"tie_word_embeddings\": true"));
    }

    private static Path variant(String name) throws URISyntaxException {
        return Path.of(HeadlessLayoutsTest.class.getResource("/oracle/" + name).toURI());
    }
}
