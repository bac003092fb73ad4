package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.ImageSource;
import dev.fovea.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the parity kit does not ask of BLIP-2: several pictures, odd sizes, the length rules of the older form,
 * published values, bad input. Recorded answers are those of transformers 5.23, and of 4.49 for the older form.
 */
class Blip2Test {
    private static final String QUESTION = "Question: which city is this? Answer:";
    private static final String HOPPER = "hopper.png";
    private static final String GECKO = "gecko-320-213.jpg";
    private static final int QUERIES = 8;
    private static final int[] ABOUT_HOPPER = {1459, 1459, 959, 793, 1437};

    private static Pipeline pipe;
    private static Pipeline old;

    @TempDir
    Path directory;

    @BeforeAll
    static void open() throws URISyntaxException {
        pipe = Pipeline.imageTextToText(checkpoint("opt-sharded"));
        old = Pipeline.imageTextToText(checkpoint("opt-old"));
    }

    @AfterAll
    static void close() {
        pipe.close();
        old.close();
    }

    @Test
    void ofSeveralPicturesTheFirstCounts() throws URISyntaxException {
        assertThat(ids(pipe, request(QUESTION, Map.of(), HOPPER))).containsExactly(ABOUT_HOPPER);
        assertThat(ids(pipe, request(QUESTION, Map.of(), HOPPER, GECKO))).containsExactly(ABOUT_HOPPER);
    }

    @Test
    void severalPicturesWithPlaceholdersInTheText() throws URISyntaxException {
        String text = "<image>".repeat(2 * QUERIES) + QUESTION;
        assertThat(ids(pipe, request(text, Map.of(), HOPPER, GECKO)))
                .containsExactly(
                        613, 1386, 513, 959, 182, 182, 182, 481, 594, 799, 793, 561, 34, 547, 1038, 116, 68, 1354, 611,
                        594);
    }

    @Test
    void theDefaultLengthEndsWithThePositions() throws URISyntaxException {
        Answer answer = pipe.answer(request("a ".repeat(235), Map.of("min_new_tokens", 5L), HOPPER));
        assertThat(answer.sequences().getFirst().tokenIds())
                .containsExactly(1459, 693, 693, 693, 464, 464, 201, 464, 1447, 299, 693);
        assertThat(answer.usage().promptTokens() + 11).isEqualTo(256);
    }

    @ParameterizedTest
    @CsvSource({
        "40, true, 795 931 931 358 1451 1273 917 26 982 931 931 931 931 931 931 931 849 1155 1459 10",
        "40, false, 912 1459 1459 273 34 1273 564 561 1093 1119 1459 190 521 462 1386 577 252 1459 1412 1459",
        "57, false, 839 931 348 793 597 1216 1459 19 547 182 931 917 521 182 182 182 1227 1155 1459 931",
        "57, true, 839 931 348 793 597 1216 1459 19 547 182 931 917 521 182 182 182 1227 1155 1459 931"
    })
    void takesOtherSizesThatHaveNotMorePatches(long side, boolean interpolate, String expected)
            throws URISyntaxException {
        Request request =
                request(QUESTION, Map.of("size", side), Map.of("interpolate_pos_encoding", interpolate), HOPPER);
        assertThat(ids(pipe, request))
                .containsExactly(Arrays.stream(expected.split(" "))
                        .mapToInt(Integer::parseInt)
                        .toArray());
    }

    /** The first of a caption's ids is {@code </s>}, which is the prompt. */
    @ParameterizedTest
    @CsvSource({"30, 27", "40, 37"})
    void withoutPlaceholdersMaxLengthCountsThePromptTwice(long maxLength, int newTokens) throws URISyntaxException {
        int[] caption = {
            933, 933, 36, 1092, 1092, 671, 867, 1029, 282, 777, 1215, 252, 43, 961, 241, 87, 663, 663, 92, 264, 872,
            1213, 113, 900, 87, 900, 92, 961, 107, 92, 1114, 43, 961, 188, 1118, 107, 370
        };
        assertThat(ids(old, request(null, Map.of("max_length", maxLength), HOPPER)))
                .containsExactly(Arrays.copyOf(caption, newTokens));
    }

    @Test
    void withoutPlaceholdersALongPromptNeedsMaxNewTokens() {
        fails(
                OptionException.class,
                () -> ids(old, request(QUESTION, Map.of(), HOPPER)),
                "17 ids",
                "20",
                "max_new_tokens");
    }

    @Test
    void theOlderFormTakesOnePicture() {
        fails(
                InputException.class,
                () -> ids(old, request(QUESTION, Map.of("max_new_tokens", 3L), HOPPER, GECKO)),
                "2 pictures");
    }

