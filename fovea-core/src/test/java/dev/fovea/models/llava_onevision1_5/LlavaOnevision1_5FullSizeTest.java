package dev.fovea.models.llava_onevision1_5;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.generate.Decoding;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.GridThw;
import dev.fovea.models.Inputs;
import dev.fovea.models.Pixels;
import dev.fovea.tensor.DType;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published sizes, without weights: a wrong shape anywhere in the model fails here. */
class LlavaOnevision1_5FullSizeTest {
    private static final int IMAGE_TOKEN = 151_655;
    private static final int VIDEO_TOKEN = 151_656;
    private static final GridThw PICTURE = new GridThw(1, 34, 46); // 640 x 480
    private static final GridThw CLIP = new GridThw(4, 4, 6);

    @ParameterizedTest
    @CsvSource({
        "llava-onevision-1.5-4b-instruct, 4741610528, stripped",
        "llava-onevision-1.5-8b-instruct, 8527214624, stripped",
        "llava-onevision-1.5-8b-instruct, 8527214624, published",
    })
    void answersAboutPicturesAndAClip(String name, long parameters, String classRows) throws URISyntaxException {
        Path config = Path.of(
                getClass().getResource("/configs/" + name + "/config.json").toURI());
        Weights weights = Weights.shapesOnly(new ShapeBackend(), DType.BFLOAT16);
        LlavaOnevision1_5Model model = new LlavaOnevision1_5Model(Config.of(config), weights);
        assertThat(weights.parameters()).isEqualTo(parameters);
        assertThat(model.newCache().bytes(1)).as("bytes of the cache a token").isEqualTo(147_456);

        int tokens = PICTURE.tokens(2);
        int[] ids = new int[850];
        Arrays.fill(ids, 15, 15 + tokens, IMAGE_TOKEN);
        Arrays.fill(ids, 420, 420 + tokens, IMAGE_TOKEN);
        Arrays.fill(ids, 820, 820 + CLIP.tokens(2), VIDEO_TOKEN);
        Inputs.Row row = new Inputs.Row(
                "",
                ids,
                List.of(visual(PICTURE), visual(PICTURE)),
                List.of(visual(CLIP)),
                Map.of("class_rows", classRows));
        Inputs.Row text = new Inputs.Row("", new int[5], List.of(), List.of(), Map.of("class_rows", classRows));
        try (Decoding decoding = model.start(new Inputs(List.of(text, row)))) {
            assertThat(decoding.prefill()).hasDimensions(2, 151_936);
            decoding.select(new int[] {0, 1, 1});
            assertThat(decoding.step(new int[] {1, 2, 3})).hasDimensions(3, 151_936);
        }
    }

    private static Inputs.Visual visual(GridThw grid) {
        Pixels pixels = new Pixels(new float[grid.patches() * 588], grid.patches(), 588);
        return new Inputs.Visual(pixels, Optional.of(grid), grid.tokens(2), 0, 14 * grid.w(), 14 * grid.h(), List.of());
    }
}
