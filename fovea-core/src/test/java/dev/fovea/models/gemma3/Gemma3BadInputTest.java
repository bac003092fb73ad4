package dev.fovea.models.gemma3;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.assistant;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What users get wrong with Gemma 3, beside what all families share. */
class Gemma3BadInputTest {
    private static final DecodedImage PICTURE = DecodedImage.of(new Picture(8, 8, new byte[192]));

    private static Pipeline pipe;

    @BeforeAll
    static void open() throws URISyntaxException {
        pipe = Pipeline.imageTextToText(Path.of(Gemma3BadInputTest.class
                .getResource("/oracle/gemma3/base/checkpoint")
                .toURI()));
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    @Test
    void rolesThatDoNotAlternate() {
        String words = "Conversation roles must alternate user/assistant/user/assistant/...";
        input(() -> pipe.generate(List.of(user("One."), user("Two."))), words);
        input(() -> pipe.generate(List.of(assistant("One."), user("Two."))), words);
        input(
                () -> pipe.generate(
                        List.of(Message.system("Be brief."), user("One."), assistant("Two."), assistant("Three."))),
                words);
    }

    @Test
    void placeholdersAndPicturesDiffer() {
        String start = "<start_of_image>";
        input(() -> pipe.processor().process(start + start, List.of(PICTURE)), "2 image placeholders", "1 images");
        input(() -> pipe.processor().process("Hi", List.of(PICTURE)), "0 image placeholders", "1 images");
        input(() -> pipe.processor().process(start, List.of()), "1 image placeholders", "0 images");
    }

    @Test
    void softTokensInTheText() {
        var inputs = pipe.processor().process("<start_of_image><image_soft_token>", List.of(PICTURE));
        input(() -> pipe.model().generate(inputs), "10 image placeholders", "9 rows");
    }

    @Test
    void promptLongerThanThePositions() {
        input(() -> pipe.generate(List.of(user("1 ".repeat(2000)))), "2048 positions");
    }

    @Test
    void aPictureThatIsNotThere() {
        input(() -> pipe.generate(List.of(user(image("none.jpg"), text("What is it?")))), "none.jpg");
    }

    @Test
    void processorOptions() {
        option(Map.of("min_pixels", 3), "min_pixels");
        option(Map.of("do_pan_and_scan", true, "pan_and_scan_min_crop_size", 0), "pan_and_scan_min_crop_size is 0");
        option(Map.of("resampler", "nearest"), "nearest", "torchvision");
    }

    private static void option(Map<String, Object> options, String... parts) {
        refused(OptionException.class, () -> pipe.processor().process(Optional.of("Hi"), List.of(), options), parts);
    }

    /** Each would be another model than the one that is computed here. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "attn_logit_softcapping | 50.0 | null",
                "final_logit_softcapping | 30.0 | null",
                "attention_bias | true | false",
                "use_bidirectional_attention | true | false",
                "rope_scaling | {\"rope_type\": \"dynamic\", \"factor\": 8} | expected default, linear, yarn or llama3",
                "rope_scaling | {\"rope_type\": \"linear\"} | factor",
                "layer_types | [\"full_attention\"] | 26 times",
                "layer_types | [\"chunked_attention\"] | full_attention or sliding_attention",
            })
    void configurations(String key, String value, String expected) {
        Config config = config("{\"" + key + "\": " + value + "}");
        input(() -> Gemma3Config.textOnly(config), key.equals("rope_scaling") ? "config.json" : key, expected);
    }

    @Test
    void poolingThatDoesNotFit() {
        Config config =
                config("{\"mm_tokens_per_image\": 25, \"text_config\": {}, \"vision_config\": {\"image_size\": 64}}");
        input(() -> Gemma3Config.of(config), "mm_tokens_per_image is 25", "4 patches");
    }

    private static Config config(String json) {
        return Config.of(Json.object(Json.parse(json, "config.json"), "config.json"), "config.json");
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
