package dev.fovea.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * Bytes of a file that one request asks for, beginning with a chunk. What has come stays when a connection breaks off. For one thread.
 */
final class Part {
    /** As many as Java's sockets give at once; they stay in the processor's cache from there to the file and its sum. */
    private static final int BLOCK = 128 << 10;

    private final Fetch fetch;
    private final long start;
    private final long end;
    private long position;

    /** @param end behind the last byte */
    Part(Fetch fetch, long start, long end) {
        this.fetch = fetch;
        this.start = start;
        this.end = end;
        this.position = start;
    }

    Fetch fetch() {
        return fetch;
    }

    /** Of the byte that comes next. */
    long position() {
        return position;
    }

    long end() {
        return end;
    }

    boolean isDone() {
        return position >= end;
    }

    /** To be fetched anew. */
    void restart() {
        position = start;
    }

    /**
     * Writes a body that begins at {@link #position} as it comes; what goes beyond the end is left.
     *
     * @param isOver whether nobody wants it any more
     * @throws IOException where it breaks off
     * @throws dev.fovea.error.InputException where it cannot be written
     */
    void take(InputStream body, BooleanSupplier isOver) throws IOException {
        PartialFile file = fetch.partial();
        byte[] block = new byte[BLOCK];
        while (!isDone() && !isOver.getAsBoolean()) {
            int length = body.read(block, 0, (int) Math.min(BLOCK, Math.min(end, file.chunkEnd(position)) - position));
            if (length < 0) {
                return;
            }
            file.write(ByteBuffer.wrap(block, 0, length), position);
            position += length;
        }
    }
}
