package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubCacheTest {
    @TempDir
    Path root;

    private Path snapshot;

    @BeforeEach
    void downloaded() throws IOException {
        Path repository = root.resolve("models--Qwen--Qwen2.5-VL-3B-Instruct");
        snapshot = Files.createDirectories(repository.resolve("snapshots/66285546"));
        Files.writeString(Files.createDirectories(repository.resolve("refs")).resolve("main"), "66285546\n");
    }

    private Path find(String model) {
        return Hub.pull(
                model,
                PullOptions.DEFAULT
                        .withEnvironment(Map.of("HF_HUB_OFFLINE", "1"))
                        .withCache(root)
                        .withWarnings(Warnings.none())
                        .withWeights(false));
    }

    @Test
    void findsADirectory() {
        assertThat(find(snapshot.toString())).isEqualTo(snapshot);
    }

    @Test
    void findsAHubIdByBranchAndByCommit() {
        assertThat(find("Qwen/Qwen2.5-VL-3B-Instruct")).isEqualTo(snapshot);
        assertThat(find("Qwen/Qwen2.5-VL-3B-Instruct@main")).isEqualTo(snapshot);
        assertThat(find("Qwen/Qwen2.5-VL-3B-Instruct@66285546")).isEqualTo(snapshot);
    }

    @Test
    void saysWhatIsMissing() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> find("google/gemma-3-4b-it"))
                .withMessageContaining(root.toString())
                .satisfies(e -> assertThat(e.hint()).contains("HF_HUB_OFFLINE"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> find("no such directory"))
                .withMessageContaining("no such directory");
    }

    @Test
    void staysInsideTheCache() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> find("Qwen/Qwen2.5-VL-3B-Instruct@../../../etc"));
    }
}
