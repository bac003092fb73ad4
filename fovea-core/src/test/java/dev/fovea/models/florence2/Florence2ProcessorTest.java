package dev.fovea.models.florence2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts and bad input; that ids and pixels are the reference's is ParityTest's matter. */
class Florence2ProcessorTest {
    private static final DecodedImage PICTURE = DecodedImage.of(new Picture(8, 4, new byte[8 * 4 * 3]));

    private final Florence2Processor microsofts = processor("microsoft-large");
    private final Florence2Processor natives = processor("native");

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "<OD>, Locate the objects with category name in the image., Locate the objects with category name in the image.",
                "<REGION_TO_OCR> <loc_9>, What text is in the region  <loc_9>?, What text is in the region <loc_9>?",
                "a<OPEN_VOCABULARY_DETECTION> b, Locate a b in the image., Locate a b in the image.",
                "<CAPTION> or not? <NO_SUCH>, \"\", \"\"",
                "What is <NO_SUCH> here?, What is <NO_SUCH> here?, What is <NO_SUCH> here?",
            })
    void onlyTransformersTrimsTheInput(String text, String microsoft, String transformers) {
        if (microsoft.isEmpty()) {
            input(() -> prompt(microsofts, text), "<CAPTION> should be the only token", text);
        } else {
            assertThat(prompt(microsofts, text)).isEqualTo(microsoft);
            assertThat(prompt(natives, text)).isEqualTo(transformers);
        }
    }

    @Test
    void noTextAndEmptyTextAreAPromptOfNothing() {
        assertThat(row(microsofts, Optional.empty(), PICTURE).inputIds()).containsExactly(0, 2);
        assertThat(row(microsofts, Optional.of(""), PICTURE).inputIds()).containsExactly(0, 2);
        assertThat(row(natives, Optional.of(""), PICTURE).inputIds())
                .endsWith(0, 2)
                .hasSize(10 + 2);
    }

    @Test
    void aRunTimeTokenHasTheIdBehindTheVocabulary() {
        int base = microsofts.tokenizer().id("<mask>").getAsInt();
        assertThat(microsofts.tokenizer().id("<od>")).hasValue(base + 1);
        assertThat(microsofts.tokenizer().id("<loc_999>")).hasValue(base + 1004);
        assertThat(microsofts.tokenizer().id("<and>")).hasValue(base + 1024);
    }

    @Test
    void sizesAreTheOriginalPictures() {
        Inputs.Visual visual =
                row(microsofts, Optional.of("<OD>"), PICTURE).images().getFirst();
        assertThat(List.of(visual.width(), visual.height())).containsExactly(8, 4);
    }

    /** A fine-tuned model may have tasks of its own. */
    @Test
    void unknownTaskToken() {
        assertThat(prompt(microsofts, "<OBJECTS>")).isEqualTo("<OBJECTS>");
    }

    @Test
    void textWithATaskThatTakesNone() {
        input(() -> prompt(microsofts, "<OD>a car"), "Task token <OD> should be the only token", "<OD>a car");
        input(() -> prompt(natives, " <OCR>"), "Task token <OCR> should be the only token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<loc_1000>", "<loc_007>", "<loc_-1>", "<loc_x>", "<loc_>", "<loc_5"})
    void malformedLocation(String token) {
        input(() -> prompt(microsofts, "<REGION_TO_CATEGORY><loc_1><loc_2>" + token), token, "<loc_0> to <loc_999>");
    }

    @Test
    void severalPicturesOrNone() {
        input(
                () -> microsofts.process(Optional.of("<OD>"), List.of(PICTURE, PICTURE), Config.of(Map.of(), "")),
                "one picture",
                "2");
        input(() -> natives.process(Optional.of("<OD>"), List.of(), Config.of(Map.of(), "")), "one picture", "0");
    }

    @Test
    void unknownResampler() {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> microsofts.process(
                        Optional.of("<OD>"), List.of(PICTURE), Config.of(Map.of("resampler", "cv2"), "options")))
                .withMessageContaining("cv2");
    }

    @Test
    void theTaskOfAText() {
        assertThat(microsofts.task("<REGION_TO_OCR><loc_1>")).isEqualTo("<REGION_TO_OCR>");
        assertThat(microsofts.task("What is this?")).isEqualTo("What is this?");
    }

    private static String prompt(Florence2Processor processor, String text) {
        return row(processor, Optional.of(text), PICTURE).prompt();
    }

    private static Inputs.Row row(Florence2Processor processor, Optional<String> text, DecodedImage picture) {
        return processor.process(text, List.of(picture), Config.of(Map.of(), "processor options"));
    }

    private static Florence2Processor processor(String variant) {
        try {
            Path kit = Path.of(Florence2ProcessorTest.class
                    .getResource("/oracle/florence2/" + variant + "/checkpoint")
                    .toURI());
            return new Florence2Processor(ModelDirectory.open(kit));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void input(ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage() + " " + e.hint()).contains(parts));
    }
}
