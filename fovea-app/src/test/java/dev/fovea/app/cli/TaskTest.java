package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tasks of Florence-2: {@code run --task --draw} and {@code parse}. */
class TaskTest {
    private static final Path KIT = Shell.KIT.resolveSibling("../florence2").normalize();
    private static final String MICROSOFT =
            KIT.resolve("microsoft-large/checkpoint").toString();
    private static final String NATIVE = KIT.resolve("native/checkpoint").toString();
    private static final Path HOPPER =
            KIT.resolve("../../assets/images/hopper.png").normalize(); // 128 x 128
    private static final String CAR = "</s><s>car<loc_52><loc_334><loc_932><loc_774></s>";

    @TempDir
    Path folder;

    private static Map<String, @Nullable Object> kitCase(String variant, String name) {
        return Json.array(Json.parse(KIT.resolve(variant).resolve("cases.json")), "cases").stream()
                .map(c -> Json.object(c, "a case"))
                .filter(c -> name.equals(c.get("name")))
                .findFirst()
                .orElseThrow();
    }

    // --------------------------------------------------------------------------------------------------------- run

    @ParameterizedTest
    @CsvSource({
        "microsoft-large, greedy-od, OD, 36",
        "microsoft-bin, greedy-od, <OD>, 48", // from pytorch_model.bin
        "native, greedy-ocr-with-region, ocr-with-region, 48",
        "native, greedy-referring-expression-segmentation, REFERRING_EXPRESSION_SEGMENTATION, 48"
    })
    void answersATask(String variant, String name, String task, String tokens) {
        Map<String, @Nullable Object> reference = kitCase(variant, name);
        Path image = KIT.resolve(variant)
                .resolve(String.valueOf(
                        Json.array(reference.get("images"), "images").getFirst()));
        String input = String.valueOf(reference.get("text")).replaceFirst("<.*?>", "");
        List<String> line = new ArrayList<>(
                List.of("run", KIT.resolve(variant).resolve("checkpoint").toString()));
        if (!input.isEmpty()) {
            line.add(input);
        }
        line.addAll(List.of(
                "--task",
                task,
                "--image",
                image.toString(),
                "--num-beams",
                "1",
                "--max-new-tokens",
                tokens,
                "--dtype",
                "float32",
                "--format",
                "json"));
        Map<String, @Nullable Object> answer =
                fovea(line.toArray(String[]::new)).succeeds().json();
        assertThat(answer.get("parsed")).isEqualTo(reference.get("parsed"));
    }

    @Test
    void printsWhatWasFoundAThingInALine() {
        Shell.Result result = fovea(
                "run",
                MICROSOFT,
                "--task",
                "OD",
                "--image",
                HOPPER.toString(),
                "--num-beams",
                "1",
                "--max-new-tokens",
                "36",
                "--dtype",
                "float32");
        Map<String, @Nullable Object> od = Json.object(
                Json.object(kitCase("microsoft-large", "greedy-od").get("parsed"), "parsed")
                        .get("<OD>"),
                "<OD>");
        List<String> lines = result.succeeds().out().lines().toList();
        assertThat(lines).hasSameSizeAs(Json.array(od.get("bboxes"), "bboxes"));
        assertThat(lines.getFirst())
                .isEqualTo("   86.1    81.9    76.9    91.8  "
                        + Json.array(od.get("labels"), "labels").getFirst());
    }

    @Test
    void printsACaptionAsItIs() {
        Shell.Result result = fovea(
                "run",
                MICROSOFT,
                "--task",
                "CAPTION",
                "--image",
                HOPPER.toString(),
                "--num-beams",
                "1",
                "--max-new-tokens",
                "48",
                "--dtype",
                "float32");
        assertThat(result.succeeds().out())
                .isEqualTo(kitCase("microsoft-large", "greedy-caption").get("output_text") + "\n");
    }

    @Test
    void drawsWhatWasFound() throws IOException {
        Path file = folder.resolve("found.png");
        fovea(
                        "run",
                        MICROSOFT,
                        "--task",
                        "OD",
                        "--image",
                        HOPPER.toString(),
                        "--num-beams",
                        "1",
                        "--max-new-tokens",
                        "36",
                        "--draw",
                        file.toString())
                .succeeds();
        Picture drawn = picture(file);
        assertThat(drawn.width()).isEqualTo(4 * 128); // small pictures are enlarged
        assertThat(drawn.rgb()).isNotEqualTo(picture(HOPPER).rgb());
    }

