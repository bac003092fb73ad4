package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ScoresTest {
    /** Long rows are summed in parts; what comes of them is what one sum gives. */
    @Test
    void logSoftmaxOfALongRow() {
        SplittableRandom random = new SplittableRandom(3);
        float[] scores = new float[100_001];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (float) random.nextGaussian(0, 5);
        }
        scores[70_000] = 30;
        double sum = 0;
        for (float s : scores) {
            sum += Math.exp(s - 30.0);
        }
        float[] found = scores.clone();
        Scores.logSoftmax(found);
        for (int i = 0; i < scores.length; i++) {
            assertThat(found[i]).isCloseTo((float) (scores[i] - 30 - Math.log(sum)), Offset.offset(4e-6f));
        }
        float[] again = scores.clone();
        Scores.logSoftmax(again);
        assertThat(again).isEqualTo(found);
        assertThat(Scores.max(scores)).isEqualTo(30);
    }
}
