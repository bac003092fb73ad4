package dev.fovea.text.bpe;

import java.util.List;

/**
 * A regular expression of a tokenizer.json, with the answers of Oniguruma: the part of it that such files use. Java's own differ
 * in what is white space and a word, and search on behind the end of a range.
 *
 * <p>A state of matching is a node and a place; a node matches itself and all that follows it. Immutable.
 */
final class SplitPattern {
    static final int NONE = -1;

    private final Node first;

    /** @throws UnsupportedOperationException with what the expression has that is not known here */
    SplitPattern(String expression) {
        first = new SplitPatternParser(expression).parse();
    }

    /** The end of the match that begins at a place, {@link #NONE} where there is none. Nothing from the end on is seen. */
    int match(String text, int at, int end) {
        return first.match(text, at, end);
    }

    /** Nodes are joined from the last to the first: each knows what comes next. */
    interface Node {
        int match(String text, int at, int end);
    }

    record Accept() implements Node {
        @Override
        public int match(String text, int at, int end) {
            return at;
        }
    }

    /**
     * Characters of a set: as many as there are, then fewer until the rest matches.
     *
     * @param most {@link Integer#MAX_VALUE} where there is no limit
     * @param possessive never fewer than there are
     */
    record Repeat(CharacterSet set, int least, int most, boolean possessive, Node next) implements Node {
        @Override
        public int match(String text, int at, int end) {
            int place = at;
            int count = 0;
            while (count < most && place < end) {
                int c = codePoint(text, place, end);
                if (!set.has(c)) {
                    break;
                }
                place += Character.charCount(c);
                count++;
            }
            while (count >= least) {
                int match = next.match(text, place, end);
                if (match != NONE || possessive || count == 0) {
                    return match;
                }
                place -= Character.charCount(text.codePointBefore(place));
                count--;
            }
            return NONE;
        }
    }

    /** The first of several that matches, with what follows it. */
    record Choice(List<Node> alternatives) implements Node {
        @Override
        public int match(String text, int at, int end) {
            for (Node alternative : alternatives) {
                int match = alternative.match(text, at, end);
                if (match != NONE) {
                    return match;
                }
            }
            return NONE;
        }
    }

    /** What has to follow here, or must not. */
    record Look(Node inside, boolean wanted, Node next) implements Node {
        @Override
        public int match(String text, int at, int end) {
            return (inside.match(text, at, end) != NONE) == wanted ? next.match(text, at, end) : NONE;
        }
    }

    private static int codePoint(String text, int at, int end) {
        char c = text.charAt(at);
        return Character.isHighSurrogate(c) && at + 1 < end ? text.codePointAt(at) : c;
    }
}
