package dev.fovea.text.grammar;

/**
 * The spellings of characters within a JSON string: as UTF-8, as a short escape, as {@code \}{@code u} and four digits, beyond U+FFFF
 * as two of these, ASCII's signs without need as themselves alone. A surrogate alone is no character.
 */
final class JsonCharacters {
    private static final CharSet ESCAPED = CharSet.range(0, 0x1F).or(CharSet.anyOf("\"\\"));
    private static final String SHORT = "\"\\/\b\f\n\r\t";
    private static final String SHORT_LETTERS = "\"\\/bfnrt";

    /** No writer escapes a letter; the four signs are those that some escape for HTML. */
    private static final CharSet BASIC = CharSet.range(0, 0xFFFF)
            .and(CharSet.ALL)
            .minus(CharSet.range(0x20, 0x7E).minus(CharSet.anyOf("<>&'")));

    private static final CharSet BEYOND = CharSet.range(0x10000, 0x10FFFF);

    private final Network network;
    private int from;
    private int backslash;
    private int letterU;

    JsonCharacters(Network network) {
        this.network = network;
    }

    /** Adds behind this state from now on. */
    void from(int state) {
        from = state;
        backslash = -1;
        letterU = -1;
    }

    void add(CharSet set, int to) {
        utf8(set.minus(ESCAPED), to);
        shortEscapes(set, to);
        int[] basic = set.and(BASIC).bounds();
        for (int i = 0; i < basic.length; i += 2) {
            hex(letterU(), basic[i], basic[i + 1] - 1, 4, to);
        }
        int[] beyond = set.and(BEYOND).bounds();
        for (int i = 0; i < beyond.length; i += 2) {
            pairs(beyond[i] - 0x10000, beyond[i + 1] - 1 - 0x10000, to);
        }
    }

    private int backslash() {
        if (backslash < 0) {
            backslash = network.literal(from, "\\");
        }
        return backslash;
    }

    private int letterU() {
        if (letterU < 0) {
            letterU = network.literal(backslash(), "u");
        }
        return letterU;
    }

    private void shortEscapes(CharSet set, int to) {
        for (int i = 0; i < SHORT.length(); i++) {
            if (set.contains(SHORT.charAt(i))) {
                char letter = SHORT_LETTERS.charAt(i);
                network.bytes(backslash(), letter, letter, to);
            }
        }
    }

    private void utf8(CharSet set, int to) {
        int[] lengths = {0, 0x80, 0x800, 0x10000, 0x110000};
        for (int n = 1; n <= 4; n++) {
            int[] bounds =
                    set.and(CharSet.range(lengths[n - 1], lengths[n] - 1)).bounds();
            for (int i = 0; i < bounds.length; i += 2) {
                sextets(from, bounds[i], bounds[i + 1] - 1, n, n, to);
            }
        }
    }

    /** The range of numbers as sequences of bytes with six bits each, the first marked by their number. */
    private void sextets(int at, int lo, int hi, int left, int length, int to) {
        int mark = left < length ? 0x80 : length == 1 ? 0 : 0xF00 >> length & 0xFF;
        int shift = 6 * (left - 1);
        split(lo, hi, shift, (first, last, restLo, restHi) -> {
            if (left == 1) {
                network.bytes(at, mark | first, mark | last, to);
            } else {
                int next = network.state();
                network.bytes(at, mark | first, mark | last, next);
                sextets(next, restLo, restHi, left - 1, length, to);
            }
        });
    }

    /** The range of numbers as hexadecimal digits of either case. */
    private void hex(int at, int lo, int hi, int left, int to) {
        split(lo, hi, 4 * (left - 1), (first, last, restLo, restHi) -> {
            int next = left == 1 ? to : network.state();
            digits(at, first, last, next);
            if (left > 1) {
                hex(next, restLo, restHi, left - 1, to);
            }
        });
    }

    private void digits(int at, int first, int last, int to) {
        if (first < 10) {
            network.bytes(at, '0' + first, '0' + Math.min(last, 9), to);
        }
        if (last >= 10) {
            int begin = Math.max(first, 10) - 10;
            network.bytes(at, 'a' + begin, 'a' + last - 10, to);
            network.bytes(at, 'A' + begin, 'A' + last - 10, to);
        }
    }

    /** A range of code points beyond U+FFFF, less 0x10000, as escaped surrogates. */
    private void pairs(int lo, int hi, int to) {
        split(lo, hi, 10, (first, last, restLo, restHi) -> {
            int high = network.state();
            hex(letterU(), 0xD800 + first, 0xD800 + last, 4, high);
            hex(network.literal(high, "\\u"), 0xDC00 + restLo, 0xDC00 + restHi, 4, to);
        });
    }

    @FunctionalInterface
    private interface Block {
        void add(int first, int last, int restLo, int restHi);
    }

    /** A range of numbers as blocks: top digits from first to last, each with all of the rest from restLo to restHi. */
    private static void split(int lo, int hi, int shift, Block block) {
        int mask = (1 << shift) - 1;
        int first = lo >> shift;
        int last = hi >> shift;
        int restLo = lo & mask;
        int restHi = hi & mask;
        if (first == last) {
            block.add(first, last, restLo, restHi);
            return;
        }
        if (restLo > 0) {
            block.add(first, first, restLo, mask);
            first++;
        }
        if (restHi < mask) {
            block.add(last, last, 0, restHi);
            last--;
        }
        if (first <= last) {
            block.add(first, last, 0, mask);
        }
    }
}
