package dev.fovea.text;

import dev.fovea.text.bpe.ByteAlphabet;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;

/**
 * Streams the tokens of a byte-level BPE (GPT-2 and its descendants): a token is a run of bytes, the answer is the UTF-8 of
 * all of them, with U+FFFD for each malformed sequence.
 *
 * <p>Malformed means as the WHATWG encoding standard and Rust mean it. The JDK's decoder merges some sequences into one
 * U+FFFD that these count as two.
 */
final class ByteLevelDetokenizer implements StreamingDetokenizer {
    private static final char REPLACEMENT = '\uFFFD';

    private final IntFunction<String> pieces;
    private final StringBuilder certain = new StringBuilder();

    /** The character in the making: its bits so far, the bytes that it lacks, the range of the next of them. */
    private int bits;

    private int lacking;
    private int lowest = 0x80;
    private int highest = 0xBF;

    /** @param pieces the piece of an id; empty for ids that are to be dropped */
    ByteLevelDetokenizer(IntFunction<String> pieces) {
        this.pieces = pieces;
    }

    @Override
    public String add(int id) {
        for (byte b : bytes(pieces.apply(id))) {
            accept(b & 0xFF);
        }
        return take();
    }

    @Override
    public String flush() {
        if (lacking > 0) {
            certain.append(REPLACEMENT);
            lacking = 0;
        }
        return take();
    }

    private String take() {
        String text = certain.toString();
        certain.setLength(0);
        return text;
    }

    private void accept(int b) {
        if (lacking == 0) {
            begin(b);
        } else if (b < lowest || b > highest) {
            certain.append(REPLACEMENT);
            lacking = 0;
            begin(b);
        } else {
            lowest = 0x80;
            highest = 0xBF;
            bits = (bits << 6) | (b & 0x3F);
            if (--lacking == 0) {
                certain.appendCodePoint(bits);
            }
        }
    }

    /** A first byte. Some narrow the second: no overlong forms, no surrogates, nothing above U+10FFFF. */
    private void begin(int b) {
        lowest = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
        highest = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
        if (b < 0x80) {
            certain.append((char) b);
        } else if (b >= 0xC2 && b <= 0xDF) {
            expect(1, b & 0x1F);
        } else if (b >= 0xE0 && b <= 0xEF) {
            expect(2, b & 0x0F);
        } else if (b >= 0xF0 && b <= 0xF4) {
            expect(3, b & 0x07);
        } else {
            certain.append(REPLACEMENT);
        }
    }

    private void expect(int more, int firstBits) {
        lacking = more;
        bits = firstBits;
    }

    /** A piece with any character outside the table stands for its own UTF-8, whole: some added tokens are such. */
    static byte[] bytes(String piece) {
        byte[] bytes = new byte[piece.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = ByteAlphabet.unsigned(piece.charAt(i));
            if (b < 0) {
                return piece.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }
}
