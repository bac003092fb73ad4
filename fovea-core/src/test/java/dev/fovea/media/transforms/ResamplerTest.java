package dev.fovea.media.transforms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fovea.media.Picture;
import dev.fovea.media.TestPictures;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ResamplerTest {

    static List<Map<String, Object>> cases() {
        return TestPictures.objects(TestPictures.EXPECTED.get("resampled"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsTheReference(Map<String, Object> expected) {
        Picture picture = TestPictures.decode((String) expected.get("image")).rgb();
        int width = TestPictures.integer(expected.get("width"));
        int height = TestPictures.integer(expected.get("height"));
        Filter filter = Filter.valueOf((String) expected.get("filter"));
        for (Resampler resampler : Resampler.values()) {
            Picture resized = resampler.resize(picture, width, height, filter);
            assertThat(TestPictures.sha256(resized.rgb()))
                    .as(resampler.name())
                    .isEqualTo(expected.get(resampler.name()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void theSameSizeIsTheSamePicture(Resampler resampler) {
        Picture picture = TestPictures.decode("hopper.png").rgb();
        assertThat(resampler.resize(picture, 128, 128, Filter.BICUBIC)).isSameAs(picture);
    }

    @ParameterizedTest
    @EnumSource
    void oneColourStaysOneColour(Resampler resampler) {
        var rgb = new byte[19 * 23 * 3];
        Arrays.fill(rgb, (byte) 201);
        for (Filter filter : Filter.values()) {
            for (byte value :
                    resampler.resize(new Picture(19, 23, rgb), 31, 7, filter).rgb()) {
                assertThat(value).isEqualTo((byte) 201);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void threadsDoNotMatter(Resampler resampler) throws Exception {
        Picture picture = TestPictures.decode("chelsea.png").rgb();
        byte[] expected = resampler.resize(picture, 700, 100, Filter.BICUBIC).rgb();
        for (int threads : new int[] {1, 3}) {
            try (var pool = new ForkJoinPool(threads)) {
                byte[] rgb = pool.submit(() -> resampler.resize(picture, 700, 100, Filter.BICUBIC))
                        .get()
                        .rgb();
                assertThat(rgb).isEqualTo(expected);
            }
        }
    }

    /** Sizes from one pixel on: machine code reads four pixels, two rows and 32 bytes at a time. */
    @ParameterizedTest
    @EnumSource
    void machineCodeHasTheBitsOfJava(Resampler resampler) {
        var random = new Random(7);
        for (int i = 0; i < 60; i++) {
            Picture picture = TestPictures.noise(1 + random.nextInt(70), 1 + random.nextInt(70), random);
            int width = i % 5 == 0 ? picture.width() : 1 + random.nextInt(90);
            int height = i % 7 == 0 ? picture.height() + 1 : 1 + random.nextInt(90);
            for (Filter filter : Filter.values()) {
                if (filter != Filter.NEAREST && resampler.knows(filter)) {
                    assertThat(resampler.resize(picture, width, height, filter).rgb())
                            .as("%s to %d x %d by %s", picture, width, height, filter)
                            .isEqualTo(resampler
                                    .inJava(picture, width, height, filter)
                                    .rgb());
                }
            }
        }
    }

    @Test
    void refusesNoSize() {
        var dot = new Picture(1, 1, new byte[3]);
        assertThatIllegalArgumentException().isThrownBy(() -> Resampler.PIL.resize(dot, 0, 5, Filter.BILINEAR));
    }
}
