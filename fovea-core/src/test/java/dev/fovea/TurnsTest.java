package dev.fovea;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.VisionLanguageModel;
import java.lang.reflect.Field;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The turns of a conversation about a picture. */
class TurnsTest {

    /** A picture that is not found again is kept a second time, so bytes that stay the same mean that it was found. */
    @ParameterizedTest
    @ValueSource(strings = {"qwen2_5_vl/base", "gemma3/base", "llava_onevision1_5/small"})
    void aPictureIsEncodedInItsFirstTurnOnly(String kit) throws URISyntaxException {
        try (Pipeline pipe = Pipeline.imageTextToText(resource("/oracle/" + kit + "/checkpoint"))) {
            EncodedImages encoded = encodedImages(pipe.model().visionLanguageModel());
            List<Message> talk = new ArrayList<>();
            Path chelsea = resource("/assets/images/chelsea.png");
            say(pipe, talk, user(image(chelsea), text("Who is this?")));
            long ofOne = encoded.bytes();
            assertThat(ofOne).isPositive();
            say(pipe, talk, user("What does she do?"));
            assertThat(encoded.bytes()).isEqualTo(ofOne);
            say(pipe, talk, user(image(resource("/assets/images/coffee.png")), text("And this?")));
            assertThat(encoded.bytes()).isGreaterThan(ofOne);
        }
    }

    private static void say(Pipeline pipe, List<Message> talk, Message question) {
        talk.add(question);
        Answer answer = pipe.generate(talk, GenerationConfig.maxNewTokens(2).withDoSample(false));
        talk.add(Message.assistant(answer.text()));
    }

    private static EncodedImages encodedImages(VisionLanguageModel model) {
        Field field = Arrays.stream(model.getClass().getDeclaredFields())
                .filter(f -> f.getType() == EncodedImages.class)
                .findFirst()
                .orElseThrow();
        field.setAccessible(true);
        try {
            return (EncodedImages) field.get(model);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(TurnsTest.class.getResource(name).toURI());
    }
}
