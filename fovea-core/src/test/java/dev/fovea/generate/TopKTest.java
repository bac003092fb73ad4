package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.FoveaException;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopKTest {
    @Test
    void equalsSortingWithTheLowestIndexFirst() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 300; round++) {
            int rows = random.nextInt(1, 4);
            int width = random.nextInt(1, 60);
            int values = random.nextInt(1, 40); // few values: many ties
            float[][] scores = new float[rows][width];
            float[] offsets = new float[rows];
            float[] flat = new float[rows * width];
            for (int r = 0; r < rows; r++) {
                offsets[r] = random.nextInt(3);
                for (int i = 0; i < width; i++) {
                    scores[r][i] = random.nextInt(5) == 0 ? Float.NEGATIVE_INFINITY : random.nextInt(values);
                    flat[r * width + i] = scores[r][i] + offsets[r];
                }
            }
            TopK top = new TopK(random.nextInt(1, flat.length + 1));
            for (int r = 0; r < rows; r++) {
                top.offer(scores[r], offsets[r], r * width);
            }
            float worst = top.worst();
            int[] sorted = top.sorted();

            int[] expected = IntStream.range(0, flat.length)
                    .boxed()
                    .sorted(Comparator.<Integer, Float>comparing(i -> flat[i]).reversed())
                    .limit(sorted.length)
                    .mapToInt(i -> i)
                    .toArray();
            assertThat(sorted).as("round %d", round).isEqualTo(expected);
            assertThat(worst).isEqualTo(flat[expected[expected.length - 1]]);
        }
    }

    @Test
    void notANumberIsAnError() {
        assertThatThrownBy(() -> new TopK(1).offer(new float[] {1, Float.NaN}, 0, 0))
                .isInstanceOf(FoveaException.class)
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> Scores.argmax(new float[] {1, Float.NaN})).isInstanceOf(FoveaException.class);
    }
}
