package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * pixel_values of every mode of Pillow that comes with transparency, by each loader, for each family whose processor is
 * transformers' own: see src/test/python/expected_transparency.py.
 */
class TransparencyTest {

    private static final Map<String, Object> EXPECTED = Json.parseObject(path("assets/expected-transparency.json"));
    private static final Map<String, String> TEXTS = Map.of(
            "gemma3/base", "<start_of_image>",
            "blip2/opt-saved", "",
            "qwen2_5_vl/base", "<|vision_start|><|image_pad|><|vision_end|>",
            "florence2/native", "<CAPTION>");

    static Set<String> families() {
        return EXPECTED.keySet();
    }

    @ParameterizedTest
    @MethodSource("families")
    void pixelsAreTheReferences(String family) {
        Processor processor = AutoProcessor.fromPretrained(path("oracle/" + family + "/checkpoint"));
        object(EXPECTED.get(family))
                .forEach((picture, loaders) -> object(loaders).forEach((label, pixels) -> {
                    Loader loader = Loader.of(label);
                    if (pixels != null) {
                        assertThat(pixels(processor, TEXTS.get(family), picture, loader))
                                .as("%s by %s", picture, label)
                                .isEqualTo(pixels);
                    } else if (loader == Loader.TORCHVISION) {
                        assertThatExceptionOfType(InputException.class)
                                .isThrownBy(() -> pixels(processor, TEXTS.get(family), picture, loader));
                    }
                }));
    }

    private static String pixels(Processor processor, String text, String picture, Loader loader) {
        ImageSource source = ImageSource.of(path("assets/images/" + picture));
        var image = processor.frontEnds().open(source, Map.of(), loader);
        float[] values = processor
                .process(Optional.of(text), List.of(image), Map.of())
                .rows()
                .getFirst()
                .images()
                .getFirst()
                .pixelValues()
                .values();
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(bytes.array());
            return HexFormat.of().formatHex(sum, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static Map<String, Object> object(Object value) {
        return Json.object(value, "expected-transparency.json");
    }

    private static Path path(String resource) {
        try {
            return Path.of(ClassLoader.getSystemResource(resource).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(resource, e);
        }
    }
}