    @Test
    void generationConfigOfTheDirectoryDoesNotCount() throws IOException, URISyntaxException {
        copy("opt-sharded");
        Files.writeString(directory.resolve("generation_config.json"), Json.write(Map.of("max_new_tokens", 3L)));
        try (Pipeline edited = Pipeline.imageTextToText(directory)) {
            assertThat(ids(edited, request(QUESTION, Map.of(), HOPPER))).containsExactly(ABOUT_HOPPER);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "float16"})
    void halfPrecisionWeightsAreNotWidened(String dtype) throws IOException, URISyntaxException {
        Path half = checkpoint("opt-half");
        ModelInfo info = ModelInfo.of(half.toString(), LoadOptions.DEFAULT.withDtype(dtype));
        assertThat(ModelDirectory.open(half).storedDtype()).isEqualTo(DType.FLOAT16);
        long rows = ModelDirectory.open(half).config().child("text_config").integer("vocab_size");
        long head = rows * 48 * DType.FLOAT16.bytes(); // stored beside the table that it is tied to
        assertThat(info.weightBytes()).isEqualTo(info.bytesByType().get("F16") - head);
    }

    @Test
    void publishedIds() throws IOException, URISyntaxException {
        publishedDirectory();
        Processor processor = AutoProcessor.fromPretrained(directory);
        Map<String, Object> golden = golden("test_inference_opt");
        int[] expected = ints(golden.get("expected_ids_"));
        var inputs = processor.process(ImageSource.of(picture(HOPPER)).decode(), (String) golden.get("prompt"));
        assertThat(inputs.inputIds().getFirst()).containsExactly(Arrays.copyOf(expected, 42));
        assertThat(inputs.pixelValues().orElseThrow().shape()).containsExactly(1, 3, 224, 224);
        assertThat(processor.decode(expected).strip())
                .isEqualTo("Question: which city is this? Answer: it's not a city, it's a beach");
    }

    @ParameterizedTest
    @CsvSource({
        "test_inference_opt, a woman sitting on the beach with a dog",
        "test_inference_interpolate_pos_encoding, a woman and dog on the beach",
        "test_inference_opt_batched_beam_search, a woman sitting on the beach with her dog"
    })
    void publishedCaptions(String test, String caption) throws IOException, URISyntaxException {
        publishedDirectory();
        int[] expected = ints(golden(test).get("expected_ids"));
        Processor processor = AutoProcessor.fromPretrained(directory);
        assertThat(processor.decode(expected).strip()).isEqualTo(caption);
        assertThat(processor
                        .process(ImageSource.of(picture(HOPPER)).decode())
                        .inputIds()
                        .getFirst())
                .containsExactly(Arrays.copyOf(expected, 33));
    }

    @Test
    void badInput() {
        fails(InputException.class, () -> ids(pipe, request(QUESTION, Map.of())), "picture");
        fails(InputException.class, () -> ids(pipe, request(null, Map.of(), HOPPER, GECKO)), "2 and no text");
        fails(InputException.class, () -> ids(pipe, request("<image>" + QUESTION, Map.of(), HOPPER)), "1 <image>", "8");
        fails(InputException.class, () -> pipe.generate(List.of(Message.user("Hi"))), "chat template", "text");
        fails(InputException.class, () -> ids(pipe, request("a ".repeat(300), Map.of(), HOPPER)), "256 positions");
    }

    @Test
    void answersEndWithThePositionTable() {
        Map<String, Object> tooLong = Map.of("max_new_tokens", 400L, "min_new_tokens", 400L);
        fails(InputException.class, () -> ids(pipe, request(QUESTION, tooLong, HOPPER)), "257 tokens", "256 positions");
    }

    @Test
    void badSizes() {
        fails(
                InputException.class,
                () -> ids(pipe, request(QUESTION, Map.of("size", 70L), Map.of(), HOPPER)),
                "25 patches",
                "16",
                "interpolate_pos_encoding");
        fails(
                InputException.class,
                () -> ids(pipe, request(QUESTION, Map.of("size", 13L), Map.of(), HOPPER)),
                "13 x 13",
                "14 x 14");
        fails(
                OptionException.class,
                () -> ids(pipe, request(QUESTION, Map.of("size", 0L), Map.of(), HOPPER)),
                "0",
                "1 to");
        fails(
                OptionException.class,
                () -> ids(pipe, request(QUESTION, Map.of("size", Map.of("height", 56L)), Map.of(), HOPPER)),
                "size.width is missing");
        fails(
                OptionException.class,
                () -> ids(pipe, request(QUESTION, Map.of("crop_size", 56L), Map.of(), HOPPER)),
                "crop_size");
    }

    @Test
    void argumentsOfAnotherModel() {
        fails(
                OptionException.class,
                () -> ids(pipe, request(QUESTION, Map.of("interpolate_pos_encoding", 3L), HOPPER)),
                "interpolate_pos_encoding is 3",
                "true or false");
        fails(
                OptionException.class,
                () -> {
                    var inputs =
                            pipe.inputs(request(QUESTION, Map.of(), HOPPER)).with(Map.of("interpolate", true));
                    pipe.model().generate(inputs);
                },
                "interpolate",
                "interpolate_pos_encoding");
    }

