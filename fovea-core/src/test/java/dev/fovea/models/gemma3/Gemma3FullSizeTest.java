package dev.fovea.models.gemma3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.generate.Decoding;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.Inputs;
import dev.fovea.models.Pixels;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.tensor.DType;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published sizes, without weights: a wrong shape anywhere in the model fails here. */
class Gemma3FullSizeTest {
    private static final int IMAGE_TOKEN = 262144;
    private static final int SIZE = 896;

    private final ShapeBackend backend = new ShapeBackend();
    private final Weights weights = Weights.shapesOnly(backend, DType.BFLOAT16);

    @Test
    void answersAboutAPictureAndItsCrop() throws URISyntaxException {
        Gemma3Model model = new Gemma3Model(config("gemma-3-4b-it"), weights);
        assertThat(weights.parameters()).isEqualTo(4_300_079_472L);
        assertThat(weights.bytes()).isEqualTo(8_600_158_944L);
        assertThat(model.newCache().bytes(1000)).isEqualTo(139_264_000L);

        int[] ids = new int[1300]; // more than the window and than a chunk
        Arrays.fill(ids, 100, 356, IMAGE_TOKEN);
        Arrays.fill(ids, 900, 1156, IMAGE_TOKEN); // meets the end of the first chunk
        answers(model, 262_208, ids, List.of(picture(2)));
    }

    @ParameterizedTest
    @CsvSource({"gemma-3-270m-it, 268098176", "gemma-3-1b-it, 999885952"})
    void textOnly(String name, long parameters) throws URISyntaxException {
        Gemma3TextModel model = new Gemma3TextModel(config(name), weights);
        assertThat(weights.parameters()).isEqualTo(parameters);
        answers(model, 262_144, new int[1300], List.of());
    }

    /** Beyond one chunk only the vectors of the prompt grow: those looked up and those scaled. */
    @Test
    void activationsOfALongPrompt() throws URISyntaxException {
        Gemma3TextModel model = new Gemma3TextModel(config("gemma-3-270m-it"), weights);
        long vector = 640 * 2;
        long shorter = peakBytes(model, new int[2048], List.of());
        long longer = peakBytes(model, new int[6144], List.of());
        assertThat(longer - shorter).isLessThanOrEqualTo(2 * 4096 * vector);
    }

    /** Another picture adds its pixels and one vector for each patch, not another pass of the tower. */
    @Test
    void activationsOfManyPictures() throws URISyntaxException {
        Gemma3Model model = new Gemma3Model(config("gemma-3-4b-it"), weights);
        long pixels = 3L * SIZE * SIZE * Float.BYTES;
        long vectors = 4096L * 1152 * 2;
        long one = peakBytes(model, pictureIds(1), List.of(picture(1)));
        long five = peakBytes(model, pictureIds(5), List.of(picture(5)));
        assertThat(five - one).isLessThanOrEqualTo(4 * (pixels + 3 * vectors));
    }

    private long peakBytes(VisionLanguageModel model, int[] ids, List<Inputs.Visual> images) {
        return backend.cost(() -> answers(model, model instanceof Gemma3Model ? 262_208 : 262_144, ids, images))
                .peakBytes();
    }

    private static int[] pictureIds(int pictures) {
        int[] ids = new int[pictures * 258];
        for (int i = 0; i < pictures; i++) {
            Arrays.fill(ids, i * 258 + 1, i * 258 + 257, IMAGE_TOKEN);
        }
        return ids;
    }

    /** A picture with so many squares, itself and its crops. */
    private static Inputs.Visual picture(int squares) {
        Pixels pixels = new Pixels(new float[squares * 3 * SIZE * SIZE], squares, 3, SIZE, SIZE);
        return new Inputs.Visual(pixels, Optional.empty(), squares * 256, 0, 640, 480, List.of());
    }

    private static void answers(VisionLanguageModel model, int vocabSize, int[] ids, List<Inputs.Visual> images) {
        try (Decoding decoding = model.start(new Inputs(List.of(new Inputs.Row("", ids, images, List.of()))))) {
            assertThat(decoding.prefill()).hasDimensions(1, vocabSize);
            decoding.select(new int[] {0, 0, 0});
            assertThat(decoding.step(new int[] {1, 2, 3})).hasDimensions(3, vocabSize);
        }
    }

    private static Config config(String name) throws URISyntaxException {
        return Config.of(Path.of(Gemma3FullSizeTest.class
                .getResource("/configs/" + name + "/config.json")
                .toURI()));
    }
}
