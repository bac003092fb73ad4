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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchCommandTest {
    private static final String PICTURE_REQUEST = """
            {"id": "a", "images": ["odd.png"], "generate": {"max_new_tokens": 40, "do_sample": false}, "messages": [{"role":\
             "user", "content": [{"type": "image"}, {"type": "text", "text": "What is shown in this picture?"}]}]}""";

    private static final String TEXT_REQUEST = """
            {"id": 2, "text": "Hello", "generate": {"max_new_tokens": 3}}""";

    @TempDir
    Path folder;

    private Path input = Path.of("");
    private Path output = Path.of("");

    @BeforeEach
    void name() throws IOException {
        input = folder.resolve("in.jsonl");
        output = folder.resolve("out.jsonl");
        Files.copy(Path.of(PICTURE), folder.resolve("odd.png"));
    }

    Shell.Result batch(String... more) {
        List<String> line =
                new ArrayList<>(List.of("batch", MODEL, "--input", input.toString(), "--output", output.toString()));
        line.addAll(List.of(more));
        return fovea(line.toArray(String[]::new));
    }

    /** The lines of the output, without what the clock decides. */
    private List<Map<String, @Nullable Object>> answers() throws IOException {
        return Files.readAllLines(output).stream()
                .map(line -> {
                    Map<String, @Nullable Object> answer =
                            new LinkedHashMap<>(Json.object(Json.parse(line, "a line"), "a line"));
                    answer.remove("timings");
                    return answer;
                })
                .toList();
    }

    @Test
    void answersInOrderWhateverTheBatch() throws IOException {
        Files.writeString(input, PICTURE_REQUEST + "\n\n" + TEXT_REQUEST + "\n" + TEXT_REQUEST.replace("2", "3"));
        assertThat(batch().succeeds().err()).isEqualTo("fovea: 3 requests: 3 answered, 0 failed\n");
        List<Map<String, @Nullable Object>> one = answers();
        assertThat(one).extracting(a -> a.get("id")).containsExactly("a", 2L, 3L);
        assertThat(RunCommandTest.sequences(one.getFirst()).getFirst())
                .containsEntry("text", only(kitCase("image"), "output_text"));
        Files.delete(output);
        assertThat(batch("--batch-size", "2", "--quiet").succeeds().err()).isEmpty();
        assertThat(answers()).isEqualTo(one);
    }

    @Test
    void aBadRequestStopsNothing() throws IOException {
        Files.writeString(input, """
                {"id": 1, "text": "Hello", "generate": {"max_new_tokens": 2}}
                {"id": 2, "text": "Hello", "images": ["no-such.png"]}

                no JSON
                {"id": 4, "text": "Hello", "generate": {"num_beams": -1}}
                {"id": 5, "text": "Hello", "generate": {"max_new_tokens": 2}}
                """);
        Shell.Result result = batch("--batch-size", "5");
        assertThat(result.status()).isEqualTo(3);
        assertThat(result.err()).isEqualTo("fovea: 5 requests: 2 answered, 3 failed: " + input + ", lines 2, 4, 5\n");
        List<Map<String, @Nullable Object>> lines = answers();
        assertThat(lines).extracting(a -> a.get("id")).containsExactly(1L, 2L, null, 4L, 5L);
        assertThat(lines).extracting(a -> a.get("line")).containsExactly(1L, 2L, 4L, 5L, 6L);
        assertThat(lines).extracting(a -> a.containsKey("error")).containsExactly(false, true, true, true, false);
        assertThat(lines.get(1)).containsOnlyKeys("id", "fingerprint", "line", "error");
        Map<String, @Nullable Object> error = Json.object(lines.get(1).get("error"), "error");
        assertThat(error).containsOnlyKeys("message", "hint");
        assertThat((String) error.get("message"))
                .startsWith(input + ", line 2: ")
                .contains("no-such.png");
    }

    @Test
    void goesOnWhereItStopped() throws IOException {
        Files.writeString(input, PICTURE_REQUEST + "\n" + TEXT_REQUEST + "\n" + TEXT_REQUEST.replace("2", "3") + "\n");
        batch().succeeds();
        String whole = Files.readString(output);
        List<Map<String, @Nullable Object>> answers = answers();
        int secondLine = whole.indexOf('\n') + 1;
        for (int length : new int[] {0, 5, secondLine - 1, secondLine, secondLine + 20}) {
            Files.writeString(output, whole.substring(0, length));
            batch().succeeds();
            assertThat(answers())
                    .as("interrupted after " + length + " characters")
                    .isEqualTo(answers);
        }
        assertThat(batch().succeeds().err()).contains("3 requests, 3 of them before");
        assertThat(answers()).isEqualTo(answers);
    }

    @Test
    void failuresOfAnEarlierRunCount() throws IOException {
        Files.writeString(input, TEXT_REQUEST + "\n{\"id\": 3, \"text\": \"Hello\", \"images\": [\"late.png\"]}\n");
        assertThat(batch().status()).isEqualTo(3);
        Shell.Result again = batch();
        assertThat(again.status()).isEqualTo(3);
        assertThat(again.err()).contains("2 requests, 2 of them before: 1 answered, 1 failed: " + input + ", line 2");
    }

    @Test
    void refusesFilesThatCannotBe() throws IOException {
        batch().failsWith(3, "there is no such file", "in.jsonl");
        Files.writeString(input, TEXT_REQUEST);
        output = folder.resolve("no/such/folder.jsonl");
        batch().failsWith(3, "folder.jsonl");
    }

    @Test
    void inputsAreNoOutputs() throws IOException {
        Files.writeString(input, PICTURE_REQUEST);
        Path link = Files.createSymbolicLink(folder.resolve("link"), input);
        Path picture = folder.resolve("odd.png");
        byte[] pixels = Files.readAllBytes(picture);
        Path config = Path.of(MODEL, "config.json");
        String configuration = Files.readString(config);
        for (Path read : List.of(input, link, config, picture)) {
            output = read;
            for (String[] more : new String[][] {{}, {"--overwrite"}}) {
                batch(more).failsWith(2, "cannot write " + read);
            }
        }
        assertThat(input).hasContent(PICTURE_REQUEST);
        assertThat(config).hasContent(configuration);
        assertThat(picture).hasBinaryContent(pixels);
    }

    @Test
    void optionsFillWhatRequestsLeaveOpen() throws IOException {
        Files.writeString(input, "{\"text\": \"Hello\"}\n" + TEXT_REQUEST + "\n");
        batch("--max-new-tokens", "5").succeeds();
        assertThat(answers())
                .extracting(a -> Json.object(a.get("usage"), "usage").get("completion_tokens"))
                .containsExactly(5L, 3L);
    }
}
