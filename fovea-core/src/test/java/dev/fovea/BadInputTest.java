package dev.fovea;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users get wrong: each gets an answer that names what was found and what was expected. */
class BadInputTest {
    private static Path checkpoint;
    private static Pipeline pipe;

    @TempDir
    Path directory;

    @BeforeAll
    static void open() throws URISyntaxException {
        checkpoint = Path.of(BadInputTest.class
                .getResource("/oracle/qwen2_5_vl/base/checkpoint")
                .toURI());
        pipe = Pipeline.imageTextToText(checkpoint);
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    @Test
    void unknownModelTypeListsTheKnownOnes() throws IOException {
        copyWith("model_type", "llama");
        input(() -> Pipeline.imageTextToText(directory), "\"llama\"", "qwen2_5_vl");
    }

    @Test
    void anotherFamilyThanTheNamedClass() throws IOException {
        copyWith("model_type", "gemma3");
        input(() -> Qwen2_5_VLForConditionalGeneration.fromPretrained(directory.toString()), "gemma3", "qwen2_5_vl");
    }

    @Test
    void wrongSizesReportAllTensorsTogether() throws IOException {
        copyWith("intermediate_size", 100L);
        input(() -> Pipeline.imageTextToText(directory), "gate_proj", "up_proj", "down_proj", "100", "128");
    }

    /** Neither looped over nor allocated for: the names of the weights are compared first. */
    @Test
    void moreLayersThanTheWeightsHave() throws IOException {
        copyWith("num_hidden_layers", 1_000_000_000L);
        input(
                () -> Pipeline.imageTextToText(directory),
                "config.json says 1000000000 layers; the weights have 4 below model.language_model.layers");
    }

    @Test
    void valuesThatNoModelCanHave() throws IOException {
        copyWith("num_attention_heads", 0L);
        input(() -> Pipeline.imageTextToText(directory), "num_attention_heads is 0; expected an integer from 1 to");
        copyWith("hidden_act", "gleu");
        input(() -> Pipeline.imageTextToText(directory), "hidden_act is \"gleu\"; expected one of \"relu\"");
        copyWith("rope_scaling", Map.of("type", "mrope", "mrope_section", List.of(1L, 1L, 1L)));
        input(() -> Pipeline.imageTextToText(directory), "rope_scaling.mrope_section is [1, 1, 1]", "add up to half");
    }

    @Test
    void missingTokenizer() throws IOException {
        copyWith("model_type", "qwen2_5_vl");
        for (String file : List.of("tokenizer.json", "vocab.json", "merges.txt")) {
            Files.delete(directory.resolve(file));
        }
        input(() -> Pipeline.imageTextToText(directory), "tokenizer.json");
    }

    @Test
    void brokenTokenizer() throws IOException {
        copyWith("model_type", "qwen2_5_vl");
        Files.writeString(directory.resolve("tokenizer.json"), "{\"model\": 1}");
        input(() -> Pipeline.imageTextToText(directory), "tokenizer.json");
    }

    @Test
    void brokenChatTemplate() throws IOException {
        copyWith("model_type", "qwen2_5_vl");
        Files.writeString(
                directory.resolve("chat_template.json"),
                Json.write(Map.of("chat_template", "{% for m in messages %}")));
        input(
                () -> {
                    try (Pipeline broken = Pipeline.imageTextToText(directory)) {
                        broken.generate(List.of(user("Hi")));
                    }
                },
                "template");
    }

    @Test
    void aspectRatioOver200() {
        DecodedImage thin = DecodedImage.of(new Picture(4020, 20, new byte[4020 * 20 * 3]));
        input(() -> pipe.processor().process("<|image_pad|>", List.of(thin)), "4020 x 20", "201", "200");
    }

    @Test
    void placeholdersAndPicturesDiffer() {
        DecodedImage picture = DecodedImage.of(new Picture(56, 56, new byte[56 * 56 * 3]));
        input(
                () -> pipe.processor().process("<|image_pad|><|image_pad|>", List.of(picture)),
                "2 image placeholders",
                "1 images");
        input(() -> pipe.processor().process("no placeholder", List.of(picture)), "0 image placeholders", "1 images");
    }

    @Test
    void picturesBesideTheMessagesDiffer() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("messages", List.of(Map.of("role", "user", "content", List.of(Map.of("type", "image")))));
        request.put("images", List.of("a.png", "b.png"));
        input(() -> Request.parse(request, directory), "1 image item", "2 pictures");
    }

