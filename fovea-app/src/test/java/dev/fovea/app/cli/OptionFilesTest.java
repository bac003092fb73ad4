package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that options name (schema, tools, documents, chat template): read once, from stdin too, and never written over. */
class OptionFilesTest {
    private static final String TOOLS = "[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]";
    private static final String SCHEMA = "{\"type\": \"object\"}";
    private static final String TEMPLATE = "{{ messages[0].content[0].text }}";

    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({
        "batch, --tools",
        "batch, --documents",
        "batch, --json-schema",
        "batch, --chat-template",
        "trace, --tools",
        "trace, --json-schema"
    })
    void noOutputTakesTheirPlace(String command, String option) throws IOException {
        String file = file("given.jinja", content(option));
        String asked = command.equals("batch") ? "--images" : "--image";
        fovea(command, MODEL, "Hi", asked, PICTURE, option, file, "--output", file, "--overwrite")
                .failsWith(ExitStatus.USAGE, file + ": this run reads it");
        assertThat(Path.of(file)).hasContent(content(option));
    }

    private static String content(String option) {
        return switch (option) {
            case "--tools" -> TOOLS;
            case "--documents" -> "[]";
            case "--json-schema" -> SCHEMA;
            default -> TEMPLATE;
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"--tools", "--documents", "--json-schema", "--chat-template"})
    void areReadBeforeAnythingIsWritten(String option) {
        Path answers = dir.resolve("answers.jsonl");
        String lost = dir.resolve("lost.jinja").toString();
        fovea("batch", MODEL, "Hi", "--images", PICTURE, option, lost, "--output", answers.toString())
                .failsWith(ExitStatus.INPUT, "cannot read " + lost + ": there is no such file");
        assertThat(answers).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--tools", "--json-schema", "--chat-template"})
    void mayBeStdin(String option) throws IOException {
        String named = fovea("run", MODEL, "Hi", option, file("a.jinja", content(option)), "--max-new-tokens", "3")
                .succeeds()
                .out();
        String piped = fovea(content(option).getBytes(UTF_8), "run", MODEL, "Hi", option, "-", "--max-new-tokens", "3")
                .succeeds()
                .out();
        assertThat(piped).isEqualTo(named);
    }

    /** Two requests are asked with what stdin gave once. */
    @Test
    void ofABatchMayBeStdin() throws IOException {
        String copy = Files.copy(Path.of(PICTURE), dir.resolve("copy.png")).toString();
        String answers = fovea(
                        SCHEMA.getBytes(UTF_8),
                        "batch",
                        MODEL,
                        "Hi",
                        "--images",
                        PICTURE,
                        copy,
                        "--json-schema",
                        "-",
                        "--output",
                        "-",
                        "--max-new-tokens",
                        "1")
                .succeeds()
                .out();
        assertThat(answers.lines())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).contains("\"text\": \"{"));
    }

    @Test
    void keysAndQuestionsMayBeStdin() {
        fovea("shop".getBytes(UTF_8), "serve", MODEL, "--api-keys", "-")
                .failsWith(ExitStatus.INPUT, "line 1 of stdin is no API key");
        String[] eval = {"eval", MODEL, "--max-new-tokens", "2", "--prompt"};
        String[] asked = Stream.concat(Arrays.stream(eval), Stream.of("Hi")).toArray(String[]::new);
        String[] piped = Stream.concat(Arrays.stream(eval), Stream.of("-")).toArray(String[]::new);
        assertThat(fovea("Hi\n".getBytes(UTF_8), piped).succeeds().out())
                .isEqualTo(fovea(asked).succeeds().out());
    }

    @Test
    void shareStdinWithNothing() {
        fovea("run", MODEL, "-", "--tools", "-").failsWith(ExitStatus.USAGE, "PROMPT and --tools are stdin");
        fovea("batch", MODEL, "--input", "-", "--output", "-", "--json-schema", "-")
                .failsWith(ExitStatus.USAGE, "--input and --json-schema are stdin");
        fovea("chat", MODEL, "--tools", "-").failsWith(ExitStatus.USAGE, "--tools is -, which is stdin");
    }

    /** A name that is none of the model's would be a template that says itself, whatever is asked. */
    @Test
    void aTemplateThatLooksAtNothingIsAWrongName() {
        fovea("run", MODEL, "Hi", "--chat-template", "tool_use")
                .failsWith(ExitStatus.USAGE, "this model has no chat template tool_use; it has default");
    }

    private String file(String name, String content) throws IOException {
        return Files.writeString(dir.resolve(name), content).toString();
    }
}
