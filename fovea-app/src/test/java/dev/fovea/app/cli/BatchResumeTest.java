package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.MODEL;
import static dev.fovea.app.cli.Shell.PICTURE;
import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a second run takes for done, and what it leaves alone. */
class BatchResumeTest {
    private static final String A = "{\"id\": \"a\", \"text\": \"Hello\"}\n";
    private static final String B = "{\"id\": \"b\", \"text\": \"Good morning\"}\n";
    private static final String C =
            "{\"id\": \"c\", \"text\": \"What is it?\", \"generate\": {\"max_new_tokens\": 3}}\n";

    @TempDir
    Path folder;

    private Path input = Path.of("");
    private Path output = Path.of("");

    @BeforeEach
    void name() {
        input = folder.resolve("in.jsonl");
        output = folder.resolve("out.jsonl");
    }

    private Shell.Result batch(String... more) {
        return batchOf(MODEL, more);
    }

    private Shell.Result batchOf(String model, String... more) {
        List<String> line = new ArrayList<>(List.of("batch", model, "--input", input.toString(), "--output"));
        line.add(output.toString());
        line.addAll(Arrays.asList(more).contains("--max-new-tokens") ? List.of() : List.of("--max-new-tokens", "2"));
        line.addAll(List.of(more));
        return fovea(line.toArray(String[]::new));
    }

    private static Map<String, @Nullable Object> json(String line) {
        return Json.object(Json.parse(line, "a line"), "a line");
    }

    private List<@Nullable Object> ids() throws IOException {
        List<@Nullable Object> ids = new ArrayList<>();
        for (String line : Files.readAllLines(output)) {
            ids.add(json(line).get("id"));
        }
        return ids;
    }

    /** What the output holds stays as it is. */
    private void refuses(Shell.Result result, String... parts) throws IOException {
        String before = Files.readString(output);
        result.failsWith(3, parts);
        assertThat(output).hasContent(before);
    }

    @Test
    void withoutIdsTheOrderOfTheInputCounts() throws IOException {
        String a = A.replace("\"id\": \"a\", ", "");
        String b = B.replace("\"id\": \"b\", ", "");
        Files.writeString(input, a + b);
        batch().succeeds();
        String answered = Files.readString(output);
        Files.writeString(input, b + a);
        batch().failsWith(
                        3,
                        "line 1 answers " + input + ", line 1, but the request has changed since",
                        "1 more",
                        "--redo");
        assertThat(output).hasContent(answered);
        Files.writeString(input, a + b + a);
        assertThat(batch().succeeds().err()).contains("3 requests, 2 of them before");
        assertThat(Files.readString(output)).startsWith(answered);
    }

    @Test
    void withIdsTheOrderIsFree() throws IOException {
        Files.writeString(input, A + B);
        batch().succeeds();
        String answered = Files.readString(output);
        Files.writeString(input, C + B + A);
        assertThat(batch().succeeds().err()).contains("3 requests, 2 of them before: 3 answered");
        assertThat(Files.readString(output)).startsWith(answered);
        assertThat(ids()).containsExactly("a", "b", "c");
    }

    @Test
    void whatHasChangedIsNamedAndDoneAgainOnlyIfAsked() throws IOException {
        Files.writeString(input, A + B + C);
        batch().succeeds();
        String first = Files.readAllLines(output).getFirst();
        Files.writeString(input, A + B.replace("Good", "Bad") + C);
        batch().failsWith(3, "line 2 answers " + input + ", line 2, but the request has changed since; --redo");
        batch("--max-new-tokens", "1").failsWith(3, "line 1 answers", "its options have changed since", "1 more");
        batch("--dtype", "bfloat16").failsWith(3, "the model has changed since", "2 more");
        assertThat(batch("--redo").succeeds().err()).contains("3 requests, 2 of them before");
        assertThat(ids()).containsExactly("a", "c", "b");
        assertThat(Files.readAllLines(output).getFirst()).isEqualTo(first);
        assertThat(batch().succeeds().err()).contains("3 of them before");
    }

    /** The same keys in another order, the id aside, are the same request. */
    @Test
    void theOrderOfKeysMeansNothing() throws IOException {
        Files.writeString(input, C);
        batch().succeeds();
        Files.writeString(
                input,
                "{\"generate\": {\"max_new_tokens\": 3}, \"id\": \"c\", \"loader\": null, \"text\": \"What is it?\"}");
        assertThat(batch().succeeds().err()).contains("1 of them before");
    }

