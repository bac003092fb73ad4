package dev.fovea.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * Bytes of a file that one request asks for, beginning with a chunk. What has come stays when a connection breaks off. For one thread.
 */
final class Part {
    /** Bytes that are written at once, in one piece of the system's memory if it can: what maps the file reads that faster. */
    private static final int BLOCK = 2 << 20;

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
        byte[] block = new byte[(int) Math.min(BLOCK, end - position)];
        int filled = 0;
        try {
            while (!isDone() && !isOver.getAsBoolean()) {
                long blockEnd = Math.min(end, (position / BLOCK + 1) * BLOCK); // chunks are whole blocks
                int length = body.read(block, filled, (int) (blockEnd - position));
                if (length < 0) {
                    return;
                }
                position += length;
                filled += length;
                if (position == blockEnd) {
                    int whole = filled;
                    filled = 0; // before it is written: what the disk refuses is not tried again
                    file.write(ByteBuffer.wrap(block, 0, whole), position - whole);
                }
            }
        } finally {
            if (filled > 0) {
                file.write(ByteBuffer.wrap(block, 0, filled), position - filled);
            }
        }
    }
}
