package dev.fovea.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * What the machine's memory still holds. Linux hands out more than there is and ends whoever uses it, so a large piece is better
 * refused before.
 */
public final class HostMemory {
    private static final Path INFO = Path.of("/proc/meminfo");
    private static final Path OWN_GROUP = Path.of("/proc/self/cgroup");
    private static final Path GROUPS = Path.of("/sys/fs/cgroup");

    private HostMemory() {}

    /** Bytes that can be used without swapping, of the machine and of the container that this runs in; empty where nobody says. */
    public static OptionalLong available() {
        return LongStream.concat(
                        number(lines(INFO), "MemAvailable:").stream().map(kilobytes -> kilobytes << 10),
                        ofGroup().stream())
                .min();
    }

    /** Of a control group with a limit (version 2): that less what is used, but for files that can be read again. */
    private static OptionalLong ofGroup() {
        String name = lines(OWN_GROUP).stream()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> line.substring("0::/".length()))
                .findFirst()
                .orElse("");
        Path group = GROUPS.resolve(name);
        List<String> limit = lines(group.resolve("memory.max"));
        List<String> used = lines(group.resolve("memory.current"));
        if (limit.isEmpty() || used.isEmpty() || limit.getFirst().equals("max")) {
            return OptionalLong.empty();
        }
        long files =
                number(lines(group.resolve("memory.stat")), "inactive_file").orElse(0);
        return OptionalLong.of(Math.max(0, Long.parseLong(limit.getFirst()) - Long.parseLong(used.getFirst()) + files));
    }

    private static OptionalLong number(List<String> lines, String key) {
        return lines.stream()
                .map(line -> line.split("\\s+"))
                .filter(words -> words[0].equals(key))
                .mapToLong(words -> Long.parseLong(words[1]))
                .findFirst();
    }

    /** None where there is no such file: on another system, or outside of a group. */
    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
