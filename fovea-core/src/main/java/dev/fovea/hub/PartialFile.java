package dev.fovea.hub;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file of which parts have come, in any order. Behind the place of its last byte it keeps which ones, so that another process can go
 * on after this one was killed; nobody else writes to it meanwhile.
 *
 * <p>Parts are written by many threads, the sum is taken by one.
 */
final class PartialFile implements AutoCloseable {
    /** Bytes that count as come only together. */
    static final int CHUNK = 4 << 20;

    private static final byte[] MAGIC = "FOVEA-PARTS-1\n".getBytes(StandardCharsets.US_ASCII);

    /** Mark, size, and a number of whoever has it open. */
    private static final int HEADER = MAGIC.length + 2 * Long.BYTES;

    private final Path path;
    private final long size;
    private final FileChannel channel;
    private final boolean[] come;
    private final AtomicLong bytes = new AtomicLong();
    private boolean isFinished;

    private PartialFile(Path path, long size, FileChannel channel) {
        this.path = path;
        this.size = size;
        this.channel = channel;
        this.come = new boolean[(int) ((size + CHUNK - 1) / CHUNK)];
    }

    /**
     * Makes it, or goes on with it.
     *
     * @return empty where another download has it
     */
    static Optional<PartialFile> open(Path path, long size) throws IOException {
        Files.createDirectories(path.getParent());
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null && isStillThere(path, channel)) {
                PartialFile file = new PartialFile(path, size, channel);
                file.readParts();
                if (file.isNamed()) {
                    return Optional.of(file);
                }
            }
        } catch (OverlappingFileLockException e) {
            // Another thread of this process has it.
            channel.close();
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return Optional.empty();
    }

    /** Between opening and locking it may have been finished and moved away. A finished one is never as long as an unfinished one. */
    private static boolean isStillThere(Path path, FileChannel channel) throws IOException {
        return Files.exists(path) && Files.size(path) == channel.size();
    }

    /** Whether what is open is the file of that name, and not one that was deleted. Java does not tell; a number in it does. */
    private boolean isNamed() throws IOException {
        long at = size + MAGIC.length + Long.BYTES;
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES)
                .putLong(0, ThreadLocalRandom.current().nextLong());
        writeFully(number.duplicate(), at);
        ByteBuffer read = ByteBuffer.allocate(Long.BYTES);
        try (FileChannel named = FileChannel.open(path, StandardOpenOption.READ)) {
            named.read(read, at);
        } catch (NoSuchFileException e) {
            return false;
        }
        return read.flip().equals(number);
    }

    private void readParts() throws IOException {
        ByteBuffer parts = ByteBuffer.allocate(HEADER + come.length);
        while (parts.hasRemaining() && channel.read(parts, size + parts.position()) > 0) {
            // until it is whole
        }
        parts.flip();
        byte[] magic = new byte[MAGIC.length];
        boolean known = parts.limit() == HEADER + come.length && channel.size() == size + parts.limit();
        if (known) {
            parts.get(magic);
            known = java.util.Arrays.equals(magic, MAGIC) && parts.getLong() == size;
            parts.position(HEADER);
        }
        if (!known) {
            clear();
            return;
        }
        for (int i = 0; i < come.length; i++) {
            come[i] = parts.get() == 1;
            bytes.addAndGet(come[i] ? length(i) : 0);
        }
    }

    /** Forgets all that has come. */
    synchronized void clear() throws IOException {
        channel.truncate(0);
        java.util.Arrays.fill(come, false);
        bytes.set(0);
        ByteBuffer parts = ByteBuffer.allocate(HEADER + come.length)
                .put(MAGIC)
                .putLong(size)
                .position(0);
        writeFully(parts, size);
    }

    long size() {
        return size;
    }

    int chunks() {
        return come.length;
    }

    /** Bytes that have come and are kept. */
    long bytes() {
        return bytes.get();
    }

    synchronized boolean has(int chunk) {
        return come[chunk];
    }

    long start(int chunk) {
        return (long) chunk * CHUNK;
    }

    private int length(int chunk) {
        return (int) Math.min(CHUNK, size - start(chunk));
    }

    void write(ByteBuffer data, long at) throws IOException {
        writeFully(data, at);
    }

    private void writeFully(ByteBuffer data, long at) throws IOException {
        long position = at;
        while (data.hasRemaining()) {
            position += channel.write(data, position);
        }
    }

    /** The bytes of a chunk are written. */
    void come(int chunk) throws IOException {
        if (has(chunk)) {
            return;
        }
        channel.write(ByteBuffer.wrap(new byte[] {1}), size + HEADER + chunk);
        synchronized (this) {
            if (!come[chunk]) {
                come[chunk] = true;
                bytes.addAndGet(length(chunk));
            }
            notifyAll();
        }
    }

    Summing summing(RepoFile.Sum sum) {
        return new Summing(sum);
    }

    /** Takes the sum of the bytes, chunk by chunk as they come. */
    final class Summing {
        private final MessageDigest digest;
        private final ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
        private int next;

        Summing(RepoFile.Sum sum) {
            digest = sum.digest(size);
        }

        /**
         * Goes as far as it can.
         *
         * @param millis to wait where nothing new is there
         * @return whether the end is reached
         */
        boolean advance(long millis) throws IOException, InterruptedException {
            if (next < come.length && !has(next)) {
                synchronized (PartialFile.this) {
                    if (!come[next]) {
                        PartialFile.this.wait(millis);
                    }
                }
            }
            long until = System.nanoTime() + millis * 1_000_000;
            while (next < come.length && has(next) && System.nanoTime() < until) {
                read(start(next), length(next));
                next++;
            }
            return next == come.length;
        }

        private void read(long from, int length) throws IOException {
            long at = from;
            while (at < from + length) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), from + length - at));
                if (channel.read(buffer, at) <= 0) {
                    throw new InputException("cannot read " + path + ": another program has cut it short");
                }
                at += buffer.position();
                digest.update(buffer.flip());
            }
        }

        String hex() {
            return HexFormat.of().formatHex(digest.digest());
        }
    }

    /** Cuts off what is kept behind the last byte; it is a file as any other now, still open, to be moved to its place. */
    Path finish() throws IOException {
        channel.truncate(size);
        isFinished = true;
        return path;
    }

    /** Keeps what has come; of what has nothing, no trace stays. */
    void closeOrDelete() throws IOException {
        if (!isFinished && bytes() == 0) {
            Files.deleteIfExists(path);
        }
        close();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
