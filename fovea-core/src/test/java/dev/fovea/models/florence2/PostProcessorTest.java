package dev.fovea.models.florence2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.Sequence;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Parsed;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Against what both reference implementations made of the same texts. */
class PostProcessorTest {
    private static final ModelProcessor MICROSOFT = processor("microsoft-large");
    private static final ModelProcessor NATIVE = processor("native");

    private static ModelProcessor processor(String variant) {
        return new Florence2().processor(ModelDirectory.open(resource("/oracle/florence2/" + variant + "/checkpoint")));
    }

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(PostProcessorTest.class.getResource(name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As it would stand in an answer's JSON. */
    private static @Nullable Object parsed(
            ModelProcessor processor, String text, String task, Map<String, @Nullable Object> json) {
        List<Integer> size = Json.array(json.get("image_size"), "size").stream()
                .map(n -> number(n).intValue())
                .toList();
        Parsed parsed =
                processor.postProcess(text, task, size.get(0), size.get(1)).orElseThrow();
        return Json.parse(Json.write(parsed.toMap()), "parsed");
    }

    private static Long number(@Nullable Object value) {
        return (Long) Objects.requireNonNull(value);
    }

    private static String text(Map<String, @Nullable Object> json, String key) {
        return (String) Objects.requireNonNull(json.get(key), key);
    }

    // ---------------------------------------------------------------------------------------------------- the kit

    static Stream<Arguments> kit() {
        return numbered(
                Json.parseObject(resource("/oracle/florence2/postprocess.json")).get("cases"));
    }

    /** Random ones; see texts.py. */
    static Stream<Arguments> texts() {
        return numbered(Json.parse(resource("/dev/fovea/models/florence2/texts.json")));
    }

    private static Stream<Arguments> numbered(@Nullable Object list) {
        List<@Nullable Object> cases = Json.array(list, "cases");
        return IntStream.range(0, cases.size()).mapToObj(i -> Arguments.of(i, Json.object(cases.get(i), "case " + i)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"kit", "texts"})
    void answersAsBothReferencesDo(int index, Map<String, @Nullable Object> c) {
        Object microsofts = c.get("microsoft");
        assertThat(parsed(MICROSOFT, text(c, "text"), text(c, "task"), c))
                .as("%d", index)
                .isEqualTo(microsofts);
        assertThat(parsed(NATIVE, text(c, "text"), text(c, "task"), c))
                .as("%d", index)
                .isEqualTo(c.getOrDefault("native", microsofts));
    }

    static Stream<Map<String, @Nullable Object>> quantisers() {
        Map<String, @Nullable Object> json = Json.parseObject(resource("/oracle/florence2/postprocess.json"));
        return Json.array(json.get("quantisers"), "quantisers").stream().map(q -> Json.object(q, "quantiser"));
    }

    @ParameterizedTest
    @MethodSource("quantisers")
    void placesAreThoseOfTheReference(Map<String, @Nullable Object> q) {
        List<@Nullable Object> size = Json.array(q.get("size"), "size");
        Locations locations =
                Locations.of(number(size.get(0)).intValue(), number(size.get(1)).intValue());
        List<@Nullable Object> boxes = Json.array(q.get("boxes"), "boxes");
        List<@Nullable Object> bins = Json.array(q.get("box_bins"), "bins");
        for (int i = 0; i < boxes.size(); i++) {
            List<Double> b = Json.array(boxes.get(i), "box").stream()
                    .map(n -> ((Number) Objects.requireNonNull(n)).doubleValue())
                    .toList();
            assertThat(locations.region(b.get(0), b.get(1), b.get(2), b.get(3))).isEqualTo(tokens(bins.get(i)));
        }
    }

    @ParameterizedTest
    @MethodSource("quantisers")
    void pixelsAreThoseOfTheReference(Map<String, @Nullable Object> q) {
        Map<String, @Nullable Object> json = Map.of("image_size", Objects.requireNonNull(q.get("size")));
        List<String> boxes = Json.array(q.get("bins"), "bins").stream()
                .map(PostProcessorTest::tokens)
                .toList();
        for (String flavour : List.of("microsoft", "native")) {
            ModelProcessor processor = flavour.equals("native") ? NATIVE : MICROSOFT;
            Map<String, @Nullable Object> expected = Json.object(q.get(flavour), flavour);
            Object boxed = parsed(processor, String.join("", boxes), "<REGION_PROPOSAL>", json);
            assertThat(answer(boxed, "<REGION_PROPOSAL>").get("bboxes")).isEqualTo(expected.get("bin_boxes"));
            Object outlined = parsed(processor, String.join("", boxes), "<REGION_TO_SEGMENTATION>", json);
            List<@Nullable Object> polygon = Json.array(
                    Json.array(answer(outlined, "<REGION_TO_SEGMENTATION>").get("polygons"), "polygons")
                            .getFirst(),
                    "polygon");
            assertThat(polygon.getFirst())
                    .isEqualTo(Json.array(expected.get("bin_points"), "points").stream()
                            .flatMap(p -> Json.array(p, "point").stream())
                            .toList());
        }
    }

    private static Map<String, @Nullable Object> answer(@Nullable Object parsed, String task) {
        return Json.object(Json.object(parsed, "parsed").get(task), task);
    }

    private static String tokens(@Nullable Object bins) {
        return Json.array(bins, "bins").stream().map(b -> "<loc_" + b + ">").reduce("", String::concat);
    }

    // ----------------------------------------------------------------------------------------- published answers

    static Stream<Arguments> published() {
        return Json.array(
                        Json.parseObject(resource("/golden/transformers-tests.json"))
                                .get("cases"),
                        "cases")
                .stream()
                .map(c -> Json.object(c, "case"))
                .filter(c -> text(c, "file").contains("test_modeling_florence2"))
                .flatMap(PostProcessorTest::published);
    }

    /** The texts that a test expects of the model, with what it expects to be read from them. */
    private static Stream<Arguments> published(Map<String, @Nullable Object> c) {
        List<@Nullable Object> texts = c.get("EXPECTED_GENERATED_TEXTS") instanceof List<?> list
                ? List.copyOf(list)
                : List.of(text(c, "EXPECTED_GENERATED_TEXT"));
        return Stream.of("EXPECTED_PARSED_ANSWER", "EXPECTED_PARSED_ANSWER_0", "EXPECTED_PARSED_ANSWER_1")
                .filter(c::containsKey)
                .map(key -> {
                    Map<String, @Nullable Object> expected = Json.object(c.get(key), key);
                    String task = expected.keySet().iterator().next();
                    List<@Nullable Object> prompts =
                            c.get("prompts") instanceof List<?> list ? List.copyOf(list) : List.of(text(c, "prompt"));
                    int row = IntStream.range(0, prompts.size())
                            .filter(i -> String.valueOf(prompts.get(i)).startsWith(task))
                            .findFirst()
                            .orElseThrow();
                    List<@Nullable Object> images = Json.array(c.get("images"), "images");
                    Map<String, @Nullable Object> image =
                            Json.object(images.get(Math.min(row, images.size() - 1)), "image");
                    List<@Nullable Object> size = List.of(number(image.get("width")), number(image.get("height")));
                    return Arguments.of(
                            text(c, "test") + " " + task, task, texts.get(row), Map.of("image_size", size), expected);
                });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("published")
    void readsThePublishedAnswersOfTheLargeModels(
            String name, String task, String text, Map<String, @Nullable Object> size, Map<String, Object> expected) {
        assertThat(parsed(NATIVE, text, task, size)).as(name).isEqualTo(expected);
    }

    // ----------------------------------------------------------------------------------------------------- scores

    static Stream<Map<String, @Nullable Object>> scored() {
        return Json.array(Json.parse(resource("/dev/fovea/models/florence2/scores.json")), "scores").stream()
                .map(c -> Json.object(c, "case"));
    }

    private static Sequence sequence(int[] ids, float[] logProbs) {
        return new Sequence(0, ids, OptionalDouble.empty(), FinishReason.STOP, logProbs);
    }

    private static Sequence sequence(Map<String, @Nullable Object> c) {
        int[] ids = Json.array(c.get("ids"), "ids").stream()
                .mapToInt(n -> number(n).intValue())
                .toArray();
        List<Float> logProbs = Json.array(c.get("log_probs"), "log_probs").stream()
                .map(n -> ((Double) Objects.requireNonNull(n)).floatValue())
                .toList();
        float[] values = new float[ids.length];
        IntStream.range(0, ids.length).forEach(i -> values[i] = logProbs.get(i));
        return sequence(ids, values);
    }

    /** Equal in everything but the last digits of the scores. */
    @ParameterizedTest
    @MethodSource("scored")
    void scoresAreThoseOfMicrosoftsCode(Map<String, @Nullable Object> c) {
        List<@Nullable Object> size = Json.array(c.get("image_size"), "size");
        String task = text(c, "task");
        Parsed parsed = MICROSOFT
                .postProcess(
                        sequence(c),
                        task,
                        number(size.get(0)).intValue(),
                        number(size.get(1)).intValue())
                .orElseThrow();
        Map<String, @Nullable Object> found = answer(Json.parse(Json.write(parsed.toMap()), "parsed"), task);
        Map<String, @Nullable Object> expected = answer(c.get("parsed"), task);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        Object scores = found.remove("scores");
        Object expectedScores = expected.remove("scores");
        assertThat(found).isEqualTo(expected);
        if (expectedScores != null) {
            double[] values = doubles(scores);
            assertThat(values).containsExactly(doubles(expectedScores), within(1e-12));
        }
    }

    private static double[] doubles(@Nullable Object list) {
        return Json.array(list, "scores").stream()
                .mapToDouble(n -> (Double) Objects.requireNonNull(n))
                .toArray();
    }

    @Test
    void transformersOwnClassGivesNoScores() {
        Map<String, @Nullable Object> c = scored().findFirst().orElseThrow();
        Parsed.Boxes boxes =
                (Parsed.Boxes) NATIVE.postProcess(sequence(c), "<OD>", 640, 480).orElseThrow();
        assertThat(boxes.answer()).containsOnlyKeys("bboxes", "labels");
    }

    @Test
    void scoresNeedLogProbabilities() {
        Sequence none = sequence(new int[] {0, 2}, new float[0]);
        assertThatThrownBy(() -> MICROSOFT.postProcess(none, "<OD>", 640, 480))
                .isExactlyInstanceOf(OptionException.class)
                .hasMessageStartingWith("the answer has 2 tokens and 0 log-probabilities");
    }

    // -------------------------------------------------------------------------------------------- records and limits

    @Test
    void recordsSayWhatTheMapsSay() {
        Parsed.Polygons polygons = (Parsed.Polygons) MICROSOFT
                .postProcess(
                        "</s><s>dog<loc_0><loc_0><loc_999><loc_0><loc_999><loc_999></s>",
                        "<REGION_TO_SEGMENTATION>",
                        1000,
                        1000)
                .orElseThrow();
        assertThat(polygons.polygons())
                .containsExactly(new Parsed.Polygon(
                        List.of(List.of(
                                new Parsed.Point(0.5, 0.5),
                                new Parsed.Point(999.5, 0.5),
                                new Parsed.Point(999.5, 999.5))),
                        ""));
        Parsed.Boxes boxes = (Parsed.Boxes) NATIVE.postProcess("car<loc_1><loc_2><loc_3><loc_4>", "<OD>", 1000, 500)
                .orElseThrow();
        assertThat(boxes.boxes()).containsExactly(new Parsed.Box(1, 1, 3, 2, "car", OptionalDouble.empty()));
        assertThat(MICROSOFT.postProcess("", "<CAPTION>", 1, 1)).contains(new Parsed.Text("<CAPTION>", ""));
    }

    @ParameterizedTest
    @CsvSource({"0, 480", "640, 0", "-1, 480", "640, -2147483648"})
    void picturesHaveASize(int width, int height) {
        assertThatThrownBy(() -> MICROSOFT.postProcess("", "<OD>", width, height))
                .isExactlyInstanceOf(InputException.class)
                .hasMessage("the picture's size is " + width + " x " + height + "; expected at least 1 x 1");
    }

    @Test
    void locationsBeyondNumbersAreMalformed() {
        String bin = "9".repeat(400);
        assertThatThrownBy(() -> MICROSOFT.postProcess("car<loc_1><loc_2><loc_3><loc_" + bin + ">", "<OD>", 640, 480))
                .isExactlyInstanceOf(InputException.class)
                .hasMessage("malformed location token <loc_" + "9".repeat(30) + "…>: no number of 64 bits");
    }

    /** Neither the stack nor the time grows out of hand with the answer. */
    @ParameterizedTest
    @EnumSource(Florence2Task.class)
    void longAnswersAreRead(Florence2Task task) {
        String locations = "<loc_12>".repeat(100_001);
        String text = "word ".repeat(2_000) + locations + "<poly>" + locations + "</poly>" + "x".repeat(10_000);
        assertThat(MICROSOFT.postProcess(text, task.token(), 640, 480)).isPresent();
        assertThat(NATIVE.postProcess(text, task.token(), 640, 480)).isPresent();
    }
}
