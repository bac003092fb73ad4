package dev.fovea.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes a new file in whole blocks of 2 MB, each at a multiple of that. What is written at once may lie in one piece of the system's
 * memory, and who maps the file reads that faster than as many scattered pages of 4 KB.
 */
final class BlockStream extends OutputStream {
    /** Bytes of a block: what one entry of the processor's tables of pages can stand for. */
    static final int BLOCK = 2 << 20;

    /** Bytes of the buffer until there are more: most files are small. */
    private static final int SMALL = 1 << 13;

    private final FileChannel channel;
    private ByteBuffer buffer = ByteBuffer.allocate(SMALL);

    /** @param channel of an empty file, closed by its owner */
    BlockStream(FileChannel channel) {
        this.channel = channel;
    }

    @Override
    public void write(int b) throws IOException {
        makeRoom();
        buffer.put((byte) b);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        for (int done = 0; done < count; ) {
            makeRoom();
            int now = Math.min(count - done, buffer.remaining());
            buffer.put(bytes, from + done, now);
            done += now;
        }
    }

    private void makeRoom() throws IOException {
        if (buffer.hasRemaining()) {
            return;
        }
        if (buffer.capacity() < BLOCK) {
            buffer = ByteBuffer.allocate(BLOCK).put(buffer.flip());
        } else {
            finish();
        }
    }

    /** Writes what is left. Only the last block of a file may be smaller than others. */
    void finish() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }
}
