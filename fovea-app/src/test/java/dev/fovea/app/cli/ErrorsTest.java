package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.app.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong usage is 2, wrong input 3, anything else 1; each is one line on stderr, and stdout stays empty. */
class ErrorsTest {
    @TempDir
    Path folder;

    @Test
    void helpAndVersionGoToStdout() {
        assertThat(fovea("--version").succeeds().out()).matches("fovea \\d+\\.\\d+\\.\\d+.*\n");
        assertThat(fovea().succeeds().out()).contains("Usage: fovea", "batch", "doctor");
        for (String command :
                new String[] {"run", "chat", "batch", "trace", "parse", "tokenize", "inspect", "bench", "demo", "doctor"
                }) {
            assertThat(fovea(command, "--help").succeeds().out())
                    .startsWith("Usage: fovea " + command)
                    .contains("Example");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rnu | unknown command rnu; known: run, chat, batch",
                "--rnu | --rnu",
                "run | MODEL",
                "run x hi --foramt json | did you mean --format",
                "run x hi --max-new-tokens many | expected a whole number but was",
                "run x hi --format yaml | text, json",
                "batch x --input a.jsonl | --output",
                "batch x --input a --output b --batch-size 0 | expected at least 1",
                "trace x hi | --output",
                "bench x --decode 1 | at least 2",
                "inspect x --image-size big | 640x480",
                "inspect x --max-length 0 | at least 1",
                "run x | no PROMPT",
                "run x hi --request r.json | --request holds the whole input",
                "run x hi --messages m.json | --messages holds the whole conversation",
                "run x --text hi --resized-width 3 | --resized-width",
                "run x hi --image a.png --fps 2 | go with --video",
                "run x hi --image a.png --sample-fps 2 | go with --video",
                "run x hi --resized-height 28 --resized-width 28 | go with --image",
                "run x hi --dtype int8 | expected auto, float32, bfloat16 or float16",
                "run x hi --device tpu | device is",
                "run x hi --threads -1 | expected 1 to 1024",
                "run x hi --processor size | KEY=VALUE"
            })
    void wrongUsage(String line, String part) {
        fovea(line.split(" ")).failsWith(2, part);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--max-new-tokens 0 | --max-new-tokens is 0",
                "--top-p 2 | --top-p is 2",
                "--num-return-sequences 2 --no-do-sample | --num-return-sequences is 2",
                "--early-stopping sometimes | expected true, false or",
                "--generate colour=red | unknown generation option colour",
                "--generate guidance_scale=3 | not supported",
                "--processor colour=red | no option colour",
                "--max-pixels 0 --image PICTURE | --max-pixels",
                "--processor min_pixels=abc --image PICTURE | min_pixels",
                "--loader gimp | expected load_image, pil, qwen_vl_utils or torchvision",
                "--task OD | this model knows no tasks"
            })
    void optionsThatTheModelCannotHonour(String options, String part) {
        String[] line = ("run " + MODEL + " hi " + options.replace("PICTURE", PICTURE)).split(" ");
        fovea(line).failsWith(2, part);
    }

    /** As a path each would be the current folder: a model, or frames of a clip. */
    @Test
    void variablesThatWereNotSet() {
        fovea("run", "", "hi").failsWith(2, "MODEL is empty");
        fovea("serve", "demo", "").failsWith(2, "MODEL is empty");
        for (String option : List.of("--image", "--video", "--messages", "--request", "--tools", "--chat-template")) {
            fovea("run", MODEL, "hi", option, "").failsWith(2, option + " is empty");
        }
        fovea("batch", MODEL, "--input", "", "--output", "x").failsWith(2, "--input is empty");
        fovea("trace", MODEL, "hi", "--output", "").failsWith(2, "--output is empty");
        fovea("quantize", MODEL, "--to=").failsWith(2, "--to is empty");
        fovea("tokenize", MODEL, "").succeeds();
        fovea("run", MODEL, "", "--system", "", "--max-new-tokens", "1").succeeds();
    }

    /** A variable that was not set must not open a server to everybody. */
    @Test
    void keysOfAServer() throws IOException {
        fovea("serve", "none", "--api-key", "").failsWith(2, "--api-key is empty", "leave it out");
        Path keys = Files.writeString(folder.resolve("keys.txt"), "ann 12345678\nbob 12345678\n");
        fovea("serve", "none", "--api-keys", keys.toString())
                .failsWith(2, "the clients ann and bob have the same API key");
        fovea("serve", "=demo").failsWith(2, "the model =demo gets no name; expected NAME=MODEL");
        assertThat(fovea("serve", "none", "--host", "0.0.0.0", "--port", "0").err())
                .contains("whoever reaches this address may ask: no API key is given");
    }

    @Test
    void anEvaluationOfNothing() {
        fovea("eval", MODEL, "--max-new-tokens", "0").failsWith(2, "--max-new-tokens is 0; expected at least 1");
    }

    @Test
    void wrongDirectories() throws IOException {
        fovea("run", folder.resolve("none").toString(), "hi").failsWith(3, "there is no directory");
        fovea("run", folder.toString(), "hi").failsWith(3, "config.json is missing");
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"abacus\"}");
        fovea("inspect", folder.toString()).failsWith(3, "abacus", "known: ");
        Files.writeString(folder.resolve("config.json"), "{");
        fovea("tokenize", folder.toString(), "hi").failsWith(3, "not valid JSON");
    }

    @Test
    void wrongPictures() throws IOException {
        fovea("run", MODEL, "hi", "--image", "no-such.png").failsWith(3, "no-such.png", "no such file");
        Path text = Files.writeString(folder.resolve("note.txt"), "not a picture");
        fovea("run", MODEL, "hi", "--image", text.toString()).failsWith(3, "note.txt");
        fovea("run", MODEL, "hi", "--image", "-").failsWith(3);
        byte[] whole = Files.readAllBytes(Path.of(PICTURE));
        fovea(java.util.Arrays.copyOf(whole, whole.length / 2), "run", MODEL, "hi", "--image", "-")
                .failsWith(3);
    }

    @Test
    void wrongClips() throws IOException {
        String clip = Files.writeString(folder.resolve("clip.mp4"), "").toString();
        fovea("run", MODEL, "hi", "--video", clip).failsWith(3, "clip.mp4", "it is no video file");
        fovea("run", MODEL, "hi", "--video", "no-such-folder").failsWith(3, "no-such-folder", "no such folder");
        Files.delete(folder.resolve("clip.mp4"));
        fovea("run", MODEL, "hi", "--video", folder.toString()).failsWith(3, "no frames");
        Files.copy(Path.of(PICTURE), folder.resolve("0.png"));
        fovea("run", MODEL, "hi", "--video", folder.toString(), "--fps", "2").failsWith(2, "fps", "video file");
        fovea("run", MODEL, "hi", "--video", folder.toString(), "--nframes", "2")
                .failsWith(2, "nframes", "video file");
        fovea("run", MODEL, "hi", "--image", PICTURE, "--video-reader", "decord")
                .failsWith(2, "--video-reader", "no clip is given");
        fovea(
                        "run",
                        MODEL,
                        "hi",
                        "--video",
                        "../fovea-video/src/test/resources/clips/made/uneven.gif",
                        "--video-reader",
                        "opencv")
                .failsWith(2, "--video-reader", "opencv", "torchcodec or decord");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{",
                "",
                "{\"generate\": {\"num_beams\": 0}, \"text\": \"hi\"}",
                "{\"text\": 3}",
                "{\"txt\": \"hi\"}",
                "{\"id\": 1}",
                "{\"text\": \"hi\", \"loader\": \"gimp\"}",
                "{\"text\": \"hi\", \"generate\": []}",
                "{\"text\": \"hi\", \"images\": [\"a.png\"]}",
                "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]}"
            })
    void wrongRequests(String json) throws IOException {
        Path request = Files.writeString(folder.resolve("request.json"), json);
        fovea("run", MODEL, "--request", request.toString()).failsWith(3);
    }

    @Test
    void aPictureThatNoPromptNames() {
        fovea("run", MODEL, "--text", "no placeholder", "--image", PICTURE)
                .failsWith(3, "0 image placeholders", "1 image");
    }

    @Test
    void verboseShowsWhere() {
        Shell.Result result = fovea("run", "--verbose", "no-such-model", "hi");
        assertThat(result.status()).isEqualTo(3);
        assertThat(result.err()).contains("\tat dev.fovea.");
    }

    @Test
    void aReaderThatLeavesEndsTheRunWithoutAWord() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] line = {"run", MODEL, "hi", "--max-new-tokens", "4000", "--no-do-sample"};
        long start = System.nanoTime();
        assertThat(Main.run(line, InputStream.nullInputStream(), failing("Broken pipe"), err))
                .as("as a shell reports SIGPIPE")
                .isEqualTo(141);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat((System.nanoTime() - start) / 1e9)
                .as("seconds: it does not generate to the end")
                .isLessThan(20);
        assertThat(Main.run(new String[] {"--help"}, InputStream.nullInputStream(), failing("Broken pipe"), err))
                .isEqualTo(141);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void aFullDiskBehindStdoutIsNamed() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] line = {"tokenize", MODEL, "hi"};
        assertThat(Main.run(line, InputStream.nullInputStream(), failing("No space left on device"), err))
                .isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("fovea: cannot write to stdout: the disk is full\n");
    }

    private static OutputStream failing(String reason) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(reason);
            }
        };
    }
}
