package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static dev.fovea.app.cli.Shell.kitCase;
import static dev.fovea.app.cli.Shell.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command with its input from a pipe. */
class ChatCommandTest {
    private static final String QUESTION = "What is shown in this picture?";

    @TempDir
    Path folder;

    @Test
    void saysWhatTheReferenceSays() {
        String text = only(kitCase("image"), "output_text") + "\n";
        Shell.Result result = chat(QUESTION, "--image", PICTURE, "--max-new-tokens", "40", "--no-do-sample");
        assertThat(result.succeeds().out()).isEqualTo(text);
        assertThat(result.err()).startsWith("40 tokens · ").doesNotContain("\u001b", ">");
        assertThat(chat("/image " + PICTURE + "\n" + QUESTION, "--max-new-tokens", "40", "--no-do-sample", "--quiet"))
                .isEqualTo(new Shell.Result(0, text, ""));
    }

    /** What a chat's template is told is what a single answer's is. */
    @Test
    void takesTheTemplatesArguments() throws IOException {
        Path template = Files.writeString(
                folder.resolve("t.jinja"), "{{ tools[0].a }} {{ mood }} {{ messages[0].content[0].text }}");
        Path tools = Files.writeString(folder.resolve("tools.json"), "[{\"a\": \"hammer\"}]");
        String[] arguments = {
            "--chat-template",
            template.toString(),
            "--tools",
            tools.toString(),
            "--template",
            "mood=calm",
            "--max-new-tokens",
            "8",
            "--no-do-sample"
        };
        String alone = fovea(Stream.concat(Stream.of("run", MODEL, "hello"), Stream.of(arguments))
                        .toArray(String[]::new))
                .succeeds()
                .out();
        assertThat(chat("hello", arguments).succeeds().out()).isEqualTo(alone);
        assertThat(chat("hello", "--max-new-tokens", "8", "--no-do-sample").out())
                .isNotEqualTo(alone);
    }

    @Test
    void continuesNoMessageOfItsUser() {
        chat("hello", "--continue-final-message").failsWith(2, "--continue-final-message", "the last one is yours");
    }

    @Test
    void goesOnWhereMessagesEnd() throws IOException {
        Map<String, @Nullable Object> reference = kitCase("turns");
        Path messages = Files.writeString(folder.resolve("talk.json"), Json.write(reference.get("messages")));
        List<String> images = Json.array(reference.get("images"), "images").stream()
                .map(i -> Shell.KIT.resolve(String.valueOf(i)).normalize().toString())
                .toList();
        Shell.Result result = chat(
                "",
                "--messages",
                messages.toString(),
                "--image",
                images.get(0),
                "--image",
                images.get(1),
                "--max-pixels",
                "6272",
                "--max-new-tokens",
                "24",
                "--no-do-sample");
        assertThat(result.succeeds().out()).isEqualTo(only(reference, "output_text") + "\n");
    }

    @Test
    void linesAreMessagesAndMayGoOn() {
        Shell.Result result = chat(
                "Hello\nLine one\\\nline two\n\"\"\"\n/text\n\n\"\"\"\n", "--max-new-tokens", "2", "--format", "json");
        List<String> answers = result.succeeds().out().lines().toList();
        assertThat(answers).hasSize(3);
        assertThat(Json.object(Json.parse(answers.getLast(), "stdout"), "answer")
                        .get("prompt"))
                .asString()
                .contains("Hello<|im_end|>", "\nLine one\nline two<|im_end|>", "\n/text\n<|im_end|>");
    }

    @Test
    void resizesPicturesAsQwenVlUtilsDoes() {
        Map<String, @Nullable Object> answer = chat(
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
                .json();
        // 60 x 180 is 56 x 168 in multiples of 28: 4 x 12 patches of 14.
        assertThat(answer).containsEntry("image_grid_thw", List.of(List.of(1L, 4L, 12L)));
    }

    @Test
    void aScriptEndsAtTheFirstFailure() {
        Shell.Result lost = chat("Hi\n/image lost.png\nHi", "--max-new-tokens", "1", "--quiet");
        assertThat(lost.status()).isEqualTo(3);
        assertThat(lost.err()).contains("lost.png").containsOnlyOnce("\n");
        assertThat(lost.out()).containsOnlyOnce("\n");
        chat("/imge", "--quiet").failsWith(2, "/image");
        chat("Hi", "--image", "lost.png").failsWith(3, "lost.png");
        chat("Hi", "--image", "-").failsWith(2, "stdin");
        chat("Hi", "--messages", "m.json", "--system", "x").failsWith(2, "--system");
        chat("Hi", "--max-new-tokens", "0").failsWith(2, "--max-new-tokens is 0");
    }

    @Test
    void aModelWithoutChatTemplateSaysRun() {
        String model = Shell.KIT
                .resolve("../../blip2/opt-saved/checkpoint")
                .normalize()
                .toString();
        fovea("Hi".getBytes(StandardCharsets.UTF_8), "chat", model).failsWith(2, "no chat template", "fovea run");
    }

    private static Shell.Result chat(String input, String... options) {
        String[] line = new String[options.length + 2];
        line[0] = "chat";
        line[1] = MODEL;
        System.arraycopy(options, 0, line, 2, options.length);
        return fovea(input.getBytes(StandardCharsets.UTF_8), line);
    }
}
