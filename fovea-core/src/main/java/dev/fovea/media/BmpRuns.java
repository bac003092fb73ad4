package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;

/**
 * Run lengths of Windows bitmaps: a count and an index, or two of four bits in turn; a count of 0 is an escape. What the file
 * skips has index 0, but every row has to be there, as in Pillow's {@code BmpRleDecoder}.
 */
final class BmpRuns {

    private static final int END_OF_ROW = 0;
    private static final int END = 1;
    private static final int DELTA = 2;

    private final ByteBuffer in;
    private final int width;
    private final int height;
    private final boolean topDown;
    private final boolean nibbles;
    private final byte[] indices; // in the order of the file
    private int at; // of the index that comes next
    private int x; // as runs count it: plain pixels may go beyond the row

    BmpRuns(ByteBuffer in, int width, int height, boolean topDown, boolean nibbles) {
        this.in = in;
        this.width = width;
        this.height = height;
        this.topDown = topDown;
        this.nibbles = nibbles;
        indices = Mode.P.samples(width, height);
    }

    /** {@code (height, width)}, from the top. */
    byte[] read() {
        boolean more = true;
        while (more && at < indices.length && in.remaining() >= 2) {
            int count = in.get() & 255;
            int value = in.get() & 255;
            if (count > 0) {
                run(Math.min(count, Math.max(0, width - x)), value);
            } else {
                more = escape(value);
            }
        }
        if (at < indices.length) {
            throw new InputException(
                    "The BMP file is truncated: its run lengths end in row " + at / width + " of " + height,
                    "fetch or save the picture again");
        }
        return topDown ? indices : fromBottom();
    }

    private void run(int count, int value) {
        for (int i = 0; i < count; i++) {
            put(nibbles ? nibble(value, i) : value);
        }
        x += count;
    }

    private void put(int index) {
        if (at < indices.length) {
            indices[at] = (byte) index;
        }
        at++;
    }

    private static int nibble(int value, int i) {
        return i % 2 == 0 ? value >> 4 & 15 : value & 15;
    }

    /** Whether the data go on. */
    private boolean escape(int kind) {
        return switch (kind) {
            case END_OF_ROW -> {
                at = Math.ceilDiv(at, width) * width;
                x = 0;
                yield true;
            }
            case END -> false;
            case DELTA -> delta();
            default -> literal(kind);
        };
    }

    private boolean delta() {
        if (in.remaining() < 2) {
            return false;
        }
        int right = in.get() & 255;
        int up = in.get() & 255;
        at += Math.min(indices.length - at, right + up * width);
        x = at % width;
        return true;
    }

    /** {@code count} pixels as they are, padded to whole words of two bytes. */
    private boolean literal(int count) {
        int wanted = Math.min(indices.length - at, count);
        int size = nibbles ? (wanted + 1) / 2 : wanted;
        if (in.remaining() < size) {
            return false;
        }
        int from = in.position();
        for (int i = 0; i < wanted; i++) {
            put(nibbles ? nibble(in.get(from + i / 2), i) : in.get(from + i));
        }
        x += count;
        int next = from + size;
        in.position(Math.min(in.limit(), next + next % 2));
        return true;
    }

    private byte[] fromBottom() {
        var turned = new byte[indices.length];
        for (int y = 0; y < height; y++) {
            System.arraycopy(indices, (height - 1 - y) * width, turned, y * width, width);
        }
        return turned;
    }
}
