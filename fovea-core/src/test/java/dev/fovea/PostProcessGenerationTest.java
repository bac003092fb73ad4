package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Sequence;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
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
            DecodedImage drawn = scored.drawOn(image);
            assertThat(List.of(drawn.width(), drawn.height())).isEqualTo(List.of(512, 512));
        }
    }

    private static Parsed.Box withoutScore(Parsed.Box b) {
        return new Parsed.Box(b.x1(), b.y1(), b.x2(), b.y2(), b.label(), OptionalDouble.empty());
    }

    /** The file says that it is to be turned by a quarter: places and drawing are on the turned picture. */
    @Test
    void aTaskInOneCallIsAboutTheTurnedPicture() {
        Path file = RESOURCES.resolve("assets/images/orientation_rectangle.jpg");
        DecodedImage stored = ImageSource.of(file).decode();
        DecodedImage upright = ImageSource.of(file).load();
        assertThat(List.of(upright.width(), upright.height())).isEqualTo(List.of(stored.height(), stored.width()));
        try (Pipeline pipe =
                Pipeline.imageTextToText(RESOURCES.resolve("oracle/florence2/microsoft-large/checkpoint"))) {
            GenerationConfig config = GenerationConfig.maxNewTokens(60);
            Parsed found = pipe.run("<OD>", ImageSource.of(file), config);
            assertThat(found).isInstanceOf(Parsed.Boxes.class);
            assertThat(pipe.run("<OD>", upright, config)).isEqualTo(found);
            Answer answer = pipe.answer(Request.of("<OD>", upright).withGenerate(config));
            assertThat(answer.parsed()).containsExactly(found);
            assertThat(pipe.processor()
                            .postProcessGeneration(answer.sequences().getFirst().textRaw(), "<OD>", upright))
                    .contains(found);
            DecodedImage drawn = found.drawOn(upright);
            assertThat(drawn.width() * upright.height()).isEqualTo(drawn.height() * upright.width());
            assertThat(ImageSource.of(drawn.png()).load()).isEqualTo(drawn);
            assertThat(DecodedImage.of(drawn.toBufferedImage())).isEqualTo(drawn);
        }
    }

    @Test
    void otherFamiliesHaveNone() {
        Processor qwen = AutoProcessor.fromPretrained(
                RESOURCES.resolve("oracle/qwen2_5_vl/base/checkpoint").toString());
        assertThat(qwen.postProcessGeneration("car<loc_1><loc_2><loc_3><loc_4>", "<OD>", 640, 480))
                .isEmpty();
    }
}