    private static Picture picture(Path file) throws IOException {
        return DecodedImage.decode(Files.readAllBytes(file), DecodedImage.MAX_PIXELS)
                .rgb();
    }

    @Test
    void saysThatNothingWasFound() {
        Shell.Result result = fovea(
                "run",
                MICROSOFT,
                "--task",
                "OD",
                "--image",
                HOPPER.toString(),
                "--num-beams",
                "1",
                "--max-new-tokens",
                "2");
        assertThat(result.succeeds().out()).isEmpty();
        assertThat(result.err()).isEqualTo("fovea: nothing was found\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--task FIND | 2 | --task is FIND; this model knows <OCR>, <OCR_WITH_REGION>",
                "--task CAPTION --draw x.png | 2 | --draw needs an answer with boxes; <CAPTION> gives a text",
                "--task OD --draw x.jpg | 2 | --draw is x.jpg; expected the name of a .png file",
                "--task OD --draw no/such/folder/x.png | 3 | there is no folder",
                "everything --task OD | 3 | Task token <OD> should be the only token in the text",
                "<loc_1><loc_2><loc_3><loc_1000> --task REGION_TO_OCR | 3 | malformed location token <loc_1000>"
            })
    void wrongTasks(String options, int status, String part) {
        String line = "run " + MICROSOFT + " " + options + " --image " + HOPPER;
        fovea(line.split(" ")).failsWith(status, part);
    }

    @ParameterizedTest
    @ValueSource(strings = {"<GENERATE_TAGS>", "--task <GENERATE_TAGS>"})
    void tasksOfFineTunesAreAskedAsTheyStand(String options) {
        String line = "run " + MICROSOFT + " " + options + " --image " + HOPPER + " --max-new-tokens 2";
        Shell.Result result = fovea(line.split(" "));
        assertThat(result.succeeds().err())
                .contains("<GENERATE_TAGS> is none of Florence-2's tasks, and asked as it stands");
    }

    /** The model of the kit answers in babble, which is said; what it names is drawn by GroundingTest's own means. */
    @Test
    void answersInWordsAreDrawnToo() throws IOException {
        Path file = folder.resolve("named.png");
        fovea("run", Shell.MODEL, "Where is it?", "--image", Shell.PICTURE, "--draw", file.toString())
                .succeeds();
        assertThat(picture(file).width()).isPositive();
        fovea(
                        "run",
                        Shell.MODEL,
                        "Where is it?",
                        "--image",
                        Shell.PICTURE,
                        "--image",
                        Shell.PICTURE,
                        "--draw",
                        folder.resolve("two.png").toString())
                .failsWith(2, "--draw needs a question about one picture");
    }

    @Test
    void modelsWithoutTasksDrawNothing() {
        fovea(
                        "run",
                        "../fovea-core/src/test/resources/oracle/gemma3/base/checkpoint",
                        "Where is the car?",
                        "--image",
                        Shell.PICTURE,
                        "--draw",
                        folder.resolve("x.png").toString())
                .failsWith(2, "--draw needs an answer with boxes; this model knows no tasks");
        fovea("parse", Shell.MODEL, "--task", "OD", "--size", "640x480", CAR)
                .failsWith(2, "parse needs a model with tasks, as Florence-2; " + Shell.MODEL + " knows none");
    }

    // ------------------------------------------------------------------------------------------------------- parse

