package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.Trace;
import dev.fovea.app.Main;
import dev.fovea.io.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code -} is stdin and stdout everywhere. */
class StandardStreamsTest {
    private static final String TWO = """
            {"id": 1, "text": "Hello"}
            {"id": 2, "text": "Hello", "images": ["lost.png"]}
            """;

    @TempDir
    Path folder;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void batchReadsAndWritesStreams() throws IOException {
        Shell.Result both = fovea(bytes(TWO), "batch", MODEL, "--input", "-", "--output", "-", "--max-new-tokens", "1");
        assertThat(both.status()).isEqualTo(3);
        assertThat(both.out()
                        .lines()
                        .map(l -> Json.object(Json.parse(l, "a line"), "a line").get("id")))
                .containsExactly(1L, 2L);
        assertThat(both.out()).contains("stdin, line 2: ");
        assertThat(both.err()).isEqualTo("fovea: 2 requests: 1 answered, 1 failed: stdin, line 2\n");
        Path file = folder.resolve("out.jsonl");
        String[] toFile = {"batch", MODEL, "--input", "-", "--output", file.toString(), "--max-new-tokens", "1"};
        fovea(bytes(TWO), toFile);
        assertThat(fovea(bytes(TWO), toFile).err()).contains("2 requests, 2 of them before");
        assertThat(file).content().hasLineCount(2);
    }

    @Test
    void requestsMessagesPromptsAndTextsComeFromStdin() {
        String asked =
                fovea("run", MODEL, "Hello", "--max-new-tokens", "2").succeeds().out();
        String messages = "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"Hello\"}]}]";
        assertThat(fovea(bytes("Hello\n"), "run", MODEL, "-", "--max-new-tokens", "2")
                        .succeeds()
                        .out())
                .isEqualTo(asked);
        assertThat(fovea(bytes("\uFEFF" + messages), "run", MODEL, "--messages", "-", "--max-new-tokens", "2")
                        .succeeds()
                        .out())
                .isEqualTo(asked);
        assertThat(fovea(
                                bytes("{\"messages\": " + messages + "}"),
                                "run",
                                MODEL,
                                "--request",
                                "-",
                                "--max-new-tokens",
                                "2")
                        .succeeds()
                        .out())
                .isEqualTo(asked);
        assertThat(fovea(bytes("\uFEFFHello"), "tokenize", MODEL, "-")
                        .succeeds()
                        .out())
                .isEqualTo(fovea("tokenize", MODEL, "Hello").succeeds().out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run MODEL - --image - | PROMPT and --image",
                "run MODEL hi --image - --image - | --image and --image",
                "run MODEL --messages - --image - | --image and --messages",
                "trace MODEL - --text - --output x | PROMPT and --text"
            })
    void stdinCanBeReadOnce(String line) {
        String[] parts = line.split(" \\| ");
        fovea(parts[0].replace("MODEL", MODEL).split(" "))
                .failsWith(2, parts[1] + " are stdin, which can be read once");
    }

    @Test
    void traceWritesItsFileToStdout() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] line = {"trace", MODEL, "Hello", "--max-new-tokens", "1", "--output", "-"};
        assertThat(Main.run(line, new ByteArrayInputStream(new byte[0]), out, err))
                .isZero();
        assertThat(Trace.isTrace(Files.write(folder.resolve("t"), out.toByteArray())))
                .isTrue();
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("stages in stdout");
    }

    @Test
    void whatReadsOnceIsReadUpToALimit() throws IOException {
        fovea(bytes("no picture"), "run", MODEL, "hi", "--image", "-").failsWith(3, "Not a picture");
        fovea("run", MODEL, "hi", "--image", "/dev/zero").failsWith(3, "cannot read /dev/zero: it is a device");
        Path pipe = folder.resolve("pipe");
        Files.createSymbolicLink(pipe, Path.of("/dev/zero"));
        fovea("run", MODEL, "--request", pipe.toString()).failsWith(3, "it is a device, not a file");
        fovea("batch", MODEL, "--input", pipe.toString(), "--output", folder + "/o")
                .failsWith(3, "it is a device");
        Files.delete(pipe);
    }

    @Test
    void aFullDiskIsSaid() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "Linux has it");
        Path input = Files.writeString(folder.resolve("in.jsonl"), TWO);
        fovea("batch", MODEL, "--input", input.toString(), "--output", "/dev/full", "--max-new-tokens", "1")
                .failsWith(3, "cannot write /dev/full: the disk is full");
        fovea("trace", MODEL, "Hello", "--max-new-tokens", "1", "--output", "/dev/full")
                .failsWith(3, "cannot write /dev/full: the disk is full");
    }

    @Test
    void aTraceIsNotWrittenOverWeightsPicturesOrAnythingElse() throws IOException {
        Path model = folder.resolve("model");
        Files.createSymbolicLink(model, Path.of(MODEL));
        Path copy = Files.copy(Path.of(MODEL, "model.safetensors"), folder.resolve("other.safetensors"));
        Path picture = Files.copy(Path.of(PICTURE), folder.resolve("a.png"));
        String[] refused = {model + "/model.safetensors", MODEL + "/tokenizer.json", picture.toString(), copy.toString()
        };
        for (String output : refused) {
            byte[] before = Files.readAllBytes(Path.of(output));
            fovea("trace", MODEL, "Hi", "--image", picture.toString(), "--max-new-tokens", "1", "--output", output)
                    .failsWith(2, "cannot write " + output);
            assertThat(Path.of(output)).hasBinaryContent(before);
        }
        for (int i = 0; i < 2; i++) {
            String output = folder + "/stages.safetensors";
            fovea("trace", MODEL, "Hi", "--max-new-tokens", "1", "--output", output)
                    .succeeds();
        }
        fovea("trace", MODEL, "Hi", "--max-new-tokens", "1", "--output", copy.toString(), "--overwrite")
                .succeeds();
        assertThat(Trace.isTrace(copy)).isTrue();
        fovea("trace", MODEL, "Hi", "--output", model + "/model.safetensors", "--overwrite")
                .failsWith(2, "this run reads it");
        Files.delete(model);
    }
}
