package dev.fovea.tensor;

import dev.fovea.error.MemoryException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What the machine's memory still holds, and pieces of it. Linux hands out more than there is and ends whoever uses it, so what
 * does not fit is refused before. Mapped files do not count: pages of them that were given up are read again.
 *
 * <p>Any thread may call the methods.
 */
public final class HostMemory {
    /** A system property with a number of bytes: no more are taken to be free. For trying what a smaller machine would say. */
    public static final String LIMIT = "fovea.memory";

    private static final long SMALL = 64L << 20;

    /** Of what is free, one part in so many is left to the heap, to code, and to other programs meanwhile. */
    private static final int SPARED = 32;

    private static final String REMEDY =
            "use smaller pictures, shorter prompts, fewer answers at once or a dtype of 16 bits, or quantize int4";

    private static final AtomicLong UNSEEN = new AtomicLong();

    private HostMemory() {}

    /** Bytes that can be used without swapping, of the machine and of the container that this runs in; empty where nobody says. */
    public static OptionalLong available() {
        return available(Path.of("/"));
    }

    /** @param root where the system's folders proc and sys are */
    static OptionalLong available(Path root) {
        return Stream.of(
                        number(root.resolve("proc/meminfo"), "MemAvailable:").map(kilobytes -> kilobytes << 10),
                        ofGroups(root),
                        Stream.ofNullable(Long.getLong(LIMIT)).mapToLong(bytes -> bytes))
                .flatMapToLong(bytes -> bytes)
                .min();
    }

    /** Bytes, at once or one after another since somebody last looked, for which nobody looks how much there is. */
    private static long small() {
        return Math.min(SMALL, Long.getLong(LIMIT, Long.MAX_VALUE) / SPARED);
    }

    /** Whether so many bytes can be used. */
    public static boolean holds(long bytes) {
        OptionalLong free = bytes < small() ? OptionalLong.empty() : available();
        return free.isEmpty() || bytes <= free.getAsLong() - free.getAsLong() / SPARED;
    }

    /**
     * @param what needs them, with its verb: "the weights need"
     * @param hint how it would need less
     * @throws MemoryException with the numbers, where so many bytes cannot be used
     */
    public static void require(long bytes, String what, String hint) {
        if (!holds(bytes)) {
            throw new MemoryException(
                    String.format(
                            Locale.ROOT,
                            "%s %.1f GB; %.1f GB of memory are free",
                            what,
                            bytes / 1e9,
                            available().orElse(0) / 1e9),
                    hint);
        }
    }

    /**
     * Memory filled with zeros that is freed with the arena.
     *
     * @throws MemoryException with the numbers, where there is less
     */
    public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
        return allocate(bytes, () -> arena.allocate(bytes, alignment));
    }

    /**
     * The same from another source.
     *
     * @param source throws an OutOfMemoryError where it has none
     */
    public static MemorySegment allocate(long bytes, Supplier<MemorySegment> source) {
        String what = "the computation needs another";
        if (UNSEEN.addAndGet(bytes) >= small()) {
            require(Math.max(bytes, small()), what, REMEDY);
            UNSEEN.set(0);
        }
        try {
            return source.get();
        } catch (OutOfMemoryError e) {
            throw new MemoryException(
                    String.format(Locale.ROOT, "%s %.1f GB of memory, which the system refuses", what, bytes / 1e9),
                    "see ulimit -v, or " + REMEDY,
                    e);
        }
    }

    // -------------------------------------------------------------------------------------------------------- groups

    /**
     * Of each control group that this process is in, and of those around it, what its limit leaves. A container may see its own group
     * at the root while it is told the name that the group has outside.
     */
    private static LongStream ofGroups(Path root) {
        Path top = root.resolve("sys/fs/cgroup");
        return lines(root.resolve("proc/self/cgroup")).stream()
                .map(line -> line.split(":/", 2)) // ID:CONTROLLERS:/NAME
                .filter(parts -> parts.length == 2)
                .flatMapToLong(parts -> {
                    String controllers = parts[0].substring(parts[0].indexOf(':') + 1);
                    return controllers.isEmpty()
                            ? upwards(top, parts[1])
                                    .flatMapToLong(group -> left(group, "memory.max", "memory.current", ""))
                            : List.of(controllers.split(",")).contains("memory")
                                    ? upwards(top.resolve("memory"), parts[1])
                                            .flatMapToLong(group -> left(
                                                    group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"))
                                    : LongStream.empty();
                });
    }

    private static Stream<Path> upwards(Path top, String name) {
        return Stream.iterate(top.resolve(name).normalize(), group -> group.startsWith(top), Path::getParent);
    }

    /** A group's limit less what is used, but for files, which can be read again; nothing where there is no group or no limit. */
    private static LongStream left(Path group, String limit, String used, String prefix) {
        long files = Stream.of("inactive_file", "active_file")
                .flatMapToLong(key -> number(group.resolve("memory.stat"), prefix + key))
                .sum();
        return number(group.resolve(limit), "")
                .flatMap(most -> number(group.resolve(used), "").map(now -> Math.max(0, most - now + files)));
    }

    /** The number behind a key, or with none the one that stands alone; nothing where there is none, as for "max". */
    private static LongStream number(Path file, String key) {
        return lines(file).stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(key.length()).trim().split(" ", 2)[0])
                .filter(word -> word.matches("\\d{1,18}"))
                .mapToLong(Long::parseLong)
                .limit(1);
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
