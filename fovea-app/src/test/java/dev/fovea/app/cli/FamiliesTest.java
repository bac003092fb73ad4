package dev.fovea.app.cli;

import static dev.fovea.app.cli.Shell.fovea;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands know no family by name, so each must do for all of them. */
class FamiliesTest {
    private static final Path ORACLE = Shell.KIT.resolve("../..").normalize();

    static Stream<Path> directories() throws IOException {
        try (Stream<Path> all = Files.walk(ORACLE, 3)) {
            return all.filter(p -> p.endsWith("checkpoint")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("directories")
    void inspectShowsAnyModel(Path directory) {
        Map<String, @Nullable Object> info = fovea("inspect", directory.toString(), "--format", "json")
                .succeeds()
                .json();
        for (String key :
                List.of("parameters", "weight_bytes", "cache_bytes", "activation_bytes", "decode_bytes_per_token")) {
            assertThat((Long) info.get(key)).as(key).isPositive();
        }
        // A step reads each matrix of the decoder at most once.
        assertThat((Long) info.get("decode_bytes_per_token")).isLessThanOrEqualTo((Long) info.get("weight_bytes"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"florence2/native/checkpoint", "opt/after/checkpoint"})
    void benchMeasuresWhatNeedsAPictureOrTakesNone(String directory) {
        Map<String, @Nullable Object> result = fovea(
                        "bench",
                        ORACLE.resolve(directory).toString(),
                        "--image-size",
                        "64x48",
                        "--prefill",
                        "16",
                        "--decode",
                        "3",
                        "--repeat",
                        "1",
                        "--context",
                        "0",
                        "--format",
                        "json")
                .succeeds()
                .json();
        assertThat((Double) result.get("decode_tokens_per_second")).isPositive();
        assertThat((Double) result.get("prefill_ms")).isPositive();
    }
}