    @Test
    void promptLongerThanThePositions() {
        input(() -> pipe.generate(List.of(user("1 ".repeat(3000)))), "4096 positions");
    }

    @Test
    void noPictureFile() {
        input(() -> pipe.generate(List.of(user(image(directory.resolve("none.jpg")), text("?")))), "none.jpg");
    }

    @Test
    void notAPicture() throws IOException {
        Path file = Files.writeString(directory.resolve("text.png"), "not a picture");
        input(() -> pipe.generate(List.of(user(image(file), text("?")))), "text.png");
    }

    @Test
    void unknownProcessorOption() {
        DecodedImage picture = DecodedImage.of(new Picture(56, 56, new byte[56 * 56 * 3]));
        option(
                () -> pipe.processor().with(Map.of("crop_size", 3)).process("<|image_pad|>", List.of(picture)),
                "crop_size");
        option(
                () -> pipe.processor().with(Map.of("min_pixels", 0)).process("<|image_pad|>", List.of(picture)),
                "min_pixels is 0",
                "at least 1");
        option(
                () -> pipe.processor()
                        .with(Map.of("size", Map.of("longest_edge", 5000)))
                        .process("<|image_pad|>", List.of(picture)),
                "size.shortest_edge is missing");
    }

    @Test
    void unknownGenerateOption() {
        option(() -> GenerationConfig.of(Map.of("num_beam", 3), "generate"), "num_beam", "num_beams");
    }

    @Test
    void optionsOfAnItemForAnotherLoader() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put(
                "messages",
                List.of(Map.of(
                        "role",
                        "user",
                        "content",
                        List.of(Map.of("type", "image", "resized_height", 56, "resized_width", 56)))));
        request.put("images", List.of("a.png"));
        request.put("loader", "load_image");
        option(() -> pipe.answer(Request.parse(request, directory)), "resized_height", "qwen_vl_utils");
    }

    @Test
    void stopStringsWithoutTokenizer() {
        option(
                () -> pipe.model()
                        .generate(
                                pipe.inputs(Request.of(List.of(user("Hi")), GenerationConfig.EMPTY)),
                                GenerationConfig.EMPTY.withStopStrings("x")),
                "tokenizer");
    }

    @Test
    void unknownTaskAndDevice() {
        option(() -> Pipeline.of("object-detection", checkpoint.toString()), "object-detection", "image-text-to-text");
        option(() -> LoadOptions.DEFAULT.withDevice("tpu"), "tpu", "cpu");
        for (String twice : List.of("cuda,cuda:0", "cuda:0,cuda:00", "cuda:1,cpu,cuda:001", "cpu,cpu")) {
            option(() -> LoadOptions.DEFAULT.withDevice(twice), twice, "expected each device once");
        }
        option(() -> LoadOptions.DEFAULT.withDtype("int4"), "int4", "bfloat16");
    }

    private void copyWith(String key, Object value) throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Map<String, Object> config = new LinkedHashMap<>(Json.parseObject(checkpoint.resolve("config.json")));
        config.put(key, value);
        Files.delete(directory.resolve("config.json"));
        Files.writeString(directory.resolve("config.json"), Json.write(config));
    }

    private static void input(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(call)
                .satisfies(e -> org.assertj.core.api.Assertions.assertThat(e.getMessage() + " " + e.hint())
                        .contains(parts));
    }

    private static void option(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(call)
                .satisfies(e -> org.assertj.core.api.Assertions.assertThat(e.getMessage() + " " + e.hint())
                        .contains(parts));
    }
}
