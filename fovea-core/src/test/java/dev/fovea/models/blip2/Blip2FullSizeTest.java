package dev.fovea.models.blip2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.generate.Decoding;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
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
import org.junit.jupiter.params.provider.EnumSource;

/** The published sizes, without weights: a wrong shape anywhere in the model fails here. */
class Blip2FullSizeTest {
    private static final int IMAGE_TOKEN = 50265;

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "FLOAT16", "BFLOAT16"})
    void answersAboutPictures(DType dtype) throws URISyntaxException {
        Path config = Path.of(
                getClass().getResource("/configs/blip2-opt-2.7b/config.json").toURI());
        ShapeBackend backend = new ShapeBackend();
        Weights weights = Weights.shapesOnly(backend, dtype);
        try (Blip2Model model = new Blip2Model(Config.of(config), weights)) {
            assertThat(weights.parameters()).isEqualTo(3_744_761_856L);
            Inputs inputs = new Inputs(List.of(row(224, Map.of()), row(392, Map.of("interpolate_pos_encoding", true))));
            ShapeBackend.Cost cost = backend.cost(() -> {
                try (Decoding decoding = model.start(inputs)) {
                    assertThat(decoding.prefill()).hasDimensions(2, model.vocabSize());
                    decoding.select(new int[] {0, 0, 1});
                    assertThat(decoding.step(new int[] {1, 2, 3})).hasDimensions(3, model.vocabSize());
                }
            });
            assertThat(cost.peakBytes()).as("of one layer at a time").isLessThan(90_000_000);
        }
    }

    /** A question of ten tokens about a square picture. */
    private static Inputs.Row row(int side, Map<String, Object> arguments) {
        int[] ids = new int[42];
        Arrays.fill(ids, 0, 32, IMAGE_TOKEN);
        Pixels pixels = new Pixels(new float[3 * side * side], 1, 3, side, side);
        Inputs.Visual image = new Inputs.Visual(pixels, Optional.empty(), 32, 0, side, side, List.of());
        return new Inputs.Row("", ids, List.of(image), List.of(), arguments);
    }
}
