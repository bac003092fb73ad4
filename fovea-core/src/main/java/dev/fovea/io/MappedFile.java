package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.Quote;
import dev.fovea.ffi.x86.Pages;
import dev.fovea.tensor.HostMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A file that is mapped into memory, read-only, and what the file looked like then. A mapping shows the file as it is, not as
 * it was: where somebody writes over it, other weights are read, and where somebody cuts it, reading fails with an {@link
 * InternalError}, in native code with the end of the process. So whoever reads asks {@link #checkUnchanged} before, and after.
 */
final class MappedFile implements AutoCloseable {
    /** Of the error that the virtual machine throws where a mapped page cannot be read. */
    private static final String FAULT = "unsafe memory access";

    private final Path path;
    private final State opened;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param from the first byte that is mapped; all behind it are */
    MappedFile(Path path, FileChannel channel, long from) throws IOException {
        this.path = path;
        this.opened = State.of(path);
        try {
            data = channel.map(MapMode.READ_ONLY, from, channel.size() - from, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            if (e.getCause() instanceof OutOfMemoryError) {
                throw new MemoryException(
                        Quote.of(path) + " of " + channel.size()
                                + " bytes cannot be mapped: this process may not address so much more",
                        "raise its limit on addresses, which ulimit -v shows; mapped files take no memory of their own",
                        e);
            }
            throw e;
        }
        if (Pages.isPresent()) {
            Pages.enlarge(data.address(), data.byteSize());
        }
    }

    Path path() {
        return path;
    }

    MemorySegment data() {
        return data;
    }

    /** Memory that is freed with the mapping. */
    MemorySegment allocate(long bytes) {
        return HostMemory.allocate(arena, bytes, 1);
    }

    /**
     * A file that was replaced by another of its name, or deleted, is still mapped as it was, and so is no error.
     *
     * @throws InputException where the file itself was written to, or cut
     */
    void checkUnchanged() {
        State now;
        try {
            now = State.of(path);
        } catch (IOException e) {
            return;
        }
        if (Objects.equals(now.file, opened.file) && !now.equals(opened)) {
            String found = now.size == opened.size
                    ? "it was written to at " + now.modified
                    : "it had " + opened.size + " bytes and has " + now.size;
            throw new InputException(
                    Quote.of(path) + " changed while it was in use: " + found,
                    "open the model again; to replace a file under a running program, write another and rename it");
        }
    }

    /**
     * The sentence for a page of a mapped file that could not be read; what is no such error is thrown on.
     *
     * @param where the file, or the directory of several
     * @param check {@link #checkUnchanged} of each, which says it better where it knows
     */
    static InputException sentence(InternalError e, Path where, Runnable check) {
        if (e.getMessage() == null || !e.getMessage().contains(FAULT)) {
            throw e;
        }
        check.run();
        return new InputException(
                "cannot read " + Quote.of(where) + ": the system has no data for a page of a mapped file",
                "see whether the disk or network that holds it works, and open the model again",
                e);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            arena.close();
        }
    }

    /** @param file its identity, where the file system has such: another file of the same name has another */
    private record State(@Nullable Object file, long size, FileTime modified) {
        static State of(Path path) throws IOException {
            BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
            return new State(found.fileKey(), found.size(), found.lastModifiedTime());
        }
    }
}