    /** Every case of the kit in one run for each layout. */
    @ParameterizedTest
    @CsvSource({"microsoft-large, microsoft", "native, native"})
    void parsesAFileOfTexts(String variant, String key) throws IOException {
        List<Map<String, @Nullable Object>> cases =
                Json.array(Json.parseObject(KIT.resolve("postprocess.json")).get("cases"), "cases").stream()
                        .map(c -> Json.object(c, "a case"))
                        .toList();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < cases.size(); i++) {
            Map<String, @Nullable Object> line = new LinkedHashMap<>();
            line.put("id", "case " + i);
            line.put("text", cases.get(i).get("text"));
            line.put("task", cases.get(i).get("task"));
            line.put("size", cases.get(i).get("image_size"));
            lines.append(Json.write(line)).append('\n');
        }
        Path input = Files.writeString(folder.resolve("texts.jsonl"), lines);
        List<String> out = fovea(
                        "parse", KIT.resolve(variant).resolve("checkpoint").toString(), "--input", input.toString())
                .succeeds()
                .out()
                .lines()
                .toList();
        assertThat(out).hasSameSizeAs(cases);
        for (int i = 0; i < cases.size(); i++) {
            Map<String, @Nullable Object> expected = new LinkedHashMap<>();
            expected.put("id", "case " + i);
            expected.put("parsed", cases.get(i).getOrDefault(key, cases.get(i).get("microsoft")));
            assertThat(Json.parse(out.get(i), "line " + i)).isEqualTo(expected);
        }
    }

    @Test
    void parsesTextsOfTheCommandLine() {
        assertThat(fovea("parse", NATIVE, "--task", "OD", "--size", "640x480", CAR, "nothing")
                        .succeeds()
                        .out())
                .isEqualTo("""
                {"id": 0, "parsed": {"<OD>": {"bboxes": [[33, 160, 596, 371]], "labels": ["car"]}}}
                {"id": 1, "parsed": {"<OD>": {"bboxes": [], "labels": []}}}
                """);
    }

    @Test
    void parsesStdin() {
        byte[] text = (CAR + "\n").getBytes(StandardCharsets.UTF_8);
        assertThat(fovea(text, "parse", NATIVE, "--task", "<CAPTION>", "--size", "1x1")
                        .succeeds()
                        .out())
                .isEqualTo("{\"id\": 0, \"parsed\": {\"<CAPTION>\": \"car<loc_52><loc_334><loc_932><loc_774>\"}}\n");
        byte[] line = "{\"text\": \"\", \"task\": \"<OD>\", \"size\": [3, 4]}\n".getBytes(StandardCharsets.UTF_8);
        assertThat(fovea(line, "parse", MICROSOFT, "--input", "-").succeeds().out())
                .isEqualTo("{\"id\": null, \"parsed\": {\"<OD>\": {\"bboxes\": [], \"labels\": []}}}\n");
    }

    @Test
    void oneBadLineDoesNotStopTheRest() throws IOException {
        Path input = Files.writeString(folder.resolve("texts.jsonl"), """
                {"id": 1, "text": "a", "task": "<OD>", "size": [640, 0]}
                {"id": 2, "text": "a", "task": "<OD>", "size": [640]}
                {"id": 3, "text": 5, "task": "<OD>", "size": [640, 480]}
                {"id": 4, "text": "a", "size": [640, 480]}
                {"id": 5, "text": "a", "task": "<OD>", "size": [640, 480], "colour": "red"}
                {"id": 6, "text": "a<loc_1><loc_2><loc_3><loc_99999999999999999999>", "task": "<OD>", "size": [640, 480]}
                {"id": 7, "text":

                {"id": 8, "text": "car", "task": "<CAPTION>", "size": [640, 480]}
                """);
        Shell.Result result = fovea("parse", MICROSOFT, "--input", input.toString());
        assertThat(result.status()).isEqualTo(3);
        List<String> messages = result.out()
                .lines()
                .map(line -> messageOf(line).replace(input + ", ", ""))
                .toList();
        assertThat(messages)
                .containsExactly(
                        "1: line 1: size holds the number 0; expected whole numbers of pixels, at least 1",
                        "2: line 2: size has 1 numbers; expected width and height",
                        "3: line 3: text is the number 5; expected a string",
                        "4: line 4: task is null; expected a string",
                        "5: line 5: the line has the unknown key colour; known: id, text, task, size",
                        "6: line 6: malformed location token <loc_99999999999999999999>: no number of 64 bits",
                        messages.get(6),
                        "8: ok");
        assertThat(messages.get(6)).startsWith("null: line 7: the line is not valid JSON");
    }

    private static String messageOf(String line) {
        Map<String, @Nullable Object> json = Json.object(Json.parse(line, "a line"), "a line");
        Object error = json.get("error");
        return json.get("id") + ": "
                + (error == null
                        ? "ok"
                        : Objects.requireNonNull(Json.object(error, "error").get("message")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--size 640x480 TEXT | 2 | parse needs --task, or --input",
                "--task OD TEXT | 2 | parse needs --size, or --input",
                "--task FIND --size 640x480 TEXT | 2 | --task is FIND; this model knows <OCR>",
                "--task OD --size 0x480 TEXT | 2 | --size is 0x480; expected WIDTHxHEIGHT in pixels",
                "--task OD --size big TEXT | 2 | --size is big; expected WIDTHxHEIGHT in pixels",
                "--input x.jsonl --task OD | 2 | --input holds text, task and size",
                "--input x.jsonl | 3 | cannot read x.jsonl: there is no such file"
            })
    void wrongOptions(String options, int status, String part) {
        fovea(("parse " + MICROSOFT + " " + options).split(" ")).failsWith(status, part);
    }
}