    @Test
    void anotherDecoder() throws IOException, URISyntaxException {
        copy("opt-sharded");
        Map<String, Object> config = new LinkedHashMap<>(Json.parseObject(directory.resolve("config.json")));
        Map<String, Object> text = new LinkedHashMap<>(Json.object(config.get("text_config"), "text_config"));
        text.put("model_type", "t5");
        config.put("text_config", text);
        Files.writeString(directory.resolve("config.json"), Json.write(config));
        fails(InputException.class, () -> Pipeline.imageTextToText(directory), "t5", "opt");
    }

    @Test
    void theNamedClassTakesItsFamilyAlone() throws URISyntaxException {
        try (Model model = Blip2ForConditionalGeneration.fromPretrained(
                checkpoint("opt-sharded").toString())) {
            assertThat(model.dtype()).isEqualTo(DType.FLOAT32);
        }
        fails(
                InputException.class,
                () -> Blip2ForConditionalGeneration.fromPretrained(
                        oracle("opt/before/checkpoint").toString()),
                "opt",
                "blip-2");
    }

    @Test
    void optReadsTextAlone() throws URISyntaxException {
        try (Pipeline text = Pipeline.imageTextToText(oracle("opt/before/checkpoint"))) {
            fails(InputException.class, () -> ids(text, request(QUESTION, Map.of(), HOPPER)), "text only", "1 picture");
        }
    }

    // ------------------------------------------------------------------------------------------------------- helpers

    private static int[] ids(Pipeline pipe, Request request) {
        return pipe.answer(request).sequences().getFirst().tokenIds();
    }

    private static Request request(String text, Map<String, Object> generate, String... pictures)
            throws URISyntaxException {
        return request(text, Map.of(), generate, pictures);
    }

    private static Request request(
            String text, Map<String, Object> processor, Map<String, Object> generate, String... pictures)
            throws URISyntaxException {
        Map<String, Object> json = new HashMap<>();
        json.put("text", text);
        json.put("processor", processor);
        json.put("generate", generate);
        json.put("images", List.of(pictures));
        return Request.parse(json, picture(HOPPER).getParent());
    }

    private static Path checkpoint(String variant) throws URISyntaxException {
        return oracle("blip2/" + variant + "/checkpoint");
    }

    private static Path oracle(String name) throws URISyntaxException {
        return Path.of(Blip2Test.class.getResource("/oracle/" + name).toURI());
    }

    private static Path picture(String name) throws URISyntaxException {
        return Path.of(Blip2Test.class.getResource("/assets/images/" + name).toURI());
    }

    private void copy(String variant) throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(checkpoint(variant))) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(file.getFileName()));
            }
        }
    }

    /** Salesforce/blip2-opt-2.7b without its weights: the real vocabulary and configuration. */
    private void publishedDirectory() throws IOException, URISyntaxException {
        for (String name : List.of("vocab.json", "merges.txt")) {
            try (InputStream in =
                    new GZIPInputStream(getClass().getResourceAsStream("/tokenizers/bart-opt/" + name + ".gz"))) {
                Files.copy(in, directory.resolve(name));
            }
        }
        for (String name : List.of("config.json", "preprocessor_config.json")) {
            Files.copy(
                    Path.of(getClass()
                            .getResource("/configs/blip2-opt-2.7b/" + name)
                            .toURI()),
                    directory.resolve(name));
        }
        Map<String, Object> tokenizer =
                new LinkedHashMap<>(Json.parseObject(checkpoint("opt-sharded").resolve("tokenizer_config.json")));
        Map<String, Object> added = new LinkedHashMap<>(Json.object(tokenizer.get("added_tokens_decoder"), "added"));
        added.put("50265", added.remove("1465"));
        tokenizer.put("added_tokens_decoder", added);
        Files.writeString(directory.resolve("tokenizer_config.json"), Json.write(tokenizer));
    }

    private static Map<String, Object> golden(String test) throws URISyntaxException {
        Path file = Path.of(
                Blip2Test.class.getResource("/golden/transformers-tests.json").toURI());
        return Json.array(Json.parseObject(file).get("cases"), "cases").stream()
                .map(c -> Json.object(c, "case"))
                .filter(c -> test.equals(c.get("test"))
                        && String.valueOf(c.get("file")).contains("blip_2"))
                .findFirst()
                .orElseThrow();
    }

    private static int[] ints(Object list) {
        return Json.array(list, "ids").stream()
                .flatMapToInt(i -> IntStream.of(((Long) i).intValue()))
                .toArray();
    }

    private static void fails(Class<? extends FoveaException> type, ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(type)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage() + " " + e.hint()).contains(parts));
    }
}
