package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * A file of which parts have come, in any order. Behind the place of its last byte it keeps which ones, so that another process can go
 * on after this one was killed; nobody else writes to it meanwhile.
 *
 * <p>Parts are written by many threads, and the sum of all bytes is taken meanwhile: of those that come in order while they are in hand, of
 * others when all before them are there, by a thread that reads them again. What its sum was taken of is never written again: of two threads
 * that have bytes of one chunk, one writes at a time.
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
    private final Object[] writing; // one lock for each chunk
    private final AtomicLong bytes = new AtomicLong();
    private final RunningSum sum;
    private boolean isFinished;

    private PartialFile(Path path, long size, RepoFile.Sum sum, FileChannel channel) {
        this.path = path;
        this.size = size;
        this.channel = channel;
        this.come = new boolean[(int) ((size + CHUNK - 1) / CHUNK)];
        this.writing = Stream.generate(Object::new).limit(come.length).toArray();
        this.sum = new RunningSum(sum.digest(size));
    }

    /**
     * Makes it, or goes on with it.
     *
     * @param sum that is to be taken
     * @return empty where another download has it
     */
    static Optional<PartialFile> open(Path path, long size, RepoFile.Sum sum) throws IOException {
        Files.createDirectories(path.getParent());
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null && isStillThere(path, channel)) {
                PartialFile file = new PartialFile(path, size, sum, channel);
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

    /** Where the chunk of a byte ends. */
    long chunkEnd(long at) {
        return Math.min(size, (at / CHUNK + 1) * CHUNK);
    }

    /**
     * Keeps bytes of one chunk, but for those that it knows already. Those at its end say that all of it has come.
     *
     * @param at of the first
     * @throws InputException where the disk does not take them
     */
    void write(ByteBuffer data, long at) {
        int chunk = (int) (at / CHUNK);
        int length = data.remaining();
        try {
            synchronized (writing[chunk]) {
                long known = has(chunk) ? length : Math.clamp(sum.position() - at, 0, length);
                if (known == length) {
                    return;
                }
                ByteBuffer fresh = data.position(data.position() + (int) known);
                writeFully(fresh.duplicate(), at + known);
                if (at + length == chunkEnd(at)) {
                    come(chunk); // before its sum: whoever finds that wrong clears the file
                }
                sum.offer(fresh, at + known);
            }
        } catch (IOException e) {
            throw unwritten(e);
        }
    }

    InputException unwritten(IOException e) {
        return new InputException(
                "cannot write " + Quote.of(path) + ": " + Reason.of(e),
                "what has come so far is kept; pull again when the disk takes the rest",
                e);
    }

    private void writeFully(ByteBuffer data, long at) throws IOException {
        long position = at;
        while (data.hasRemaining()) {
            position += channel.write(data, position);
        }
    }

    /** The bytes of a chunk are written. */
    private void come(int chunk) throws IOException {
        channel.write(ByteBuffer.wrap(new byte[] {1}), size + HEADER + chunk);
        synchronized (this) {
            come[chunk] = true;
            bytes.addAndGet(length(chunk));
            notifyAll();
        }
    }

    /**
     * Takes the sum of what has come, as far as it can, and waits for more.
     *
     * @param millis to wait where nothing new is there
     * @param block to read into
     * @return whether the end is reached
     */
    boolean advanceSum(long millis, ByteBuffer block) throws IOException, InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        synchronized (this) {
            for (long left = millis;
                    left > 0 && !isThere(sum.position());
                    left = (end - System.nanoTime()) / 1_000_000) {
                wait(left);
            }
        }
        long until = System.nanoTime() + millis * 1_000_000;
        // Asked for its position once: who writes offers bytes too, and moves it.
        for (long at = sum.position(); at < size && isThere(at) && System.nanoTime() < until; at = sum.position()) {
            block.clear().limit((int) Math.min(block.capacity(), chunkEnd(at) - at));
            if (channel.read(block, at) <= 0) {
                throw new InputException("cannot read " + Quote.of(path) + ": another program has cut it short");
            }
            sum.offer(block.flip(), at);
        }
        return sum.position() == size;
    }

    private boolean isThere(long at) {
        return at == size || has((int) (at / CHUNK));
    }

    /** The sum of all, once its end is reached, in hexadecimal digits. */
    String sum() {
        return sum.hex();
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
