package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whatever the bytes are: they are refused, or every tensor lies inside the file. */
class SafetensorsFuzzTest {
    @FuzzTest
    void opensOrRefuses(byte[] content) throws IOException {
        Path path = Files.createTempFile("fuzz", ".safetensors");
        try {
            Files.write(path, content);
            openAndTouch(path);
        } finally {
            Files.delete(path);
        }
    }

    private static void openAndTouch(Path path) {
        try (Safetensors file = Safetensors.open(path)) {
            long total = 0;
            for (WeightFile.Entry entry : file.entries().values()) {
                assertThat(file.segment(entry.name()).byteSize()).isEqualTo(entry.bytes());
                total += entry.bytes();
            }
            assertThat(total).isLessThanOrEqualTo(path.toFile().length());
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith(path.toString()).doesNotContain("\n");
        }
    }
}
