package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    @Test
    void findsADirectory() {
        assertThat(HubCache.resolve(snapshot.toString(), root, Warnings.log())).isEqualTo(snapshot);
    }

    @Test
    void findsAHubIdByBranchAndByCommit() {
        assertThat(HubCache.resolve("Qwen/Qwen2.5-VL-3B-Instruct", root, Warnings.log()))
                .isEqualTo(snapshot);
        assertThat(HubCache.resolve("Qwen/Qwen2.5-VL-3B-Instruct@main", root, Warnings.log()))
                .isEqualTo(snapshot);
        assertThat(HubCache.resolve("Qwen/Qwen2.5-VL-3B-Instruct@66285546", root, Warnings.log()))
                .isEqualTo(snapshot);
    }

    @Test
    void saysWhatIsMissing() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> HubCache.resolve("google/gemma-3-4b-it", root, Warnings.log()))
                .withMessageContaining(root.toString())
                .satisfies(e -> assertThat(e.hint()).contains("google/gemma-3-4b-it"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> HubCache.resolve("no such directory", root, Warnings.log()))
                .withMessageContaining("no such directory");
    }

    @Test
    void staysInsideTheCache() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> HubCache.resolve("Qwen/Qwen2.5-VL-3B-Instruct@../../../etc", root, Warnings.log()));
    }
}
