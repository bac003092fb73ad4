package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.transforms.Filter;
import dev.fovea.media.transforms.Resampler;
import org.junit.jupiter.api.Test;

/** Forms of {@code size} and {@code resample}: what transformers' BlipImageProcessor and CLIPImageProcessor make of them. */
class FixedSizeImageProcessorTest {

    @Test
    void oneNumberIsThatOfBothSidesOrOfTheShorterOne() {
        assertThat(blip("{\"size\": 64}").size()).isEqualTo(new FixedSizeImageProcessor.Size(64, 64));
        assertThat(clip("{\"size\": 64, \"default_to_square\": true}").size())
                .isEqualTo(new FixedSizeImageProcessor.Size(64, 64));
        assertThat(clip("{\"size\": [48, 64]}").size()).isEqualTo(new FixedSizeImageProcessor.Size(48, 64));
        for (Runnable refused : new Runnable[] {
            () -> blip("{\"size\": 64, \"default_to_square\": false}"),
            () -> clip("{\"size\": 64}"),
            () -> blip("{\"size\": {\"shortest_edge\": 64}}"),
            () -> clip("{\"size\": {\"shortest_edge\": 64}}")
        }) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(refused::run)
                    .withMessageContainingAll("size is ", "expected {\"height\": …, \"width\": …}");
        }
    }

    @Test
    void filtersByNumberAndByWord() {
        assertThat(blip("{}").steps().filter()).isEqualTo(Filter.BICUBIC);
        assertThat(blip("{\"resample\": 2}").steps().filter()).isEqualTo(Filter.BILINEAR);
        assertThat(blip("{\"resample\": \"bilinear\"}").steps().filter()).isEqualTo(Filter.BILINEAR);
        assertThat(blip("{\"resample\": \"lanczos\"}").steps().filter()).isEqualTo(Filter.LANCZOS);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> blip("{\"resample\": \"PIL.Image.BILINEAR\"}"))
                .withMessageContaining("resample is \"PIL.Image.BILINEAR\"; expected 0 (nearest), 1 (Lanczos)");
    }

    private static FixedSizeImageProcessor blip(String json) {
        return FixedSizeImageProcessor.ofBlip(config(json), Resampler.TORCHVISION);
    }

    private static FixedSizeImageProcessor clip(String json) {
        return FixedSizeImageProcessor.ofClip(config(json), Resampler.TORCHVISION);
    }

    private static Config config(String json) {
        return Config.of(Json.object(Json.parse(json, "json"), "json"), "json");
    }
}
