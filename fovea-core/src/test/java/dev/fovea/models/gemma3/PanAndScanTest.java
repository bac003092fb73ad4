package dev.fovea.models.gemma3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.Picture;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PanAndScanTest {

    /** Worked out by hand from the rule; the first is a case of transformers' own tests. */
    @ParameterizedTest
    @CsvSource({
        "640, 480, 32, 448, 0.3, 320x480 320x480",
        "1000, 300, 256, 4, 1.2, 334x300 334x300 332x300", // 3.33 rounds to 3
        "300, 1050, 256, 4, 1.2, 300x263 300x263 300x263 300x261", // 3.5 rounds up
        "900, 300, 256, 2, 1.2, 450x300 450x300",
        "4000, 400, 256, 4, 1.2, 1000x400 1000x400 1000x400 1000x400",
        "1190, 1000, 256, 4, 1.2, ''", // too square
        "500, 300, 256, 4, 1.2, ''", // crops of 250 pixels
        "1000, 255, 256, 4, 1.2, ''", // too low
        "700, 700, 256, 4, 1, 350x700 350x700",
    })
    void sizes(int width, int height, int minCropSize, int maxNumCrops, double ratio, String sizes) {
        Picture picture = new Picture(width, height, new byte[3 * width * height]);
        List<Picture> crops = new PanAndScan(minCropSize, maxNumCrops, ratio).crops(picture);
        assertThat(crops.stream().map(c -> c.width() + "x" + c.height()).collect(Collectors.joining(" ")))
                .isEqualTo(sizes);
    }

    @Test
    void cropsArePartsOfThePicture() {
        byte[] rgb = new byte[3 * 7 * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) i;
        }
        List<Picture> wide = new PanAndScan(1, 2, 1).crops(new Picture(7, 3, rgb));
        assertThat(wide.get(0).rgb()).startsWith(0, 1, 2).endsWith(51, 52, 53);
        assertThat(wide.get(1).rgb()).hasSize(27).startsWith(12, 13, 14).endsWith(60, 61, 62);
        List<Picture> tall = new PanAndScan(1, 2, 1).crops(new Picture(3, 7, rgb));
        assertThat(tall.get(0).rgb()).hasSize(36).startsWith(0, 1, 2).endsWith(33, 34, 35);
        assertThat(tall.get(1).rgb()).hasSize(27).startsWith(36, 37, 38).endsWith(60, 61, 62);
    }

    @Test
    void options() {
        assertThat(of(Map.of())).isEmpty();
        assertThat(of(Map.of("do_pan_and_scan", false, "pan_and_scan_max_num_crops", 9)))
                .isEmpty();
        assertThat(of(Map.of("do_pan_and_scan", true))).contains(new PanAndScan(256, 4, 1.2));
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> of(Map.of("do_pan_and_scan", true, "pan_and_scan_max_num_crops", 0)))
                .withMessageContaining("pan_and_scan_max_num_crops is 0");
    }

    @Test
    void nothingLeftForTheLastCrop() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> new PanAndScan(1, 4, 1.2).crops(new Picture(5, 1, new byte[15])))
                .withMessageContainingAll("5 x 1", "4 crops of 2");
    }

    private static java.util.Optional<PanAndScan> of(Map<String, Object> call) {
        return PanAndScan.of(Config.of(new java.util.LinkedHashMap<>(call), "options"));
    }
}
