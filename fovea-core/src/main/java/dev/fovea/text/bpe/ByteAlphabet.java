package dev.fovea.text.bpe;

import java.util.Arrays;

/** The characters that stand for bytes in a byte-level vocabulary: GPT-2's encoder.py, bytes_to_unicode. */
public final class ByteAlphabet {
    private static final char[] CHARACTERS = new char[256];
    private static final short[] BYTES = new short[256 + 68];

    static {
        Arrays.fill(BYTES, (short) -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
            CHARACTERS[b] = (char) (printable ? b : next++);
            BYTES[CHARACTERS[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    /** The character of a byte. */
    static char character(int unsigned) {
        return CHARACTERS[unsigned];
    }

    /** The byte of a character, -1 where it stands for none. */
    public static int unsigned(char c) {
        return c < BYTES.length ? BYTES[c] : -1;
    }
}
