package dev.fovea.models.florence2;

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
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published sizes, without weights: a wrong shape anywhere in the model fails here. */
class Florence2FullSizeTest {

    /** The tables of positions are as long as the file says, and not counted. */
    @ParameterizedTest
    @CsvSource({"florence-2-large, 768277504", "florence-2-base, 229940480"})
    void answersAboutAPicture(String name, long parameters) throws URISyntaxException {
        Path file = Path.of(
                getClass().getResource("/configs/" + name + "/config.json").toURI());
        ShapeBackend backend = new ShapeBackend();
        Weights weights = Weights.shapesOnly(backend, DType.FLOAT16);
        Florence2Model model = new Florence2Model(Config.of(file), weights);
        int logitsBias = 51289;
        assertThat(weights.parameters() - logitsBias).isEqualTo(parameters);

        Pixels pixels = new Pixels(new float[3 * 768 * 768], 1, 3, 768, 768);
        int[] question = {0, 2264, 473, 5, 2274, 6190, 116, 2};
        Inputs.Visual image = new Inputs.Visual(pixels, Optional.empty(), 577, 0, 640, 480, List.of());
        Inputs.Row row = new Inputs.Row("", question, List.of(image), List.of());
        ShapeBackend.Cost cost = backend.cost(() -> {
            try (Decoding decoding = model.start(new Inputs(List.of(row, row)))) {
                assertThat(decoding.prefill()).hasDimensions(2, 51289);
                decoding.select(new int[] {0, 0, 0, 1, 1, 1});
                assertThat(decoding.step(new int[] {0, 1, 2, 3, 4, 5})).hasDimensions(6, 51289);
            }
        });
        assertThat(cost.peakBytes()).as("of half a block at a time").isLessThan(280_000_000);
    }
}
