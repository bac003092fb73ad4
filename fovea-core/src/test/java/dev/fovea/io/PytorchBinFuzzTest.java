package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Whatever the bytes are: they are refused, or every tensor lies inside the file. */
class PytorchBinFuzzTest {
    /** The whole file. */
    @FuzzTest
    void opensOrRefuses(byte[] content) throws IOException {
        check(content);
    }

    /** The pickle alone, in a sound archive with two storages. */
    @FuzzTest
    void runsNoPickle(byte[] pickle) throws IOException {
        check(ZipBytes.torch(pickle, new byte[64], new byte[6]).bytes());
    }

    private static void check(byte[] content) throws IOException {
        Path path = Files.createTempFile("fuzz", ".bin");
        try {
            Files.write(path, content);
            openAndTouch(path);
        } finally {
            Files.delete(path);
        }
    }

    private static void openAndTouch(Path path) {
        try (PytorchBin file = PytorchBin.open(path)) {
            for (WeightFile.Entry entry : file.entries().values()) {
                assertThat(file.segment(entry.name()).byteSize()).isEqualTo(entry.bytes());
                assertThat(entry.bytes()).isBetween(0L, path.toFile().length());
            }
        } catch (InputException e) {
            assertThat(e.getMessage().lines()).hasSize(1);
            assertThat(Arrays.asList(e.getMessage().split(" "))).anyMatch(w -> w.startsWith(path.toString()));
        }
    }
}
