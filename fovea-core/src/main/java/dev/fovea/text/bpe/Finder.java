package dev.fovea.text.bpe;

/** Finds all that matches in a range of a text, from left to right. Immutable. */
interface Finder {

    /** Takes ranges that follow each other, matches and what lies between. None is empty. */
    interface Ranges {
        void range(int from, int end, boolean matches);
    }

    void find(String text, int from, int end, Ranges ranges);

    /** Finds a literal text. */
    static Finder of(String literal) {
        return (text, from, end, ranges) -> {
            int before = from;
            for (int at = text.indexOf(literal, from, end); at >= 0; at = text.indexOf(literal, before, end)) {
                between(before, at, ranges);
                before = at + literal.length();
                ranges.range(at, before, true);
            }
            between(before, end, ranges);
        };
    }

    /** Finds what a pattern matches. */
    static Finder of(SplitPattern pattern) {
        return (text, from, end, ranges) -> {
            int before = from;
            int at = from;
            while (at < end) {
                int match = pattern.match(text, at, end);
                if (match != SplitPattern.NONE) {
                    between(before, at, ranges);
                    before = match;
                }
                if (match > at) {
                    ranges.range(at, match, true);
                    at = match;
                } else {
                    at += Character.charCount(text.codePointAt(at));
                }
            }
            between(before, end, ranges);
        };
    }

    private static void between(int from, int end, Ranges ranges) {
        if (from < end) {
            ranges.range(from, end, false);
        }
    }

    /** The text with each match replaced. */
    default String replace(String text, String by) {
        StringBuilder replaced = new StringBuilder(text.length());
        find(text, 0, text.length(), (from, end, matches) -> {
            if (matches) {
                replaced.append(by);
            } else {
                replaced.append(text, from, end);
            }
        });
        return replaced.toString();
    }
}
