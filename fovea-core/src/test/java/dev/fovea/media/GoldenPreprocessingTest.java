package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.media.transforms.Filter;
import dev.fovea.media.transforms.Resampler;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * golden/image-preprocessing.json. It was made with Pillow 9.4, which always takes rows before columns, where Pillow 13
 * chooses; so the two passes are asked for one by one.
 */
class GoldenPreprocessingTest {

    record Case(String image, String decoded, List<Map<String, Object>> sizes) {}

    static Stream<Case> cases() {
        Map<String, Object> golden = Json.parseObject(TestPictures.path("golden/image-preprocessing.json"));
        return TestPictures.objects(golden.get("images")).stream()
                .map(image -> new Case(
                        (String) image.get("image"),
                        (String) image.get("decoded_rgb_sha256"),
                        TestPictures.object(image.get("models")).values().stream()
                                .map(TestPictures::object)
                                .toList()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void decodesAndResizesAsPillow(Case c) {
        Picture picture = TestPictures.decode(c.image).rgb();
        assertThat(TestPictures.sha256(picture.rgb())).isEqualTo(c.decoded);
        for (Map<String, Object> size : c.sizes) {
            int width = TestPictures.integer(size.get("width"));
            int height = TestPictures.integer(size.get("height"));
            Filter filter = Filter.valueOf(((String) size.get("resample")).toUpperCase(Locale.ROOT));
            Picture wide = Resampler.PIL.resize(picture, width, picture.height(), filter);
            Picture resized = Resampler.PIL.resize(wide, width, height, filter);
            assertThat(TestPictures.sha256(resized.rgb()))
                    .as("%d x %d", width, height)
                    .isEqualTo(size.get("resized_rgb_sha256"));
        }
    }
}
