package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OriginTest {
    private static final int WIDTH = 3;
    private static final int HEIGHT = 2;

    private static DecodedImage numbered() {
        byte[] samples = new byte[WIDTH * HEIGHT];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (byte) i;
        }
        return DecodedImage.of(Mode.L, WIDTH, HEIGHT, samples);
    }

    /** The middle of each pixel that is shown lies in the stored pixel that it came from. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void turnedPicturesKnowTheirStoredPixels(int orientation) {
        DecodedImage shown = numbered().withOrientation(orientation).loaded();
        assertThat(shown.origin()).isEqualTo(new Origin(WIDTH, HEIGHT, orientation));
        assertThat(shown.origin().width()).isEqualTo(shown.width());
        assertThat(shown.origin().height()).isEqualTo(shown.height());
        for (int y = 0; y < shown.height(); y++) {
            for (int x = 0; x < shown.width(); x++) {
                double[] stored = shown.origin().toStored(x + 0.5, y + 0.5);
                int number = ((int) stored[1]) * WIDTH + (int) stored[0];
                assertThat(shown.rgb().rgb()[3 * (y * shown.width() + x)]).isEqualTo((byte) number);
            }
        }
    }

    @Test
    void resizedPicturesKnowTheirSize() {
        DecodedImage small = numbered().toRgbByQwenVlUtils().mapPixels(p -> new Picture(1, 1, new byte[3]));
        assertThat(small.width()).isEqualTo(1);
        assertThat(small.origin()).isEqualTo(new Origin(WIDTH, HEIGHT, 1));
    }
}
