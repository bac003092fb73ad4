package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.generate.Decoding;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Weights;
import dev.fovea.models.gemma3.Gemma3;
import dev.fovea.tensor.DType;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Steps of more tokens than run in one pass. */
class SequencesTest {
    @Test
    void passesEndBetweenSequences() {
        assertThat(Sequences.passEnd(twoSequences(12, 8), 0)).isEqualTo(12);
        assertThat(Sequences.passEnd(twoSequences(12, 8), 12)).isEqualTo(20);
        assertThat(Sequences.passEnd(twoSequences(12, 4), 0)).isEqualTo(16);
        assertThat(Sequences.passEnd(twoSequences(16, 4), 0)).isEqualTo(16);
        assertThat(Sequences.passEnd(twoSequences(20, 4), 0))
                .as("more than a pass takes")
                .isEqualTo(16);
    }

    private static int[] twoSequences(int first, int second) {
        return IntStream.range(0, first + second).map(i -> i / first).toArray();
    }

    /** Windows of 16, far behind which the prompts end. */
    @Test
    void guessesAreTakenBackBesideThoseOfOthers() throws Exception {
        Path checkpoint = Path.of(SequencesTest.class
                .getResource("/oracle/gemma3/saved/checkpoint")
                .toURI());
        ModelDirectory directory = ModelDirectory.open(checkpoint);
        int[] prompt = IntStream.range(20, 60).toArray();
        Inputs inputs = new Inputs(Collections.nCopies(2, new Inputs.Row("", prompt, List.of(), List.of())));
        try (CpuBackend backend = CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.AUTO));
                Weights weights = Weights.open(directory, backend, DType.FLOAT32, new Gemma3().renaming())) {
            VisionLanguageModel model = new Gemma3().load(directory.config(), weights);
            try (Decoding guessing = model.start(inputs);
                    Decoding plain = model.start(inputs)) {
                guessing.prefill();
                plain.prefill();
                int[] rows = IntStream.range(0, 24).map(i -> i / 12).toArray();
                float[][] found = guessing.step(
                        rows, IntStream.range(0, 24).map(i -> 30 + i).toArray());
                float[][] expected = plain.step(new int[] {30, 42});
                assertThat(found[0]).isEqualTo(expected[0]);
                assertThat(found[12]).isEqualTo(expected[1]);
                guessing.takeBack(new int[] {11, 11});
                assertThat(guessing.step(new int[] {25, 26})).isDeepEqualTo(plain.step(new int[] {25, 26}));
            }
        }
    }
}
