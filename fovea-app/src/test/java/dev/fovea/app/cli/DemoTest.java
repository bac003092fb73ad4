package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Pipeline;
import dev.fovea.io.DemoModels;
import dev.fovea.io.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The demo models: what {@code fovea demo} shows, and that their answers are transformers' own. */
class DemoTest {
    /** Held-out scenes, and what transformers answered in float32: see demo/README.md. */
    private static final Path HELD_OUT = Path.of("../demo/held-out");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"demo, chat", "demo:finder, finder"})
    void answersHeldOutScenesWithTheReferencesTokens(String model, String name) {
        Path output = folder.resolve("answers.jsonl");
        String input = HELD_OUT.resolve(name + ".jsonl").toString();
        fovea("batch", model, "--input", input, "--output", output.toString(), "--dtype", "float32")
                .succeeds();
        Map<Object, List<?>> expected = tokens(HELD_OUT.resolve(name + "-transformers.jsonl"));
        assertThat(expected).hasSizeGreaterThan(50);
        assertThat(tokens(output)).isEqualTo(expected);
    }

    /** By id. */
    private static Map<Object, List<?>> tokens(Path file) {
        Map<Object, List<?>> tokens = new LinkedHashMap<>();
        lines(file).forEach(line -> {
            Object first = Json.array(line.get("sequences"), "sequences").getFirst();
            tokens.put(
                    Objects.requireNonNull(line.get("id")),
                    Json.array(Json.object(first, "a sequence").get("token_ids"), "token_ids"));
        });
        return tokens;
    }

    private static List<Map<String, @Nullable Object>> lines(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .map(line -> Json.object(Json.parse(line, "a line"), "a line"))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void showsTheMainJob() throws IOException {
        Path drawn = folder.resolve("boxes.png");
        Path shown = DemoModels.pictures().getFirst();
        assertThat(fovea("demo", "--output", drawn.toString()).succeeds().out())
                .contains("nothing else", "> Describe this image.", "> <OD>", drawn.toString())
                .doesNotContain("</s>")
                .contains("fovea run Qwen/Qwen2.5-VL-3B-Instruct", "pictures/one.png");
        BufferedImage picture = ImageIO.read(drawn.toFile());
        assertThat(picture.getWidth())
                .isEqualTo(picture.getHeight())
                .isGreaterThanOrEqualTo(ImageIO.read(shown.toFile()).getWidth());
    }

    @Test
    void isAModelEverywhere() {
        assertThat(fovea("inspect", "demo").succeeds().out()).contains("qwen2_5_vl");
        assertThat(fovea("inspect", "demo:finder").succeeds().out()).contains("florence2");
        assertThat(fovea("tokenize", "demo", "a red circle").succeeds().out()).isNotBlank();
        try (Pipeline pipe = Pipeline.imageTextToText("demo:chat")) {
            assertThat(pipe.processor().hasChatTemplate()).isTrue();
        }
    }

    @Test
    void takesTheFinderForATask() {
        String picture = DemoModels.pictures().getFirst().toString();
        assertThat(fovea("run", "demo", "--task", "OD", "--image", picture).succeeds())
                .isEqualTo(fovea("run", "demo:finder", "--task", "OD", "--image", picture));
        fovea("parse", "demo", "--task", "OD", "--size", "336x336", "red star<loc_5><loc_5><loc_95><loc_95>")
                .succeeds();
    }

    @Test
    void namesItsModels() {
        fovea("inspect", "demo:painter").failsWith(ExitStatus.INPUT, "painter", "demo:finder");
    }

    @Test
    void refusesAnOutputThatIsNoPicture() {
        fovea("demo", "--output", "boxes.txt").failsWith(ExitStatus.USAGE, "--output", ".png");
    }
}
