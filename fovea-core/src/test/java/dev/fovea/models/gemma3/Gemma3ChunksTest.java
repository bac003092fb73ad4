package dev.fovea.models.gemma3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Weights;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.CausalDecoding;
import dev.fovea.models.CausalModel;
import dev.fovea.models.CausalSequences;
import dev.fovea.models.Inputs;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A prompt that runs in chunks gives what it gives as a whole: images of 36 rows in a window of 16, and of 4 in one of 24. */
class Gemma3ChunksTest {
    private static final String START = "<start_of_image>";
    private static final String PROMPT = "Look at " + START + " and then, which is the one that matters, at " + START
            + START + ". Which of the three shows the river, and which the mountain above the clouds?";

    private static final Backend BACKEND = CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.JAVA));

    private final List<Integer> rowsOfSteps = new ArrayList<>();

    @AfterAll
    static void close() {
        BACKEND.close();
    }

    @ParameterizedTest
    @CsvSource({"saved, 1", "saved, 10", "saved, 50", "hub, 1", "hub, 7", "hub, 33"})
    void chunksEqualTheWhole(String variant, int chunk) throws URISyntaxException {
        ModelDirectory directory = ModelDirectory.open(Path.of(getClass()
                .getResource("/oracle/gemma3/" + variant + "/checkpoint")
                .toURI()));
        try (Weights weights = Weights.open(directory, BACKEND, DType.FLOAT32, new Gemma3().renaming())) {
            Gemma3TextModel language = new Gemma3TextModel(
                    Gemma3Config.of(directory.config()).text(), weights.at("model.language_model"), weights);
            Gemma3Model model = new Gemma3Model(directory.config(), weights);
            Inputs inputs = new Inputs(List.of(new Gemma3Processor(directory)
                    .process(Optional.of(PROMPT), pictures(3), Config.of(Map.of(), "options"))));
            float[] whole = answer(language, model, inputs, 1 << 20);
            assertThat(rowsOfSteps)
                    .as("steps of the whole prompt, cut behind its pictures at most, and two tokens")
                    .hasSizeBetween(3, 4);
            float[] chunked = answer(language, model, inputs, chunk);
            assertThat(rowsOfSteps).as("steps of chunks").hasSizeGreaterThan(4);
            assertThat(largestDifference(chunked, whole)).isLessThan(1e-4); // of logits up to 9
        }
    }

    /** The logits of the prompt's end and of two tokens behind it. */
    private float[] answer(Gemma3TextModel language, Gemma3Model model, Inputs inputs, int chunk) {
        rowsOfSteps.clear();
        try (CausalSequences memory = new CausalSequences(new InChunks(language, chunk), 0, Set.of());
                CausalDecoding decoding = CausalDecoding.of(inputs, model::prompt, memory, false)) {
            float[][] all = {decoding.prefill()[0], decoding.step(new int[] {5})[0], decoding.step(new int[] {7})[0]};
            float[] flat = new float[3 * language.vocabSize()];
            for (int i = 0; i < 3; i++) {
                System.arraycopy(all[i], 0, flat, i * language.vocabSize(), language.vocabSize());
            }
            return flat;
        }
    }

    private static double largestDifference(float[] a, float[] b) {
        return IntStream.range(0, b.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }

    private static List<DecodedImage> pictures(int count) {
        Random random = new Random(1);
        List<DecodedImage> pictures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] rgb = new byte[3 * 20 * 30];
            random.nextBytes(rgb);
            pictures.add(DecodedImage.of(new Picture(20, 30, rgb)));
        }
        return pictures;
    }

    /** The model with another length of chunks. */
    private final class InChunks implements CausalModel {
        private final CausalModel model;
        private final int chunk;

        InChunks(CausalModel model, int chunk) {
            this.model = model;
            this.chunk = chunk;
        }

        @Override
        public int prefillChunk() {
            return chunk;
        }

        @Override
        public Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step) {
            rowsOfSteps.add(inputsEmbeds.dim(0));
            return model.forward(inputsEmbeds, positions, step);
        }

        @Override
        public Backend backend() {
            return model.backend();
        }

        @Override
        public int vocabSize() {
            return model.vocabSize();
        }

        @Override
        public KvCache newCache() {
            return model.newCache();
        }

        @Override
        public Tensor embed(int[] ids) {
            return model.embed(ids);
        }

        @Override
        public Tensor logits(Tensor hidden) {
            return model.logits(hidden);
        }
    }
}
