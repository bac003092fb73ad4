package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.OutputFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A file that one run at a time has. The lock is the system's and lies on the file itself, so that nothing stays behind a run that
 * dies; runs of one process, which share its locks, are told apart by a list.
 */
final class LockedFile implements AutoCloseable {
    /** Behind all data: where locks are enforced, others can still read the file. */
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;

    private static final int ATTEMPTS = 100;
    private static final Set<Object> HELD = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final boolean created;
    private Object key;
    private FileChannel channel;

    private LockedFile(Path path, boolean created, Object key, FileChannel channel) {
        this.path = path;
        this.created = created;
        this.key = key;
        this.channel = channel;
    }

    /**
     * Opens a file, which is made where there is none.
     *
     * @throws InputException where another run has it, or it cannot be opened
     */
    static LockedFile open(Path path) {
        boolean created = false;
        try {
            for (int i = 0; i < ATTEMPTS; i++) {
                created = create(path) || created;
                LockedFile file = attempt(path, created);
                if (file != null) {
                    return file;
                }
            }
        } catch (IOException e) {
            throw InputException.cannot("write", path, e);
        }
        throw busy(path);
    }

    private static boolean create(Path path) throws IOException {
        try {
            Files.createFile(path);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    /** Null where the file was replaced or deleted before it was locked. */
    private static @Nullable LockedFile attempt(Path path, boolean created) throws IOException {
        Object key;
        FileChannel channel;
        try {
            key = key(path);
            if (!HELD.add(key)) {
                throw busy(path); // before it is opened: closing any channel of a file drops the locks of the process
            }
            channel = open(path, key);
        } catch (NoSuchFileException e) {
            return null;
        }
        try {
            if (channel.tryLock(LOCKED_BYTE, 1, false) == null) {
                throw busy(path);
            }
            if (Files.exists(path) && key(path).equals(key)) {
                return new LockedFile(path, created, key, channel);
            }
        } catch (IOException | RuntimeException e) {
            release(channel, key);
            throw e;
        }
        release(channel, key);
        return null;
    }

    private static FileChannel open(Path path, Object key) throws IOException {
        try {
            return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (IOException | RuntimeException e) {
            HELD.remove(key);
            throw e;
        }
    }

    private static void release(FileChannel channel, Object key) throws IOException {
        try {
            channel.close();
        } finally {
            HELD.remove(key);
        }
    }

    /** The file's identity, whatever its name. */
    private static Object key(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return Objects.requireNonNullElse(key, path.toRealPath());
    }

    private static InputException busy(Path path) {
        return new InputException(
                "cannot write " + Quote.of(path) + ": another run writes it", "wait for it, or give another file");
    }

    FileChannel channel() {
        return channel;
    }

    /** Puts another file in its place in one step, which is locked before anybody can see it. */
    void replace(OutputFile.Content content) throws IOException {
        Path beside = path.resolveSibling(".fovea-" + UUID.randomUUID() + ".tmp");
        Files.createFile(beside);
        try {
            LockedFile next = open(beside);
            try {
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(next.channel), 1 << 16);
                content.writeTo(out);
                out.flush();
                next.channel.force(true);
                OutputFile.keepPermissions(path, beside);
                OutputFile.move(beside, path);
            } catch (IOException | RuntimeException e) {
                next.close();
                throw e;
            }
            release(channel, key);
            key = next.key;
            channel = next.channel;
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Lets go of the file; one that was made here and is still empty goes too. */
    @Override
    public void close() {
        try (FileChannel closing = channel) {
            if (created && closing.isOpen() && closing.size() == 0) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw InputException.cannot("close", path, e);
        } finally {
            HELD.remove(key);
        }
    }
}
