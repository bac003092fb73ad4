package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static dev.fovea.app.cli.Shell.kitCase;
import static dev.fovea.app.cli.Shell.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunCommandTest {
    private static final String QUESTION = "What is shown in this picture?";

    @TempDir
    Path folder;

    @Test
    void streamsTheTextOfTheReference() {
        Shell.Result result = fovea(
                "run",
                MODEL,
                QUESTION,
                "--image",
                PICTURE,
                "--max-new-tokens",
                "40",
                "--no-do-sample",
                "--dtype",
                "float32");
        assertThat(result.succeeds().out()).isEqualTo(only(kitCase("image"), "output_text") + "\n");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void writesTheWholeAnswerAsJson() {
        Map<String, @Nullable Object> reference = kitCase("image");
        Map<String, @Nullable Object> answer = fovea(
                        "run",
                        MODEL,
                        QUESTION,
                        "--image",
                        PICTURE,
                        "--max-new-tokens",
                        "40",
                        "--no-do-sample",
                        "--dtype",
                        "float32",
                        "--format",
                        "json")
                .succeeds()
                .json();
        assertThat(answer)
                .containsOnlyKeys(
                        "id", "prompt", "prompt_token_ids", "image_grid_thw", "sequences", "usage", "timings");
        assertThat(answer).containsEntry("prompt", only(reference, "prompt"));
        assertThat(answer).containsEntry("prompt_token_ids", only(reference, "input_ids"));
        Map<String, @Nullable Object> sequence = sequences(answer).getFirst();
        assertThat(sequence)
                .containsEntry("text", only(reference, "output_text"))
                .containsEntry("text_raw", only(reference, "output_text_raw"))
                .containsEntry("token_ids", only(reference, "output_ids"))
                .containsEntry("score", null)
                .containsEntry("finish_reason", "length");
        assertThat(Json.object(answer.get("usage"), "usage"))
                .containsEntry("prompt_tokens", 56L)
                .containsEntry("image_tokens", 15L)
                .containsEntry("completion_tokens", 40L);
        assertThat(Json.object(answer.get("timings"), "timings"))
                .containsOnlyKeys("load", "preprocess", "vision", "prefill", "decode", "total");
    }

    @Test
    void readsARequestAndItsRelativePaths() throws IOException {
        Files.copy(Path.of(PICTURE), folder.resolve("odd.png"));
        Path request = Files.writeString(folder.resolve("request.json"), """
                {"id": "x7", "images": ["odd.png"], "generate": {"max_new_tokens": 40, "do_sample": false},
                 "messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "%s"}]}]}
                """.formatted(QUESTION));
        Map<String, @Nullable Object> answer = fovea("run", MODEL, "--request", request.toString(), "--format", "json")
                .succeeds()
                .json();
        assertThat(answer).containsEntry("id", "x7");
        assertThat(sequences(answer).getFirst()).containsEntry("text", only(kitCase("image"), "output_text"));
        assertThat(fovea("run", MODEL, "--request", request.toString(), "--max-new-tokens", "1", "--format", "json")
                        .json()
                        .get("usage"))
                .as("an option goes before the request's own")
                .isEqualTo(Map.of("prompt_tokens", 56L, "image_tokens", 15L, "completion_tokens", 1L));
    }

    @Test
    void takesAPictureFromStdin() throws IOException {
        Shell.Result result = fovea(
                Files.readAllBytes(Path.of(PICTURE)),
                "run",
                MODEL,
                QUESTION,
                "--image",
                "-",
                "--max-new-tokens",
                "40",
                "--no-do-sample");
        assertThat(result.succeeds().out()).isEqualTo(only(kitCase("image"), "output_text") + "\n");
    }

    /** The case utils-frames-size of the kit, given on the command line. */
    @Test
    void takesClipsAsFolders() {
        Path kit = Shell.KIT.resolveSibling("video");
        Map<String, @Nullable Object> reference = Json.array(Json.parse(kit.resolve("cases.json")), "cases").stream()
                .map(c -> Json.object(c, "a case"))
                .filter(c -> "utils-frames-size".equals(c.get("name")))
                .findFirst()
                .orElseThrow();
        String line = "--resized-height 56 --resized-width 112 --sample-fps 1 --max-new-tokens 24 --no-do-sample"
                + " --format json";
        Map<String, @Nullable Object> answer = fovea(Stream.concat(
                                Stream.of(
                                        "run",
                                        kit.resolve("checkpoint").toString(),
                                        "What happens?",
                                        "--video",
                                        kit.resolve("media/walk").toString()),
                                Stream.of(line.split(" ")))
                        .toArray(String[]::new))
                .succeeds()
                .json();
        assertThat(sequences(answer).getFirst()).containsEntry("text", only(reference, "output_text"));
        assertThat(answer).containsEntry("video_grid_thw", List.of(List.of(3L, 4L, 8L)));
    }

    @Test
    void takesTheSystemPromptAndProcessorOptions() {
        Map<String, @Nullable Object> reference = kitCase("system");
        Shell.Result result = fovea(
                "run",
                MODEL,
                "What is shown in this image?",
                "--system",
                "Answer in one word.",
                "--max-pixels",
                "6272",
                "--image",
                Shell.KIT
                        .resolve("../../../assets/images/hopper.png")
                        .normalize()
                        .toString(),
                "--generate",
                "max_new_tokens=24",
                "--generate",
                "do_sample=false");
        assertThat(result.succeeds().out()).isEqualTo(only(reference, "output_text") + "\n");
    }

    @Test
    void takesMessages() throws IOException {
        Path messages = Files.writeString(folder.resolve("m.json"), """
                [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "%s"}]}]""".formatted(QUESTION));
        Shell.Result result = fovea(
                "run",
                MODEL,
                "--messages",
                messages.toString(),
                "--image",
                PICTURE,
                "--max-new-tokens",
                "40",
                "--no-do-sample");
        assertThat(result.succeeds().out()).isEqualTo(only(kitCase("image"), "output_text") + "\n");
    }

    @Test
    void resizesPicturesAsQwenVlUtilsDoes() {
        Map<String, @Nullable Object> answer = fovea(
                        "run",
                        MODEL,
                        "Sizes.",
                        "--image",
                        PICTURE,
                        "--resized-height",
                        "60",
                        "--resized-width",
                        "180",
                        "--max-new-tokens",
                        "1",
                        "--format",
                        "json")
                .succeeds()
                .json();
        // 60 x 180 is 56 x 168 in multiples of 28: 4 x 12 patches of 14.
        assertThat(answer).containsEntry("image_grid_thw", List.of(List.of(1L, 4L, 12L)));
    }

    @Test
    void takesARawPrompt() {
        assertThat(fovea("run", MODEL, "--text", "Hello", "--max-new-tokens", "2", "--format", "json")
                        .succeeds()
                        .json())
                .containsEntry("prompt", "Hello");
        assertThat(fovea("run", MODEL, "Hello", "--text", "--max-new-tokens", "2", "--format", "json")
                        .succeeds()
                        .json())
                .containsEntry("prompt", "Hello");
    }

    @Test
    void numbersSeveralAnswers() {
        Map<String, @Nullable Object> reference = kitCase("beams-long");
        List<Object> texts = List.copyOf((List<?>) java.util.Objects.requireNonNull(reference.get("output_text")));
        Shell.Result result = fovea(
                "run",
                MODEL,
                "Search for a long answer.",
                "--max-new-tokens",
                "24",
                "--no-do-sample",
                "--num-beams",
                "3",
                "--length-penalty",
                "2",
                "--early-stopping",
                "never",
                "--num-return-sequences",
                "2",
                "--generate",
                "eos_token_id=[1458, 1456, 721]");
        assertThat(result.succeeds().out()).isEqualTo("1. " + texts.get(0) + "\n2. " + texts.get(1) + "\n");
    }

    @Test
    void endsAtAStopText() {
        String whole = (String) only(kitCase("image"), "output_text");
        String out = fovea(
                        "run",
                        MODEL,
                        QUESTION,
                        "--image",
                        PICTURE,
                        "--max-new-tokens",
                        "40",
                        "--no-do-sample",
                        "--stop",
                        whole.substring(3, 8))
                .succeeds()
                .out();
        assertThat(whole).startsWith(out.strip());
        assertThat(out.length()).isLessThan(whole.length());
    }

    @Test
    void theSeedDecidesASample() {
        String[] line = {
            "run", MODEL, "Hi", "--do-sample", "--temperature", "2", "--seed", "1", "--max-new-tokens", "12"
        };
        String first = fovea(line).succeeds().out();
        line[7] = "2";
        assertThat(fovea(line).succeeds().out()).isNotEqualTo(first);
        line[7] = "1";
        assertThat(fovea(line).succeeds().out()).isEqualTo(first);
    }

    @Test
    void saysWhatHasNoEffect() {
        Shell.Result result =
                fovea("run", MODEL, "Hi", "--no-do-sample", "--temperature", "2", "--max-new-tokens", "1");
        assertThat(result.succeeds().err()).isEqualTo("fovea: --temperature has no effect without --do-sample\n");
        assertThat(fovea("run", MODEL, "Hi", "--no-do-sample", "--temperature", "2", "--max-new-tokens", "1", "--quiet")
                        .err())
                .isEmpty();
    }

    static List<Map<String, @Nullable Object>> sequences(Map<String, @Nullable Object> answer) {
        return Json.array(answer.get("sequences"), "sequences").stream()
                .map(s -> Json.object(s, "a sequence"))
                .toList();
    }
}
