package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.Answer;
import dev.fovea.LoadOptions;
import dev.fovea.Logprob;
import dev.fovea.ModelInfo;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.io.Safetensors;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Directories in GPTQ's, AWQ's and bitsandbytes' packing: the log-probabilities that test/python/published_codes.py and
 * bitsandbytes_weights.py had from transformers.
 */
class PublishedCodesAnswersTest {
    private static final Pattern LINEAR = Pattern.compile("model\\.layers\\.\\d+\\..*_proj\\.weight");

    private static final Map<String, Map<String, Object>> QUANTIZATION = Map.of(
            "gptq", Map.of("quant_method", "gptq", "bits", 4, "group_size", 32),
            "awq",
                    Map.of(
                            "quant_method",
                            "awq",
                            "bits",
                            4,
                            "group_size",
                            32,
                            "modules_to_not_convert",
                            List.of("visual")),
            "nf4",
                    Map.of(
                            "quant_method",
                            "bitsandbytes",
                            "load_in_4bit",
                            true,
                            "bnb_4bit_quant_type",
                            "nf4",
                            "bnb_4bit_use_double_quant",
                            true,
                            "llm_int8_skip_modules",
                            List.of("visual", "lm_head")),
            "int8", Map.of("quant_method", "bitsandbytes", "load_in_8bit", true));

    private final List<String> warned = new ArrayList<>();

    @TempDir
    Path directory;

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(PublishedCodesAnswersTest.class.getResource(name))
                .toURI());
    }

    @ParameterizedTest
    @CsvSource({
        "gptq, cpu",
        "awq, cpu",
        "gptq, cpu:java",
        "awq, 'cpu:java,cpu'",
        "gptq, cuda:ptx",
        "awq, cuda:ptx",
        "nf4, cpu",
        "nf4, cpu:java",
        "nf4, cuda:ptx",
        "int8, cpu",
        "int8, cpu:java",
        "int8, cuda:ptx"
    })
    void asTransformers(String method, String device) throws IOException, URISyntaxException {
        write(method);
        Map<String, Object> expected = Json.parseObject(resource("/dev/fovea/parity/published/" + method + ".json"));
        List<?> tokens = Json.array(expected.get("tokens"), "tokens");
        List<?> logprobs = Json.array(expected.get("logprobs"), "logprobs");
        LoadOptions options =
                LoadOptions.DEFAULT.withDtype("float32").withDevice(device).withWarnings(Warnings.to(warned::add));
        try (Pipeline pipe = Pipeline.of("image-text-to-text", directory.toString(), options)) {
            GenerationConfig config =
                    GenerationConfig.maxNewTokens(1).withDoSample(false).withLogprobs(tokens.size());
            Answer answer =
                    pipe.answer(Request.of((String) expected.get("text")).withGenerate(config));
            List<Logprob> top =
                    answer.sequences().getFirst().logprobs().getFirst().top();
            for (int i = 0; i < tokens.size(); i++) {
                assertThat((long) top.get(i).id()).isEqualTo(tokens.get(i));
                assertThat((double) top.get(i).logprob()).isCloseTo((Double) logprobs.get(i), within(1e-4));
            }
        }
        assertThat(warned).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"gptq", "nf4", "int8"})
    void parametersAreThoseOfTheModelThatWasQuantised(String method) throws IOException, URISyntaxException {
        write(method);
        String dense = resource("/oracle/qwen2_5_vl/base/checkpoint").toString();
        assertThat(ModelInfo.of(directory.toString(), LoadOptions.DEFAULT).parametersByComponent())
                .containsExactlyInAnyOrderEntriesOf(
                        ModelInfo.of(dense, LoadOptions.DEFAULT).parametersByComponent());
    }

    @Test
    void convertedIsWhatIsNotMapped() throws URISyntaxException {
        String dense = resource("/oracle/qwen2_5_vl/hub/checkpoint").toString(); // in bfloat16
        assertThat(converted(dense, "bfloat16")).isZero();
        assertThat(converted(dense, "float32")).isZero();
        assertThat(converted(dense, "float16")).isEqualTo(709056); // the index's total_size
    }

    /** The codes of others are made ours; what they left as it was is mapped. */
    @ParameterizedTest
    @CsvSource({"gptq", "nf4", "int8"})
    void codesOfOthersAreConverted(String method) throws IOException, URISyntaxException {
        write(method);
        ModelInfo info = ModelInfo.of(directory.toString(), LoadOptions.DEFAULT.withDtype("float32"));
        assertThat(info.convertedBytes()).isPositive().isLessThan(info.weightBytes());
    }

    private static long converted(String model, String dtype) {
        return ModelInfo.of(model, LoadOptions.DEFAULT.withDtype(dtype)).convertedBytes();
    }

    /** transformers saves a language model's own configuration so, inside that of the whole. */
    @Test
    void whatTheLanguageModelSaysOfItselfCounts() throws IOException, URISyntaxException {
        write("nf4");
        Path file = directory.resolve("config.json");
        Map<String, Object> config = new LinkedHashMap<>(Json.parseObject(file));
        Map<String, Object> text = new LinkedHashMap<>(config);
        text.remove("vision_config");
        config.remove("quantization_config");
        config.put("text_config", text);
        Files.writeString(file, Json.write(config));
        assertThatThrownBy(() -> Pipeline.of(
                        "image-text-to-text", directory.toString(), LoadOptions.DEFAULT.withQuantize("int4")))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("quantised already");
    }

    /** The kit's model with packed layers in a file of their own. */
    private void write(String method) throws IOException, URISyntaxException {
        Path kit = resource("/oracle/qwen2_5_vl/base/checkpoint");
        Path packed = resource("/dev/fovea/parity/published/" + method + ".safetensors");
        Map<String, Object> quantization = QUANTIZATION.get(method);
        Rewritten.copy(
                kit,
                directory,
                n -> LINEAR.matcher(n).matches() ? List.of() : List.of(n),
                c -> {
                    c.put("quantization_config", quantization);
                    return c;
                },
                List.of());
        Files.move(directory.resolve("model.safetensors"), directory.resolve("dense.safetensors"));
        Files.copy(packed, directory.resolve("packed.safetensors"));
        Map<String, Object> index = new LinkedHashMap<>();
        for (String name : new String[] {"dense.safetensors", "packed.safetensors"}) {
            try (Safetensors file = Safetensors.open(directory.resolve(name))) {
                file.entries().keySet().forEach(tensor -> index.put(tensor, name));
            }
        }
        Files.writeString(directory.resolve("model.safetensors.index.json"), Json.write(Map.of("weight_map", index)));
    }
}
