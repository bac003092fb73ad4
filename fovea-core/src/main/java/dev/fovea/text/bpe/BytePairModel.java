package dev.fovea.text.bpe;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The model of a tokenizer.json: which symbols the characters of a word begin as. Immutable once made. */
public final class BytePairModel {
    /** SentencePiece's space. */
    static final int SPACE = '\u2581';

    private static final int SMALL = 0x250;

    /**
     * What the file says beside vocabulary and merges.
     *
     * @param byteFallback whether a character that the vocabulary lacks becomes the tokens of its bytes, {@code <0x0A>}
     * @param unknown the id for any other such character, -1 where it is left out
     * @param fuseUnknown whether a run of them is one id
     * @param ignoreMerges whether a word that is a piece is taken as it is
     */
    public record Options(boolean byteFallback, int unknown, boolean fuseUnknown, boolean ignoreMerges) {}

    private final Vocabulary vocabulary;
    private final Merges merges;
    private final Options options;
    private final boolean byteLevel;

    /** The ids of the first characters, which most texts are of; -1 for those that are no piece. */
    private final int[] small = new int[SMALL];

    /** The ids of the tokens of bytes; -1 for those that are none. */
    private final int[] bytes = new int[256];

    /** The characters that have a space behind them within a piece: elsewhere no merge reaches over a space's beginning. */
    private final int[] joined;

    private final boolean cuts;

    /** @param byteLevel whether words are spelled in the alphabet for bytes */
    public BytePairModel(Vocabulary vocabulary, Merges merges, Options options, boolean byteLevel) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        this.byteLevel = byteLevel;
        for (int c = 0; c < SMALL; c++) {
            small[c] = vocabulary.id(Character.toString(c));
        }
        for (int b = 0; b < 256; b++) {
            bytes[b] = options.byteFallback() ? vocabulary.id("<0x%02X>".formatted(b)) : -1;
        }
        cuts = !byteLevel && !options.ignoreMerges() && vocabulary.id(Character.toString(SPACE)) >= 0;
        joined = cuts ? vocabulary.charactersBefore(SPACE) : new int[0];
    }

    Merges merges() {
        return merges;
    }

    Options options() {
        return options;
    }

    boolean byteLevel() {
        return byteLevel;
    }

    /** The id of a character as a piece, -1 where it is none. */
    int symbol(int character) {
        return character < SMALL ? small[character] : vocabulary.id(Character.toString(character));
    }

    /** The id of a piece, -1 where it is none. */
    int id(String piece) {
        return vocabulary.id(piece);
    }

    /** The ids of the tokens of a character's bytes; empty where they are not all there. */
    int[] fallback(int character) {
        byte[] utf8 = Character.toString(character).getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[utf8.length];
        for (int i = 0; i < utf8.length; i++) {
            ids[i] = bytes[utf8[i] & 0xFF];
            if (ids[i] < 0) {
                return new int[0];
            }
        }
        return ids;
    }

    /**
     * Where the part of a word that begins at a place ends, at the latest at the word's end: parts are merged apart and give the same
     * ids. A text that no pre-tokenizer splits is one word of any length; its parts are short, and come again.
     */
    int partEnd(String text, int from, int end) {
        if (!cuts) {
            return end;
        }
        for (int at = from + 1; at < end; at++) {
            if (text.charAt(at) == SPACE && text.charAt(at - 1) != SPACE) {
                int before = text.codePointBefore(at);
                if (symbol(before) >= 0 && Arrays.binarySearch(joined, before) < 0) {
                    return at;
                }
            }
        }
        return end;
    }
}
