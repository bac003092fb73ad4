package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Sequence;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Parsed;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a model's answer to boxes on the picture, by the public calls. */
class PostProcessGenerationTest {
    private static final Path RESOURCES = resources();

    private static Path resources() {
        try {
            return Path.of(Objects.requireNonNull(PostProcessGenerationTest.class.getResource("/oracle"))
                            .toURI())
                    .resolveSibling("");
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Scores come from the answer's own tokens, and change nothing else. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void scoresBelongToTheSameBoxes(int beams) throws IOException {
        String directory =
                RESOURCES.resolve("oracle/florence2/microsoft-large/checkpoint").toString();
        DecodedImage image = DecodedImage.decode(
                Files.readAllBytes(RESOURCES.resolve("assets/images/hopper.png")), DecodedImage.MAX_PIXELS);
        Processor processor = AutoProcessor.fromPretrained(directory);
        try (Model model = AutoModelForImageTextToText.fromPretrained(directory, LoadOptions.DEFAULT)) {
            GenerateOutput output = model.generate(
                    processor.process(image, "<OD>"),
                    GenerationConfig.maxNewTokens(60).withNumBeams(beams).withOutputScores(true));
            Sequence answer = output.answers().getFirst();
            Parsed.Boxes scored = (Parsed.Boxes)
                    processor.postProcessGeneration(answer, "<OD>", 128, 128).orElseThrow();
            String text = processor.batchDecode(output.trimmed(), false).getFirst();
            Parsed.Boxes plain = (Parsed.Boxes)
                    processor.postProcessGeneration(text, "<OD>", 128, 128).orElseThrow();
            assertThat(scored.boxes())
                    .isNotEmpty()
                    .allMatch(b -> b.score().orElse(-1) > 0 && b.score().orElse(2) <= 1);
            assertThat(scored.boxes().stream()
                            .map(PostProcessGenerationTest::withoutScore)
                            .toList())
                    .isEqualTo(plain.boxes());
            assertThat(scored.answer()).containsKey("scores");
            Picture drawn = scored.drawOn(image.rgb());
            assertThat(List.of(drawn.width(), drawn.height())).isEqualTo(List.of(512, 512));
        }
    }

    private static Parsed.Box withoutScore(Parsed.Box b) {
        return new Parsed.Box(b.x1(), b.y1(), b.x2(), b.y2(), b.label(), OptionalDouble.empty());
    }

    @Test
    void otherFamiliesHaveNone() {
        Processor qwen = AutoProcessor.fromPretrained(
                RESOURCES.resolve("oracle/qwen2_5_vl/base/checkpoint").toString());
        assertThat(qwen.postProcessGeneration("car<loc_1><loc_2><loc_3><loc_4>", "<OD>", 640, 480))
                .isEmpty();
    }
}
