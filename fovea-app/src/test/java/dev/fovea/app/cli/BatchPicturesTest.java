package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code batch MODEL PROMPT --images}. */
class BatchPicturesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void put() throws IOException {
        for (String name : List.of("p10.png", "p9.png", "deep/er/p1.png", "deep/p2.png", ".hidden/p.png", "a[1].png")) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.copy(Path.of(PICTURE), file);
        }
        Files.writeString(folder.resolve("notes.txt"), "no picture");
    }

    private List<String> of(String... named) {
        List<String> all = new ArrayList<>();
        for (String name : named) {
            all.add(folder + "/" + name);
        }
        return PictureFiles.of("--images", all).stream()
                .map(f -> folder.relativize(Path.of(f)).toString())
                .toList();
    }

    @Test
    void patternsAreThoseOfAShell() {
        assertThat(of("*.png")).containsExactly("a[1].png", "p9.png", "p10.png");
        assertThat(of("**/*.png")).containsExactly("a[1].png", "deep/er/p1.png", "deep/p2.png", "p9.png", "p10.png");
        assertThat(of("**")).contains("notes.txt", "deep/er/p1.png").doesNotContain(".hidden/p.png");
        assertThat(of("deep/**/p?.png")).containsExactly("deep/er/p1.png", "deep/p2.png");
        assertThat(of("d*/p[0-9].{jpg,png}")).containsExactly("deep/p2.png");
        assertThat(of(".*/p.png")).containsExactly(".hidden/p.png");
        assertThat(of("p10.png", "p9.png", "p*.png")).as("a shell's own list").containsExactly("p9.png", "p10.png");
        assertThat(of("a[1].png")).as("the name of a file").containsExactly("a[1].png");
    }

    @Test
    void saysWhatIsNotThere() {
        assertThatThrownBy(() -> of("*.jpeg"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("--images " + folder + "/*.jpeg matches no file");
        assertThatThrownBy(() -> of("p9.png", "lost.png")).hasMessageContaining("/lost.png is no file");
        assertThatThrownBy(() -> of("deep")).hasMessageContaining("/deep is a folder; expected files");
        assertThatThrownBy(() -> of("{p.png")).hasMessageContaining("/{p.png is no pattern");
    }

    @Test
    void eachPictureIsARequest() throws IOException {
        Path output = folder.resolve("out.jsonl");
        String[] line = {
            "batch",
            MODEL,
            "What is it?",
            "--images",
            folder + "/p*.png",
            "--output",
            output.toString(),
            "--max-new-tokens",
            "2"
        };
        assertThat(fovea(line).succeeds().err()).isEqualTo("fovea: 2 requests: 2 answered, 0 failed\n");
        List<Map<String, @Nullable Object>> answers = answers(output);
        assertThat(answers).extracting(a -> a.get("id")).containsExactly(folder + "/p9.png", folder + "/p10.png");
        Map<String, @Nullable Object> alone = fovea(
                        "run", MODEL, "What is it?", "--image", PICTURE, "--max-new-tokens", "2", "--format", "json")
                .succeeds()
                .json();
        for (String key : List.of("prompt", "prompt_token_ids", "sequences")) {
            assertThat(answers.getFirst().get(key)).as(key).isEqualTo(alone.get(key));
        }
        Files.copy(Path.of(PICTURE), folder.resolve("p11.png"));
        assertThat(fovea(line).succeeds().err()).contains("3 requests, 2 of them before");
        Files.writeString(folder.resolve("p12.png"), "no picture");
        Shell.Result result = fovea(line);
        assertThat(result.status()).isEqualTo(3);
        assertThat(result.err()).endsWith("3 answered, 1 failed: " + folder + "/p12.png\n");
    }

    private static List<Map<String, @Nullable Object>> answers(Path output) throws IOException {
        return Files.readAllLines(output).stream()
                .map(l -> Json.object(Json.parse(l, "a line"), "a line"))
                .toList();
    }

    @Test
    void aTaskIsAskedAsRunAsksIt() throws IOException {
        String model = Shell.KIT
                .resolve("../../florence2/native/checkpoint")
                .normalize()
                .toString();
        Path output = folder.resolve("out.jsonl");
        fovea(
                        "batch",
                        model,
                        "--task",
                        "OD",
                        "--images",
                        PICTURE,
                        "--output",
                        output.toString(),
                        "--max-new-tokens",
                        "3",
                        "--num-beams",
                        "1")
                .succeeds();
        assertThat(answers(output).getFirst()).containsKey("parsed").containsEntry("id", PICTURE);
    }

    @Test
    void requestsComeFromOnePlace() throws IOException {
        Path input = Files.writeString(folder.resolve("in.jsonl"), "");
        String out = folder.resolve("out.jsonl").toString();
        fovea("batch", MODEL, "--output", out).failsWith(2, "no requests are given");
        fovea("batch", MODEL, "--input", input.toString(), "--images", PICTURE, "--output", out)
                .failsWith(2, "--input and --images are both given");
        fovea("batch", MODEL, "Hello", "--input", input.toString(), "--output", out)
                .failsWith(2, "PROMPT, --system, --task and --text go with --images");
    }
}
