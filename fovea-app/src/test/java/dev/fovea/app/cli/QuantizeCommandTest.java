package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A quantised directory of the demo's trained model: written, opened like any other, and measured against its origin. */
class QuantizeCommandTest {
    private static final String PICTURE = "../demo/pictures/one.png";

    @TempDir
    Path folder;

    @Test
    void writesWhatOpensLikeAnyOther() throws IOException {
        String to = folder.resolve("demo-int8").toString();
        fovea("quantize", "demo", "--quantize", "int8", "--to", to).succeeds();
        String[] question = {"What colour is the star?", "--image", PICTURE, "--no-do-sample", "--quiet"};
        assertThat(run(to, question)).isEqualTo(run("demo", question));

        Map<?, ?> found = (Map<?, ?>) Json.parse(
                fovea("eval", to, "--against", "demo", "--image", PICTURE, "--format", "json")
                        .succeeds()
                        .out(),
                "eval");
        assertThat((Double) found.get("mean_kl")).isGreaterThan(0).isLessThan(1e-4);
        assertThat(found.get("equal_answers")).isEqualTo(found.get("answers"));

        fovea("eval", to, "--against", "demo", "--text", "--prompt", "The star is", "--max-new-tokens", "2")
                .succeeds();
        fovea("run", to, "hi", "--quantize", "int4").failsWith(2, "quantised already", "open it without --quantize");
        Path again = folder.resolve("again");
        fovea("quantize", to, "--to", again.toString()).failsWith(2, "quantised already");
        assertThat(Files.exists(again)).isFalse();
        fovea("quantize", "demo", "--to", to).failsWith(2, "is not empty");
        fovea(
                        "quantize",
                        "demo",
                        "--quantize",
                        "int3",
                        "--to",
                        folder.resolve("x").toString())
                .failsWith(2, "int3");
        assertThat(Files.exists(folder.resolve("x"))).isFalse();
    }

    /** Which no number shows: the model of the demo is trained, in bfloat16. */
    @Test
    void losesNothing() throws IOException {
        String to = folder.resolve("demo-lossless").toString();
        fovea("quantize", "demo", "--quantize", "lossless,tower=lossless", "--to", to)
                .succeeds();
        assertThat(Files.size(Path.of(to, "model.safetensors"))).isLessThan(5_300_000);
        Map<?, ?> found = (Map<?, ?>) Json.parse(
                fovea("eval", to, "--against", "demo", "--image", PICTURE, "--format", "json")
                        .succeeds()
                        .out(),
                "eval");
        assertThat((Double) found.get("largest_kl")).isZero();
        assertThat(found.get("equal_answers")).isEqualTo(found.get("answers"));
        fovea("run", "demo", "hi", "--quantize", "lossless", "--dtype", "float16")
                .failsWith(2, "keeps weights in bfloat16", "--dtype bfloat16 or float32, or leave");
        fovea(
                        "quantize",
                        "demo:finder",
                        "--quantize",
                        "lossless",
                        "--to",
                        folder.resolve("finder").toString())
                .failsWith(2, "they are float16", "int8 takes weights of any dtype");
        assertThat(Files.exists(folder.resolve("finder/config.json"))).isFalse();
    }

    @Test
    void calibratesOnPictures() throws IOException {
        Path plain = folder.resolve("plain");
        Path calibrated = folder.resolve("calibrated");
        fovea("quantize", "demo", "--to", plain.toString()).succeeds();
        fovea("quantize", "demo", "--to", calibrated.toString(), "--calibrate", PICTURE, "--max-new-tokens", "8")
                .succeeds();
        try (Safetensors one = Safetensors.open(plain.resolve("model.safetensors"));
                Safetensors other = Safetensors.open(calibrated.resolve("model.safetensors"))) {
            assertThat(one.metadata()).doesNotContainKey("calibration");
            assertThat(other.metadata().get("calibration")).matches("1 answer, \\d+ rows, [0-9a-f]{8}");
            String codes = one.entries().keySet().stream()
                    .filter(name -> name.endsWith("layers.0.mlp.down_proj.weight.codes"))
                    .findFirst()
                    .orElseThrow();
            assertThat(other.segment(codes).mismatch(one.segment(codes))).isNotNegative();
        }
        Path piped = folder.resolve("piped");
        byte[] picture = Files.readAllBytes(Path.of(PICTURE));
        fovea(picture, "quantize", "demo", "--to", piped.toString(), "--calibrate", "-", "--max-new-tokens", "8")
                .succeeds();
        String weights = "model.safetensors";
        assertThat(piped.resolve(weights)).hasSameBinaryContentAs(calibrated.resolve(weights));
        fovea("run", calibrated.toString(), "What colour is the star?", "--image", PICTURE)
                .succeeds();
        Path none = folder.resolve("none");
        fovea("quantize", "demo", "--to", none.toString(), "--calibrate", "no.png")
                .failsWith(3, "no.png");
        fovea("quantize", "demo", "--to", none.toString(), "--calibrate", PICTURE, "--max-new-tokens", "0")
                .failsWith(2, "--max-new-tokens is 0");
        assertThat(Files.exists(none.resolve("config.json"))).isFalse();
    }

    @Test
    void whatCannotCalibrateIsRefusedBeforeAModelIsSought() {
        String to = folder.resolve("none").toString();
        String[] asks = {"--calibrate", PICTURE};
        fovea(with(asks, "quantize", "demo", "--to", to, "--quantize", "int8"))
                .failsWith(
                        2,
                        "codes of 4 bits",
                        "int8,head=int8,tower=none has none",
                        "leave --calibrate out, or take int4");
        fovea("quantize", "nowhere", "--to", to, "--calibrate", PICTURE, "--calibrate", "no.png")
                .failsWith(3, "cannot read no.png: there is no such file");
        fovea("quantize", "nowhere", "--to", to, "--calibrate", "-", "--prompt", "-")
                .failsWith(2, "--calibrate and --prompt are stdin");
        fovea("quantize", "nowhere", "--to", to, "--prompt", "What?", "--text", "--max-new-tokens", "3")
                .failsWith(2, "--prompt, --text, --max-new-tokens without --calibrate");
        fovea("quantize", "nowhere", "--to", to, "--threads", "1").failsWith(2, "--threads without --calibrate");
        assertThat(Files.exists(Path.of(to))).isFalse();
    }

    private static String[] with(String[] more, String... words) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
    }

    private static String run(String model, String[] question) {
        String[] arguments = new String[question.length + 2];
        arguments[0] = "run";
        arguments[1] = model;
        System.arraycopy(question, 0, arguments, 2, question.length);
        return fovea(arguments).succeeds().out();
    }
}