    @Test
    void anotherPictureUnderTheSameNameIsNoticed() throws IOException {
        Path picture = folder.resolve("a.png");
        Files.copy(Path.of(PICTURE), picture);
        Files.writeString(input, """
                {"id": 1, "images": ["a.png"], "messages": [{"role": "user", "content": [{"type": "image"}]}]}
                {"id": 2, "text": "Hello", "images": ["late.png"]}
                """);
        assertThat(batch().status()).isEqualTo(3);
        Files.copy(picture, folder.resolve("late.png"));
        batch().failsWith(3, "line 2 answers " + input + ", line 2, but its pictures have changed since");
        Files.delete(folder.resolve("late.png"));
        assertThat(batch().err()).contains("2 of them before");
        Files.copy(Path.of(PICTURE).resolveSibling("tall.png"), picture, StandardCopyOption.REPLACE_EXISTING);
        batch().failsWith(3, "line 1 answers " + input + ", line 1, but its pictures have changed since");
        assertThat(batch("--redo").err()).contains("2 requests: 1 answered, 1 failed");
    }

    @Test
    void anotherModelOfTheSameShapeIsNoticed() throws IOException {
        Path model = folder.resolve("model");
        Files.createDirectory(model);
        try (Stream<Path> files = Files.list(Path.of(MODEL))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        Files.writeString(input, A);
        batch().succeeds();
        assertThat(batchOf(model.toString()).succeeds().err()).as("a copy").contains("1 of them before");
        Path weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1; // the last value of some tensor
        Files.write(weights, bytes);
        refuses(batchOf(model.toString()), "but the model has changed since");
    }

    @Test
    void answersToOtherRequestsAreKept() throws IOException {
        Files.writeString(input, A + B);
        batch().succeeds();
        Files.writeString(input, A);
        batch().failsWith(3, "its line 2 answers the request \"b\", which " + input + " does not have");
        batch("--redo").failsWith(3, "its line 2 answers the request \"b\"");
        Files.writeString(output, Files.readString(output) + Files.readString(output));
        batch().failsWith(3, "its lines 1 and 3 answer the same request");
    }

    @Test
    void aFileOfSomebodyElseIsNeverTouched() throws IOException {
        Files.writeString(input, A + B);
        batch().succeeds();
        String answers = Files.readString(output);
        List<String> foreign = List.of(
                "no line feed",
                "one\ntwo\n",
                "{\"id\": \"a\"}\n",
                "{\"id\": \"a\", \"text\": \"cut",
                answers + "{\"id\": \"x\", \"note\": ",
                "{\n  \"id\": \"a\"\n}\n",
                answers + "a note\n" + answers);
        for (String text : foreign) {
            Files.writeString(output, text);
            batch().failsWith(2, "cannot write " + output + ": it exists, and its l", "--overwrite replaces");
            batch("--redo").failsWith(2, "it exists, and its l");
            assertThat(output).hasContent(text);
        }
        byte[] binary = {0, -1, 7, 3};
        Files.write(output, binary);
        batch().failsWith(2, "it exists");
        assertThat(output).hasBinaryContent(binary);
        batch("--overwrite").succeeds();
        assertThat(ids()).containsExactly("a", "b");
    }

    /** Whatever an interruption leaves: the whole lines stay as they are, and all requests are answered once. */
    @Test
    void aTornLineIsWrittenAnew() throws IOException {
        Files.writeString(input, A + B + C);
        batch().succeeds();
        String whole = Files.readString(output);
        int second = whole.indexOf('\n') + 1;
        for (int length : new int[] {0, 1, 5, second - 1, second, second + 3, second + 40, whole.length() - 1}) {
            Files.writeString(output, whole.substring(0, length));
            batch().succeeds();
            assertThat(ids()).as("cut after " + length).containsExactly("a", "b", "c");
            assertThat(Files.readString(output)).startsWith(length >= second - 1 ? whole.substring(0, second) : "");
        }
    }

    @Test
    void nothingIsLeftBehindWhereNothingWasDone() throws IOException {
        Files.writeString(input, A);
        Files.createDirectory(folder.resolve("empty"));
        batchOf(folder.resolve("empty").toString()).failsWith(3, "config.json");
        assertThat(output).doesNotExist();
        Files.writeString(input, "");
        batch().succeeds();
        assertThat(output).doesNotExist();
    }

    @Test
    void linesEndWithLineFeeds() throws IOException {
        String spaced = A.replace(", ", ",\r"); // a space as good as any
        Files.write(input, ("\uFEFF" + spaced + B.replace("\n", "\r\n") + "\r\n").getBytes(StandardCharsets.UTF_8));
        assertThat(batch().succeeds().err()).isEqualTo("fovea: 2 requests: 2 answered, 0 failed\n");
        assertThat(ids()).containsExactly("a", "b");
    }

    @Test
    void textThatIsNoUtf8SpoilsItsLineAlone() throws IOException {
        Files.write(input, ("{\"id\": \"a\", \"text\": \"\u00e4\"}\n" + B).getBytes(StandardCharsets.ISO_8859_1));
        assertThat(batch().err()).contains("1 answered, 1 failed: " + input + ", line 1");
        assertThat(Files.readString(output)).contains(", line 1: cannot read the line: it is no UTF-8");
    }
}
