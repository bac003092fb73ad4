package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import java.awt.image.BufferedImage;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every picture of the test resources, byte for byte as Pillow reads it. */
class DecodedImageTest {

    private static final Map<String, Object> PICTURES = TestPictures.object(TestPictures.EXPECTED.get("pictures"));

    static Set<String> names() {
        return PICTURES.keySet();
    }

    @ParameterizedTest
    @MethodSource("names")
    void equalsPillow(String name) {
        Map<String, Object> expected = TestPictures.object(PICTURES.get(name));
        if (expected.containsKey("error")) {
            assertThatExceptionOfType(InputException.class).isThrownBy(() -> TestPictures.decode(name));
            return;
        }
        DecodedImage image = TestPictures.decode(name);
        assertThat(image.mode()).isEqualTo(expected.get("mode"));
        assertThat(image.width()).isEqualTo(TestPictures.integer(expected.get("width")));
        assertThat(image.height()).isEqualTo(TestPictures.integer(expected.get("height")));
        assertThat(image.hasTransparency()).isEqualTo(expected.get("transparency"));
        assertThat(TestPictures.sha256(image.rgb().rgb())).isEqualTo(expected.get("rgb"));
        assertThat(TestPictures.sha256(image.transposed().rgb().rgb())).isEqualTo(expected.get("upright"));
        assertThat(TestPictures.sha256(image.rgbOverWhite().rgb())).isEqualTo(expected.get("over_white"));
        assertThat(TestPictures.sha256(image.rgbaOverWhite().rgb())).isEqualTo(expected.get("qwen_vl_utils"));
        assertThat(sha256OverWhite(image.transposed().toRgb())).isEqualTo(expected.get("load_image_over_white"));
        assertThat(sha256OverWhite(image.toRgbByQwenVlUtils())).isEqualTo(expected.get("qwen_vl_utils_over_white"));
    }

    private static String sha256OverWhite(DecodedImage image) {
        return TestPictures.sha256(image.rgbOverWhite().rgb());
    }

    @ParameterizedTest
    @MethodSource("names")
    void equalsTorchvision(String name) {
        Object expected = TestPictures.object(PICTURES.get(name)).get("torchvision");
        ImageSource source = ImageSource.of(TestPictures.path("assets/images/" + name));
        if (expected == null) {
            assertThatExceptionOfType(InputException.class).isThrownBy(source::decodeByTorchvision);
        } else {
            assertThat(TestPictures.sha256(source.decodeByTorchvision().rgb())).isEqualTo(expected);
        }
    }

    @Test
    void valuesThatBecomeWhiteAreSaid() {
        assertThat(TestPictures.decode("made/pngx_16_0_0_33.png").note())
                .hasValueSatisfying(note -> assertThat(note).contains("I;16", "above 255"));
        assertThat(TestPictures.decode("made/deep.pgm").note()).isPresent();
        assertThat(TestPictures.decode("i_trns.png").note()).isEmpty(); // sixteen bits, but small numbers
        assertThat(TestPictures.decode("hopper.png").note()).isEmpty();
    }

    @Test
    void onlyModeRgbaIsPastedOnWhiteByQwenVlUtils() {
        DecodedImage palette = TestPictures.decode("pil123p.png");
        assertThat(palette.rgbaOverWhite().rgb())
                .isEqualTo(palette.rgb().rgb())
                .isNotEqualTo(palette.rgbOverWhite().rgb());
    }

    @Test
    void bufferedImagesComeAndGoUnchanged() {
        Picture picture = TestPictures.decode("hopper.png").rgb();
        BufferedImage image = picture.toBufferedImage();
        assertThat(Picture.of(image).rgb()).isEqualTo(picture.rgb());
        assertThat(DecodedImage.of(image).mode()).isEqualTo("RGB");

        var translucent = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        translucent.setRGB(0, 0, 0x80_ff_00_10);
        assertThat(DecodedImage.of(translucent).mode()).isEqualTo("RGBA");
        assertThat(DecodedImage.of(translucent).rgb().rgb()).containsExactly(255, 0, 16);
        assertThat(DecodedImage.of(translucent).rgbOverWhite().rgb()).containsExactly(255, 127, 135);
    }

    /** The two formulas of Pillow's AlphaComposite.c and Paste.c, for all inputs over white. */
    @Test
    void compositingAndPastingOnWhiteAgree() {
        for (int alpha = 0; alpha < 256; alpha++) {
            for (int value = 0; value < 256; value++) {
                int coefficient = alpha << 7;
                int sum = value * coefficient + 255 * ((255 << 7) - coefficient) + (0x80 << 7);
                int composited = alpha == 0 ? 255 : (sum >> 8) + sum >> 8 >> 7;
                byte[] pasted = Alpha.overWhite(new byte[] {(byte) value, 0, 0}, new byte[] {(byte) alpha});
                assertThat(pasted[0] & 255).isEqualTo(composited);
            }
        }
    }
}
