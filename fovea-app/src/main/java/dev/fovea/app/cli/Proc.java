package dev.fovea.app.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What Linux tells of machine and process under /proc; nothing on other systems. */
final class Proc {
    private Proc() {}

    /** The first value of a key. */
    static Optional<String> value(String file, String key) {
        try {
            return Files.readAllLines(Path.of("/proc", file)).stream()
                    .filter(line -> line.contains(":")
                            && line.substring(0, line.indexOf(':')).strip().equals(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Lets the highest memory use of this process so far be forgotten. */
    static void forgetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException e) {
            // Then the peak includes what came before.
        }
    }

    /** A value in kB, as bytes. */
    static Optional<Long> bytes(String file, String key) {
        return value(file, key).map(v -> Long.parseLong(v.replace(" kB", "")) << 10);
    }
}
