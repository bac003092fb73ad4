package dev.fovea.text.bpe;

import java.util.function.IntPredicate;

/** A set of characters of a pattern; of ASCII it has a bit for each. Unicode's properties are the JDK's. */
public final class CharacterSet {
    private final long low;
    private final long high;
    private final IntPredicate others;

    CharacterSet(IntPredicate members) {
        long[] bits = new long[2];
        for (int c = 0; c < 128; c++) {
            if (members.test(c)) {
                bits[c >> 6] |= 1L << c;
            }
        }
        low = bits[0];
        high = bits[1];
        others = members;
    }

    boolean has(int character) {
        return character < 64
                ? (low >>> character & 1) != 0
                : character < 128 ? (high >>> character & 1) != 0 : others.test(character);
    }

    /** Unicode's White_Space. {@link Character#isWhitespace} has the control characters 1C to 1F too, and no hard spaces. */
    public static boolean isSpace(int c) {
        return c >= 9 && c <= 13
                || c == ' '
                || c == 0x85
                || c == 0xA0
                || c == 0x1680
                || c >= 0x2000 && c <= 0x200A
                || c == 0x2028
                || c == 0x2029
                || c == 0x202F
                || c == 0x205F
                || c == 0x3000;
    }

    /** Unicode's Alphabetic, marks, decimal digits, connectors and joiners: \w. */
    public static boolean isWord(int c) {
        int type = Character.getType(c);
        return Character.isAlphabetic(c)
                || type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.CONNECTOR_PUNCTUATION
                || type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK
                || c == 0x200C
                || c == 0x200D;
    }

    /** Whether two characters are one where case does not count. */
    static int folded(int c) {
        return Character.toLowerCase(Character.toUpperCase(c));
    }

    /**
     * A general category of Unicode by its name, {@code Lu} or {@code L}.
     *
     * @throws UnsupportedOperationException where it is none of those known here
     */
    static IntPredicate category(String name) {
        int types = switch (name) {
            case "L" ->
                bits(Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER)
                        | bits(Character.MODIFIER_LETTER, Character.OTHER_LETTER);
            case "Lu" -> bits(Character.UPPERCASE_LETTER);
            case "Ll" -> bits(Character.LOWERCASE_LETTER);
            case "Lt" -> bits(Character.TITLECASE_LETTER);
            case "Lm" -> bits(Character.MODIFIER_LETTER);
            case "Lo" -> bits(Character.OTHER_LETTER);
            case "M" -> bits(Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK);
            case "N" -> bits(Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER);
            case "Nd" -> bits(Character.DECIMAL_DIGIT_NUMBER);
            case "P" ->
                bits(Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.OTHER_PUNCTUATION)
                        | bits(Character.START_PUNCTUATION, Character.END_PUNCTUATION)
                        | bits(Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION);
            case "S" ->
                bits(Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL)
                        | bits(Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL);
            default -> throw new UnsupportedOperationException("\\p{" + name + "}");
        };
        return c -> (types >>> Character.getType(c) & 1) != 0;
    }

    private static int bits(byte... types) {
        int bits = 0;
        for (byte type : types) {
            bits |= 1 << type;
        }
        return bits;
    }
}
