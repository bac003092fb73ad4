package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.Warnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodeCacheTest {
    private static final List<String> KEY = List.of("sum", "12.4", "sm_90a");
    private static final byte[] CODE = {1, 2, 3};

    @TempDir
    Path folder;

    private final List<String> said = new ArrayList<>();
    private int made;

    @Test
    void makesOnce() throws IOException {
        CodeCache cache = cache(folder.resolve("new/cuda"));
        assertThat(get(cache, KEY)).isEqualTo(CODE);
        assertThat(get(cache, KEY)).isEqualTo(CODE);
        assertThat(made).isEqualTo(1);
        try (var files = Files.list(folder.resolve("new/cuda"))) {
            assertThat(files).hasSize(1); // nothing half-written is left
        }
        assertThat(said).isEmpty();
    }

    @Test
    void everyPartOfTheKeyCounts() {
        CodeCache cache = cache(folder);
        get(cache, KEY);
        get(cache, List.of("sum", "13.0", "sm_90a"));
        get(cache, List.of("sum", "12.4", "sm_80"));
        get(cache, List.of("another", "12.4", "sm_90a"));
        assertThat(made).isEqualTo(4);
    }

    @Test
    void replacesWhatIsDamaged() throws IOException {
        CodeCache cache = cache(folder);
        get(cache, KEY);
        Path file = only();
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[] {bytes.length, bytes.length - 1, 3, 0}) {
            byte[] damaged = java.util.Arrays.copyOf(bytes, length);
            if (length == bytes.length) {
                damaged[1] ^= 1;
            }
            Files.write(file, damaged);
            int before = made;
            assertThat(get(cache, KEY)).isEqualTo(CODE);
            assertThat(made).isEqualTo(before + 1);
            assertThat(file).hasBinaryContent(bytes);
        }
    }

    @Test
    void goesOnWhereNothingCanBeKept() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        CodeCache cache = cache(file.resolve("cuda"));
        assertThat(get(cache, KEY)).isEqualTo(CODE);
        assertThat(said)
                .singleElement()
                .asString()
                .startsWith("compiled kernels cannot be kept, so each start compiles them anew: ")
                .endsWith("; -Dfovea.cache=DIR names a folder for them");
    }

    @Test
    void goesOnForAUserWithoutAHome() {
        CodeCache cache = new CodeCache(Optional.empty(), Warnings.to(said::add));
        assertThat(get(cache, KEY)).isEqualTo(CODE);
        assertThat(said).singleElement().asString().contains("this user has no home folder");
    }

    private CodeCache cache(Path at) {
        return new CodeCache(Optional.of(at), Warnings.to(said::add));
    }

    private byte[] get(CodeCache cache, List<String> key) {
        return cache.get(key, () -> {
            made++;
            return CODE.clone();
        });
    }

    private Path only() throws IOException {
        try (var files = Files.list(folder)) {
            return files.findFirst().orElseThrow();
        }
    }
}
