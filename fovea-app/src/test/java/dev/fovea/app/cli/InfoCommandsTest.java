package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.fovea;
import static dev.fovea.app.cli.Shell.kitCase;
import static dev.fovea.app.cli.Shell.only;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fovea.Machine;
import dev.fovea.io.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** tokenize, inspect, doctor, bench. */
class InfoCommandsTest {
    @Test
    void tokenizePrintsIdsWithPieces() {
        assertThat(fovea("tokenize", MODEL, "Hello world").succeeds().out())
                .isEqualTo("39\tH\n301\tel\n385\tlo\n289\tĠw\n1385\torld\n");
        assertThat(fovea("Hello world".getBytes(StandardCharsets.UTF_8), "tokenize", MODEL, "--format", "json")
                        .json())
                .containsEntry("text", "Hello world")
                .containsEntry("ids", List.of(39L, 301L, 385L, 289L, 1385L))
                .containsEntry("pieces", List.of("H", "el", "lo", "Ġw", "orld"));
    }

    @Test
    void tokenizeRendersTheChatTemplate() {
        Map<String, @Nullable Object> reference = kitCase("text");
        String question = "How many people can you see, and where are they?";
        assertThat(fovea("tokenize", MODEL, question, "--chat", "--format", "json")
                        .succeeds()
                        .json())
                .containsEntry("text", only(reference, "prompt"))
                .containsEntry("ids", only(reference, "input_ids"));
    }

    @Test
    void inspectCountsWhatTheFileHolds() {
        Map<String, @Nullable Object> info = fovea(
                        "inspect", MODEL, "--format", "json", "--image-size", "640x480", "--max-length", "1000")
                .succeeds()
                .json();
        assertThat(info)
                .containsEntry("model_type", "qwen2_5_vl")
                .containsEntry("architectures", List.of("Qwen2_5_VLForConditionalGeneration"))
                .containsEntry("dtype", "float32")
                .containsEntry("parameters", 342944L)
                .containsEntry("weight_bytes", 4 * 342944L)
                .containsEntry("max_length", 1000L)
                // 640 x 480 becomes 644 x 476: 46 x 34 patches, a quarter of them rows.
                .containsEntry("image_tokens", Map.of("640x480", 391L));
        // Keys and values of 4 layers with 2 heads of 16 numbers, 4 bytes each.
        assertThat(info).containsEntry("cache_bytes", 1000L * 4 * 2 * 2 * 16 * 4);
        assertThat(Json.object(info.get("parameters_by_component"), "parts").values())
                .satisfies(parts -> assertThat(
                                parts.stream().mapToLong(n -> (Long) n).sum())
                        .isEqualTo(342944));
        assertThat(Json.object(info.get("ignored_config"), "ignored")).containsKey("attention_dropout");
    }

    @Test
    void inspectPlansForAnotherDtype() {
        Map<String, @Nullable Object> info = fovea("inspect", MODEL, "--format", "json", "--dtype", "bfloat16")
                .succeeds()
                .json();
        assertThat(info).containsEntry("weight_bytes", 2 * 342944L).containsEntry("dtype", "bfloat16");
        assertThat(fovea("inspect", MODEL).succeeds().out()).contains("343 k", "a picture of 1920x1080");
    }

    @Test
    void doctorDescribesAndMeasures() {
        Map<String, @Nullable Object> machine =
                fovea("doctor", "--format", "json").succeeds().json();
        assertThat(machine)
                .containsKeys("jdk", "system", "processors", "backend", "max_heap_bytes", "gpus", "no_gpu")
                .hasEntrySatisfying("kind", kind -> assertThat((String) kind).isNotEmpty())
                .hasEntrySatisfying(
                        "kernels",
                        kernels -> assertThat(kernels)
                                .asInstanceOf(InstanceOfAssertFactories.MAP)
                                .containsKeys("few rows in float16", "many rows in bfloat16"))
                .hasEntrySatisfying(
                        "gpu_libraries",
                        libraries -> assertThat(libraries)
                                .asInstanceOf(InstanceOfAssertFactories.MAP)
                                .containsOnlyKeys("CUDA driver", "NVRTC", "cuBLASLt"));
        assertThat((Double) machine.get("read_bytes_per_second")).isBetween(1e8, 1e13);
        assertThat((Double) machine.get("float32_flops_per_second")).isBetween(1e8, 1e15);
        assertThat((Double) machine.get("bfloat16_flops_per_second")).isBetween(1e8, 1e15);
    }

    /** Who asks for a GPU that is not there gets the report all the same. */
    @Test
    void doctorSaysWhyADeviceCannotBeUsed() {
        assumeThat(Machine.noGpu()).as("no GPU").isPresent();
        Shell.Result result = fovea("doctor", "--device", "cuda", "--format", "json");
        assertThat(result.status()).isEqualTo(ExitStatus.OTHER);
        assertThat(result.json())
                .containsEntry("backend", null)
                .containsKeys("jdk", "gpu_libraries")
                .hasEntrySatisfying(
                        "no_backend", why -> assertThat((String) why).startsWith("no GPU can be used: "))
                .doesNotContainKey("read_bytes_per_second");
    }

    @Test
    void benchMeasuresEveryPart() {
        Map<String, @Nullable Object> result = fovea(
                        "bench",
                        MODEL,
                        "--image-size",
                        "56x84",
                        "--prefill",
                        "16",
                        "--decode",
                        "4",
                        "--repeat",
                        "1",
                        "--context",
                        "100",
                        "--threads",
                        "2",
                        "--format",
                        "json")
                .succeeds()
                .json();
        assertThat(result)
                .containsEntry("image_size", "56x84")
                .containsEntry("image_tokens", 6L)
                .containsEntry("prefill_tokens", 16L)
                .containsEntry("decode_tokens", 3L);
        for (String key : List.of(
                "load_ms",
                "preprocess_ms",
                "image_ms",
                "time_to_first_token_ms",
                "prefill_ms",
                "prefill_tokens_per_second",
                "decode_ms",
                "decode_tokens_per_second",
                "prefill_share",
                "decode_share",
                "start_to_first_token_ms",
                "start_to_first_token_cpu_ms",
                "beams_ratio",
                "long_prefill_tokens_per_second",
                "context_decode_ratio",
                "large_preprocess_ms",
                "read_bytes_per_second",
                "matrix_flops_per_second")) {
            assertThat((Double) result.get(key)).as(key).isPositive();
        }
        for (String key :
                List.of("prefill_idle_share", "prefill_serial_share", "decode_idle_share", "decode_serial_share")) {
            assertThat((Double) result.get(key)).as(key).isBetween(0.0, 1.0);
        }
        // All matrices of the language model, its head among them, but not the table of tokens.
        assertThat(result).containsEntry("decode_bytes_per_token", 973312L);
    }
}
