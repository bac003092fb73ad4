package dev.fovea.media.transforms;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.media.Picture;
import dev.fovea.media.TestPictures;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FloatResamplerTest {

    static List<Map<String, Object>> cases() {
        return TestPictures.objects(TestPictures.EXPECTED.get("resampled_as_floats"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsTheReferenceToTheLastBit(Map<String, Object> expected) {
        Picture picture = TestPictures.decode((String) expected.get("image")).rgb();
        int width = TestPictures.integer(expected.get("width"));
        int height = TestPictures.integer(expected.get("height"));
        assertThat(TestPictures.sha256(littleEndian(FloatResampler.bicubic(picture, width, height))))
                .as("floats")
                .isEqualTo(expected.get("floats"));
        assertThat(TestPictures.sha256(
                        FloatResampler.bicubicBytes(picture, width, height).rgb()))
                .as("bytes")
                .isEqualTo(expected.get("bytes"));
    }

    @Test
    void theSameSizeIsTheSamePicture() {
        Picture picture = TestPictures.decode("hopper.png").rgb();
        assertThat(FloatResampler.bicubicBytes(picture, 128, 128)).isSameAs(picture);
    }

    @Test
    void machineCodeHasTheBitsOfJava() {
        var random = new Random(7);
        for (int i = 0; i < 60; i++) {
            Picture picture = TestPictures.noise(1 + random.nextInt(150), 1 + random.nextInt(150), random);
            int width = i % 5 == 0 ? picture.width() : 1 + random.nextInt(90);
            int height = i % 7 == 0 ? picture.height() + 1 : 1 + random.nextInt(90);
            float[] expected = FloatResampler.inJava(picture, width, height);
            String what = picture.width() + " x " + picture.height() + " to " + width + " x " + height;
            assertThat(FloatResampler.bicubic(picture, width, height)).as(what).isEqualTo(expected);
            assertThat(FloatResampler.bicubicBytes(picture, width, height).rgb())
                    .as(what)
                    .isEqualTo(FloatResampler.rounded(expected, width, height).rgb());
        }
    }

    private static byte[] littleEndian(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }
}
