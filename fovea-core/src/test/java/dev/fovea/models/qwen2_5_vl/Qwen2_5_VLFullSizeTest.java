package dev.fovea.models.qwen2_5_vl;

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
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published sizes, without weights: a wrong shape anywhere in the model fails here. */
class Qwen2_5_VLFullSizeTest {
    private static final int IMAGE_TOKEN = 151655;

    @ParameterizedTest
    @CsvSource({"qwen2.5-vl-3b-instruct, 3754622976", "qwen2.5-vl-7b-instruct, 8292166656"})
    void answersAboutAPictureOf640x480(String name, long parameters) throws URISyntaxException {
        Path config = Path.of(
                getClass().getResource("/configs/" + name + "/config.json").toURI());
        ShapeBackend backend = new ShapeBackend();
        Weights weights = Weights.shapesOnly(backend, DType.BFLOAT16);
        Qwen2_5_VLModel model = new Qwen2_5_VLModel(Config.of(config), weights);
        assertThat(weights.parameters()).isEqualTo(parameters);

        GridThw grid = new GridThw(1, 34, 46);
        Pixels pixels = new Pixels(new float[grid.patches() * 1176], grid.patches(), 1176);
        int[] ids = new int[420];
        Arrays.fill(ids, 15, 15 + grid.tokens(2), IMAGE_TOKEN);
        Inputs.Visual image = new Inputs.Visual(pixels, Optional.of(grid), grid.tokens(2), 0, 640, 480, List.of());
        ShapeBackend.Cost cost = backend.cost(() -> {
            Inputs inputs = new Inputs(List.of(new Inputs.Row("", ids, List.of(image), List.of())));
            try (Decoding decoding = model.start(inputs)) {
                assertThat(decoding.prefill()).hasDimensions(1, model.vocabSize());
                decoding.select(new int[] {0, 0, 0});
                assertThat(decoding.step(new int[] {1, 2, 3})).hasDimensions(3, model.vocabSize());
            }
        });
        assertThat(cost.peakBytes()).as("of one layer at a time").isLessThan(100_000_000);
    }
}
