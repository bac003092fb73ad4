package dev.fovea.models.llava_onevision1_5;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.AutoProcessor;
import dev.fovea.Pipeline;
import dev.fovea.VisionInfo;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What users get wrong with LLaVA-OneVision-1.5, beside what all families share. */
class LlavaOnevision1_5BadInputTest {
    private static final DecodedImage PICTURE = DecodedImage.of(new Picture(28, 28, new byte[3 * 28 * 28]));
    private static final String PLACEHOLDER = "<|image_pad|>";

    private static Pipeline pipe;

    @BeforeAll
    static void open() throws URISyntaxException {
        pipe = Pipeline.imageTextToText(Path.of(LlavaOnevision1_5BadInputTest.class
                .getResource("/oracle/llava_onevision1_5/small/checkpoint")
                .toURI()));
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    @Test
    void placeholdersAndPicturesDiffer() {
        input(
                () -> pipe.processor().process(PLACEHOLDER.repeat(2), List.of(PICTURE)),
                "2 image placeholders",
                "1 images");
        input(() -> pipe.processor().process("Hi", List.of(PICTURE)), "0 image placeholders", "1 images");
        input(() -> pipe.processor().process(PLACEHOLDER, List.of()), "1 image placeholders", "0 images");
    }

    @Test
    void placeholdersOfAClipWithoutOne() {
        input(() -> pipe.processor().process("<|video_pad|>", List.of()), "1 video placeholders", "0 videos");
        Inputs.Row row =
                new Inputs.Row("", pipe.processor().tokenizer().encode("<|video_pad|>", true), List.of(), List.of());
        input(() -> pipe.model().generate(new Inputs(List.of(row))), "1 video placeholders", "0 rows");
    }

    /** What the authors' merge script leaves behind when it saves a processor. */
    @Test
    void patchesOfClipsHoldAnotherNumberOfFrames(@TempDir Path folder) throws IOException, URISyntaxException {
        Path checkpoint = Path.of(LlavaOnevision1_5BadInputTest.class
                .getResource("/oracle/llava_onevision1_5/small/checkpoint")
                .toURI());
        for (String file :
                List.of("config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(checkpoint.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("video_preprocessor_config.json"), "{\"temporal_patch_size\": 2}");
        VisionInfo clip = new VisionInfo(List.of(), List.of(DecodedVideo.of(List.of(PICTURE.rgb(), PICTURE.rgb()))));
        input(
                () -> AutoProcessor.fromPretrained(folder).process("<|video_pad|>", clip),
                "temporal_patch_size is 2 for clips and 1 for pictures",
                "remove video_preprocessor_config.json");
    }

    @Test
    void promptLongerThanThePositions() {
        input(() -> pipe.generate(List.of(user("1 ".repeat(40_000)))), "32768 positions");
    }

    @Test
    void aPictureThatIsNotThere() {
        input(() -> pipe.generate(List.of(user(image("none.jpg"), text("What is it?")))), "none.jpg");
    }

    @Test
    void processorOptions() {
        option(Map.of("class_rows", "native"), "class_rows is \"native\"", "stripped or published");
        option(Map.of("do_pan_and_scan", true), "do_pan_and_scan");
    }

    private static void option(Map<String, Object> options, String... parts) {
        refused(OptionException.class, () -> pipe.processor().process(Optional.of("Hi"), List.of(), options), parts);
    }

    @Test
    void modelArguments() {
        Inputs inputs = pipe.processor().process("Hi", List.of());
        refused(
                OptionException.class,
                () -> pipe.model().generate(inputs.with(Map.of("class_rows", "none"))),
                "class_rows is \"none\"");
        Inputs.Row stripped = inputs.rows().getFirst();
        Inputs.Row published =
                inputs.with(Map.of("class_rows", "published")).rows().getFirst();
        refused(
                OptionException.class,
                () -> pipe.model().generate(new Inputs(List.of(stripped, published))),
                "differ in class_rows");
    }

    /** Each would be another model than the one that is computed here. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | {} | text_config.rope_theta is missing",
                "{\"rope_theta\": 1e6, \"attention_bias\": true} | {} | attention_bias is true",
                "{\"rope_theta\": 1e6, \"use_sliding_window\": true} | {} | use_sliding_window is true",
                "{\"rope_theta\": 1e6, \"rope_scaling\": {\"rope_type\": \"longrope\"}} | {} | rope type \"longrope\"",
                "{\"rope_theta\": 1e6} | {\"temporal_patch_size\": 2} | temporal_patch_size is 2",
            })
    void configurations(String text, String vision, String expected) {
        Config config = Config.of(
                Json.object(
                        Json.parse("{\"text_config\": " + text + ", \"vision_config\": " + vision + "}", "config.json"),
                        "config.json"),
                "config.json");
        input(() -> LlavaOnevision1_5Config.of(config), expected);
    }

    private static void input(ThrowingCallable call, String... parts) {
        refused(InputException.class, call, parts);
    }

    private static void refused(Class<? extends FoveaException> type, ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(type)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage() + " " + e.hint()).contains(parts));
    }
}
