package dev.fovea.ffi.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CpuidTest {
    @Test
    void askingAgainTakesNoMemory() throws IOException {
        assumeThat(MachineCode.isPresent())
                .as("a system that machine code is written for")
                .isTrue();
        askAll();
        long before = executableBytes();
        for (int i = 0; i < 20; i++) {
            askAll();
        }
        assertThat(executableBytes()).isEqualTo(before);
    }

    private static void askAll() {
        Arrays.stream(Cpuid.values()).forEach(Cpuid::isPresent);
        Cpuid.isAmd();
    }

    /** Of no file; the JVM's own code is writable besides. */
    private static long executableBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.matches("[0-9a-f]+-[0-9a-f]+ r-xp 0+ 00:00 0 *"))
                .map(line -> line.substring(0, line.indexOf(' ')).split("-"))
                .mapToLong(range -> Long.parseUnsignedLong(range[1], 16) - Long.parseUnsignedLong(range[0], 16))
                .sum();
    }
}
