package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UploadShareTest {
    @ParameterizedTest
    @ValueSource(strings = {"cuda:ptx", "cuda:ptx,cpu"})
    void growsToTheWhole(String device) throws URISyntaxException {
        List<Double> shares = shares(LoadOptions.DEFAULT.withDevice(device));
        assertThat(shares).isSorted().hasSizeGreaterThan(10).last().isEqualTo(1.0);
        assertThat(shares.getFirst()).isLessThan(0.5);
    }

    @Test
    void nothingGoesUpOnTheCpu() throws URISyntaxException {
        assertThat(shares(LoadOptions.DEFAULT.withDevice("cpu"))).isEmpty();
    }

    /** Of which there are fewer bytes. */
    @Test
    void codesGrowToTheWhole(@TempDir Path folder) throws URISyntaxException {
        QuantizedModel.write(model(), folder, LoadOptions.DEFAULT.withQuantize("int4,tower=int8"));
        List<Double> shares = shares(folder.toString(), LoadOptions.DEFAULT.withDevice("cuda:ptx"));
        assertThat(shares).isSorted().doesNotHaveDuplicates().last().isEqualTo(1.0);
    }

    private static List<Double> shares(LoadOptions options) throws URISyntaxException {
        return shares(model(), options);
    }

    private static List<Double> shares(String model, LoadOptions options) {
        List<Double> shares = new ArrayList<>();
        try (Model _ = AutoModelForImageTextToText.fromPretrained(model, options.withUploadListener(shares::add))) {
            return shares;
        }
    }

    private static String model() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(UploadShareTest.class.getResource("/oracle/qwen2_5_vl/base/checkpoint"))
                        .toURI())
                .toString();
    }
}
