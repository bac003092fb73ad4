package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.LoadOptions;
import dev.fovea.Pipeline;
import dev.fovea.error.Warnings;
import dev.fovea.io.Json;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints of the kit with other heads and other rotary frequencies: the answers that test/python/checkpoints.py recorded. */
class CheckpointFormsTest {
    private static final Path ORACLE = resource("/oracle");
    private static final Set<String> OF_LLAVA = Set.of("model_type", "image_token_id", "video_token_id");

    private static final int TOKENS = 24;

    private final List<String> warned = new ArrayList<>();

    @TempDir
    Path directory;

    /** @param json an entry of checkpoints.json */
    record Recorded(Map<String, Object> json) {
        String text(String key) {
            return (String) json.get(key);
        }

        ParityCase parityCase() {
            return ParityCase.named(ORACLE.resolve(text("variant")), text("case"));
        }

        @Override
        public String toString() {
            return text("variant") + " " + json.getOrDefault("form", json.get("scaling"));
        }
    }

    static Stream<Recorded> heads() {
        return recorded().filter(r -> r.json.containsKey("form"));
    }

    static Stream<Recorded> scalings() {
        return recorded().filter(r -> r.json.containsKey("scaling"));
    }

    private static Stream<Recorded> recorded() {
        return Json.array(Json.parse(resource("/dev/fovea/parity/checkpoints.json")), "checkpoints").stream()
                .map(r -> new Recorded(Json.object(r, "checkpoint")));
    }

    private static Path resource(String name) {
        try {
            return Path.of(CheckpointFormsTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource
    void heads(Recorded r) throws IOException {
        String table = r.text("table");
        String head = r.text("head");
        Function<String, List<String>> names = switch (r.text("form")) {
            case "different", "equal" -> n -> n.equals(table) ? List.of(table, head) : List.of(n);
            case "alone" -> n -> List.of(n.equals(table) ? head : n);
            default -> throw new IllegalArgumentException(r.text("form"));
        };
        boolean different = r.text("form").equals("different");
        copy(r, names, name -> different && name.equals(head), c -> c);
        check(r);
        if (different) {
            assertThat(warned)
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains(": config.json ties ", ".weight", "stored with different values");
        } else {
            assertThat(warned).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource
    void scalings(Recorded r) throws IOException {
        Object scaling = r.json.get("scaling");
        boolean llava = r.text("variant").startsWith("llava");
        UnaryOperator<Map<String, Object>> config = c -> {
            Map<String, Object> changed = llava ? qwen3(c) : new LinkedHashMap<>(c);
            if (c.get("text_config") instanceof Map<?, ?> text && !llava) {
                Map<Object, Object> inner = new LinkedHashMap<>(text);
                inner.put("rope_scaling", scaling);
                changed.put("text_config", inner);
            } else {
                changed.put("rope_scaling", scaling);
            }
            return changed;
        };
        copy(r, n -> llava && n.startsWith("visual.") ? List.of() : List.of(n), _ -> false, config);
        check(r);
        assertThat(warned).isEmpty();
    }

    /** As a training class that holds the model as its {@code model} saves it. */
    @Test
    void doubledPrefix() throws IOException {
        Recorded r = scalings()
                .filter(s -> s.text("variant").startsWith("llava"))
                .findFirst()
                .orElseThrow();
        copy(r, n -> n.startsWith("visual.") ? List.of() : List.of("model." + n), _ -> false, c -> {
            Map<String, Object> changed = qwen3(c);
            changed.put("rope_scaling", r.json.get("scaling"));
            return changed;
        });
        check(r);
        assertThat(warned).isEmpty();
    }

    /** The decoder by itself. */
    private static Map<String, Object> qwen3(Map<String, Object> config) {
        Map<String, Object> text = new LinkedHashMap<>(Map.of("model_type", "qwen3", "tie_word_embeddings", false));
        Json.object(config.get("text_config"), "text_config").forEach((key, value) -> {
            if (!OF_LLAVA.contains(key)) {
                text.put(key, value);
            }
        });
        return text;
    }

    /** What a value head, old buffers and an index that disagrees add changes no answer. */
    @Test
    void unusedTensors() throws IOException {
        Recorded r =
                heads().filter(h -> h.text("form").equals("alone")).findFirst().orElseThrow();
        copy(
                r,
                n -> n.endsWith("model.norm.weight")
                        ? List.of(
                                n,
                                "v_head.summary.weight",
                                "language_model.model.layers.0.self_attn.rotary_emb.inv_freq")
                        : List.of(n),
                _ -> false,
                c -> c);
        check(r);
        assertThat(warned)
                .containsExactly(directory + ": 2 tensors are not used by this model: v_head.summary.weight,"
                        + " language_model.model.layers.0.self_attn.rotary_emb.inv_freq");
    }

    private void copy(
            Recorded r,
            Function<String, List<String>> names,
            Predicate<String> rolled,
            UnaryOperator<Map<String, Object>> config)
            throws IOException {
        Path checkpoint = ORACLE.resolve(r.text("variant")).resolve("checkpoint");
        List<String> without = r.text("variant").startsWith("llava") ? List.of("preprocessor_config.json") : List.of();
        Rewritten.copy(checkpoint, directory, names, rolled, config, without);
    }

    private void check(Recorded r) {
        int[] expected = ParityCase.ints(r.json.get("output_ids"));
        Map<String, Object> generate =
                new HashMap<>(Map.of("do_sample", false, "num_beams", 1, "max_new_tokens", TOKENS));
        LoadOptions options = LoadOptions.DEFAULT.withDtype("float32").withWarnings(Warnings.to(warned::add));
        try (Pipeline pipe = Pipeline.of("image-text-to-text", directory.toString(), options)) {
            List<Answer> answers =
                    pipe.answer(r.parityCase().requests(Map.of("generate", generate)), GenerateOptions.DEFAULT);
            int[] ids = answers.getFirst().sequences().getFirst().tokenIds();
            assertThat(Arrays.copyOf(ids, Math.min(ids.length, expected.length)))
                    .isEqualTo(expected);
        }
    }
}
