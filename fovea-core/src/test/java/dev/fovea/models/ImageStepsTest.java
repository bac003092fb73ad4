package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
import dev.fovea.models.gemma3.Gemma3Pixels;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every switch of the processors' configurations does what it does in transformers, bit for bit, or is refused where it fails
 * there. Recorded by src/test/python/expected_steps.py.
 */
class ImageStepsTest {
    @TestFactory
    Stream<DynamicTest> asTransformers() throws URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(getClass().getResource("/dev/fovea/models/image-steps.json"))
                .toURI());
        return Json.array(Json.parse(file), "cases").stream()
                .map(c -> Json.object(c, "case"))
                .map(c -> DynamicTest.dynamicTest(c.get("class") + " " + c.get("config") + " " + c.get("width"), () -> {
                    if (c.containsKey("error")) {
                        assertThatExceptionOfType(InputException.class).isThrownBy(() -> process(c));
                    } else {
                        Pixels pixels = process(c);
                        assertThat(Arrays.stream(pixels.shape())
                                        .mapToObj(Long::valueOf)
                                        .toList())
                                .isEqualTo(c.get("shape"));
                        assertThat(sha256(pixels.values())).isEqualTo(c.get("sha256"));
                    }
                }));
    }

    private static Pixels process(Map<String, Object> c) {
        Config config = Config.of(Json.object(c.get("config"), "config"), "preprocessor_config.json");
        Picture picture = picture(((Long) c.get("width")).intValue(), ((Long) c.get("height")).intValue());
        Pixels pixels = process((String) c.get("class"), config, picture);
        assertThat(config.unread()).isEmpty();
        return pixels;
    }

    private static Pixels process(String type, Config config, Picture picture) {
        return switch (type) {
            case "Qwen2VLImageProcessor" ->
                Qwen2VLImageProcessor.of(config).process(picture).pixelValues();
            case "Qwen2VLVideoProcessor" -> {
                DecodedVideo clip = DecodedVideo.of(List.of(picture, negative(picture)));
                Config call = Config.of(Map.of(), "processor options");
                yield Qwen2VLVideoProcessor.of(config)
                        .process(List.of(clip), call)
                        .getFirst()
                        .pixelValues();
            }
            case "Gemma3ImageProcessor" -> Gemma3Pixels.of(config, picture);
            case "BlipImageProcessor" -> fixed(FixedSizeImageProcessor.ofBlip(config, Resampler.TORCHVISION), picture);
            case "BlipImageProcessorPil" -> fixed(FixedSizeImageProcessor.ofBlip(config, Resampler.PIL), picture);
            case "CLIPImageProcessor" -> fixed(FixedSizeImageProcessor.ofClip(config, Resampler.TORCHVISION), picture);
            case "CLIPImageProcessorPil" -> fixed(FixedSizeImageProcessor.ofClip(config, Resampler.PIL), picture);
            default -> throw new IllegalArgumentException(type);
        };
    }

    private static Pixels fixed(FixedSizeImageProcessor processor, Picture picture) {
        return processor.process(picture, 1).pixelValues();
    }

    /** As the script makes it. */
    private static Picture picture(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % width;
            int y = i / 3 / width;
            rgb[i] = (byte) (3 * x * x + 7 * y + 5 * x * y + 83 * (i % 3));
        }
        return new Picture(width, height, rgb);
    }

    private static Picture negative(Picture picture) {
        byte[] rgb = picture.rgb().clone();
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) ~rgb[i];
        }
        return new Picture(picture.width(), picture.height(), rgb);
    }

    private static String sha256(float[] values) throws NoSuchAlgorithmException {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    }

    @Test
    void oneNumberIsClipsShorterSide() {
        Config config = Config.of(Map.of("size", 24), "preprocessor_config.json");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> FixedSizeImageProcessor.ofClip(config, Resampler.TORCHVISION))
                .withMessageStartingWith(
                        "preprocessor_config.json: size is 24; expected {\"height\": …, \"width\": …}");
    }
}
