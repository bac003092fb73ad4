package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
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

    private static List<Double> shares(LoadOptions options) throws URISyntaxException {
        Path directory =
                Path.of(Objects.requireNonNull(UploadShareTest.class.getResource("/oracle/qwen2_5_vl/base/checkpoint"))
                        .toURI());
        List<Double> shares = new ArrayList<>();
        try (Model _ = AutoModelForImageTextToText.fromPretrained(
                directory.toString(), options.withUploadListener(shares::add))) {
            return shares;
        }
    }
}
