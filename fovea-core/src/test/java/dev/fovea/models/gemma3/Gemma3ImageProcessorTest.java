package dev.fovea.models.gemma3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Pixels;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both resamplers at the published size, against pixels that Pillow made. */
class Gemma3ImageProcessorTest {
    private static final int SIZE = 896;
    private static final double LEVEL = 2 / 255.0; // of a byte, in numbers from -1 to 1

    @ParameterizedTest
    @CsvSource({"pil, 0", "torchvision, 1"})
    void resamplers(String resampler, int levels) throws IOException, URISyntaxException {
        Map<String, Object> golden = Json.parseObject(resource("/golden/image-preprocessing.json"));
        Map<?, ?> coffee = (Map<?, ?>) ((List<?>) golden.get("images")).getFirst();
        Map<?, ?> gemma = (Map<?, ?>) ((Map<?, ?>) coffee.get("models")).get("gemma3");
        Pixels pixels = processor("{\"size\": {\"height\": 896, \"width\": 896}}")
                .with(config("{\"resampler\": \"" + resampler + "\"}"))
                .process(picture((String) coffee.get("image")))
                .pixelValues();
        assertThat(pixels.shape()).containsExactly(1, 3, SIZE, SIZE);
        for (Object sample : (List<?>) gemma.get("samples_y_x_r_g_b")) {
            int[] s = ((List<?>) sample)
                    .stream().mapToInt(n -> ((Number) n).intValue()).toArray();
            for (int channel = 0; channel < 3; channel++) {
                float value = pixels.values()[(channel * SIZE + s[0]) * SIZE + s[1]];
                double expected = (s[2 + channel] / 255.0 - 0.5) / 0.5;
                assertThat((double) value).isCloseTo(expected, Offset.offset(levels * LEVEL + 1e-6));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"64; 64; 64", "[48, 64]; 48; 64", "{\"height\": 48, \"width\": 64}; 48; 64", "null; 224; 224"})
    void sizes(String size, int height, int width) {
        Pixels pixels = processor("{\"size\": " + size + "}")
                .process(new Picture(9, 6, new byte[3 * 9 * 6]))
                .pixelValues();
        assertThat(pixels.shape()).containsExactly(1, 3, height, width);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"size\": {\"shortest_edge\": 64}}",
                "{\"size\": {\"max_height\": 64, \"max_width\": 64}}",
                "{\"size\": 64, \"default_to_square\": false}"
            })
    void sizesThatKeepTheShapeAreRefused(String json) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> processor(json))
                .withMessageContainingAll("size is ", "expected {\"height\": …, \"width\": …}: pictures of this model");
    }

    private static Gemma3ImageProcessor processor(String json) {
        return Gemma3ImageProcessor.of(config(json), 256);
    }

    private static Config config(String json) {
        return Config.of(Json.object(Json.parse(json, "json"), "json"), "json");
    }

    private static Picture picture(String name) throws IOException, URISyntaxException {
        byte[] file = Files.readAllBytes(resource("/assets/images/" + name));
        return DecodedImage.decode(file, DecodedImage.MAX_PIXELS).rgb();
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(Gemma3ImageProcessorTest.class.getResource(name).toURI());
    }
}
