package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;

/** GIF's form of LZW: codes of growing width, least significant bit first, in blocks of at most 255 bytes. */
final class Lzw {

    private static final int MAX_BITS = 12;
    private static final int NONE = -1;

    private final ByteBuffer in;
    private final int rootBits;
    private final int clear;
    private final int end;
    // The string of a code is that of its prefix and one index more.
    private final short[] prefix = new short[1 << MAX_BITS];
    private final byte[] last = new byte[1 << MAX_BITS];
    private int next; // the code to be defined next
    private int width; // of a code
    private int block; // bytes left in this block
    private int bits; // read and not yet used
    private int buffer;

    Lzw(ByteBuffer in, int rootBits) {
        if (rootBits > MAX_BITS) {
            throw new InputException(
                    "The GIF file is damaged: its codes begin with " + rootBits + " bits, expected 1 to 8");
        }
        this.in = in;
        this.rootBits = rootBits;
        clear = 1 << rootBits;
        end = clear + 1;
        for (int i = 0; i < clear; i++) {
            last[i] = (byte) i;
        }
    }

    /** The first {@code count} indices. */
    byte[] read(int count) {
        var out = new byte[count];
        int previous = reset();
        for (int at = 0; at < count; ) {
            int code = code();
            if (code == clear) {
                previous = reset();
                continue;
            }
            if (code == end || code == NONE) {
                throw new InputException(
                        "The GIF file is truncated: its data end after " + at + " of " + count + " pixels",
                        "fetch or save the picture again");
            }
            if (code > next || code >= prefix.length || code > end && previous == NONE) {
                throw new InputException("The GIF file is damaged: code " + code + " stands before it is defined");
            }
            if (previous != NONE && next < prefix.length) {
                define(previous, first(code == next ? previous : code));
            }
            at += write(out, at, code);
            previous = code;
        }
        return out;
    }

    private int reset() {
        width = rootBits + 1;
        next = end + 1;
        return NONE;
    }

    private void define(int code, byte index) {
        prefix[next] = (short) code;
        last[next] = index;
        next++;
        if (next == 1 << width && width < MAX_BITS) {
            width++;
        }
    }

    private byte first(int code) {
        int c = code;
        while (c > end) {
            c = prefix[c];
        }
        return last[c];
    }

    /** Writes the string of a code, as far as there is room. Returns its length. */
    private int write(byte[] out, int at, int code) {
        int length = 1;
        for (int c = code; c > end; c = prefix[c]) {
            length++;
        }
        int to = at + length;
        for (int c = code; to > at; c = prefix[c]) {
            to--;
            if (to < out.length) {
                out[to] = last[c];
            }
        }
        return length;
    }

    /** The next code, or NONE where the data end. */
    private int code() {
        while (bits < width) {
            while (block == 0) {
                if (!in.hasRemaining()) {
                    return NONE;
                }
                block = in.get() & 255;
                if (block > in.remaining()) {
                    return NONE; // Pillow decodes no block in part
                }
            }
            buffer |= (in.get() & 255) << bits;
            bits += 8;
            block--;
        }
        int code = buffer & (1 << width) - 1;
        buffer >>>= width;
        bits -= width;
        return code;
    }
}
