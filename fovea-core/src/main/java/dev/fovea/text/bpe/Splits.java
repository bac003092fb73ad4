package dev.fovea.text.bpe;

import java.util.Map;

/**
 * Cuts where something matches.
 *
 * @param inverted whether what lies between matches counts as the matches
 */
record Splits(Finder finder, Behavior behavior, boolean inverted) implements PreTokenizer {
    /** What becomes of a match. */
    enum Behavior {
        REMOVED,
        ISOLATED,
        MERGED_WITH_PREVIOUS,
        MERGED_WITH_NEXT,
        CONTIGUOUS;

        /** By their names in tokenizer.json. */
        static final Map<String, Behavior> NAMED = Map.of(
                "Removed", REMOVED,
                "Isolated", ISOLATED,
                "MergedWithPrevious", MERGED_WITH_PREVIOUS,
                "MergedWithNext", MERGED_WITH_NEXT,
                "Contiguous", CONTIGUOUS);

        /** Whether a range is put to the one before it. */
        private boolean joins(boolean before, boolean now) {
            return switch (this) {
                case REMOVED, ISOLATED -> false;
                case MERGED_WITH_PREVIOUS -> now && !before;
                case MERGED_WITH_NEXT -> before && !now;
                case CONTIGUOUS -> before == now;
            };
        }
    }

    @Override
    public void split(String text, int from, int end, Words words) {
        Cutter cutter = new Cutter(text, words);
        finder.find(text, from, end, cutter);
        cutter.finish();
    }

    /** Holds the last range back, which the next may be put to. */
    private final class Cutter implements Finder.Ranges {
        private final String text;
        private final Words words;
        private int heldFrom;
        private int heldEnd;
        private boolean heldMatch;

        Cutter(String text, Words words) {
            this.text = text;
            this.words = words;
        }

        @Override
        public void range(int from, int end, boolean matches) {
            boolean match = matches != inverted;
            if (heldFrom < heldEnd && behavior.joins(heldMatch, match)) {
                heldEnd = end;
            } else {
                finish();
                heldFrom = from;
                heldEnd = end;
            }
            heldMatch = match;
        }

        void finish() {
            if (heldFrom < heldEnd && !(heldMatch && behavior == Behavior.REMOVED)) {
                words.word(text, heldFrom, heldEnd);
            }
            heldFrom = heldEnd;
        }
    }
}
