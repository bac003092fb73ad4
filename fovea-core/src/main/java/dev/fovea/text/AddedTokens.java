package dev.fovea.text;

import dev.fovea.text.bpe.CharacterSet;
import dev.fovea.text.bpe.TextTrie;
import java.util.List;
import java.util.function.UnaryOperator;

/** Finds added tokens in a text: from left to right, of those that begin at one place the longest. Immutable. */
final class AddedTokens {
    /**
     * An added token and its id.
     *
     * @param plain whether it is plain text where it is found, as all special tokens are with split_special_tokens
     */
    record Entry(AddedToken token, int id, boolean plain) {}

    /** Takes the text's parts in turn. */
    interface Parts {
        /** A part in which no token was found; none is empty. */
        void text(int from, int end);

        void token(int id);
    }

    private final List<Entry> entries;
    private final TextTrie contents = new TextTrie();

    /**
     * @param entries special tokens first: of two that read the same it is the first
     * @param spelled how the content of a token reads in the texts that are searched
     */
    AddedTokens(List<Entry> entries, UnaryOperator<String> spelled) {
        this.entries = List.copyOf(entries);
        for (int i = 0; i < entries.size(); i++) {
            contents.add(spelled.apply(entries.get(i).token().content()), i);
        }
    }

    void split(String text, Parts parts) {
        int done = 0;
        for (int at = contents.candidate(text, 0); at < text.length(); ) {
            long match = contents.longest(text, at);
            if (match < 0) {
                at = contents.candidate(text, at + 1);
                continue;
            }
            Entry entry = entries.get((int) match);
            int end = (int) (match >>> 32);
            if (!entry.plain() && (!entry.token().singleWord() || standsAlone(text, at, end))) {
                int from = entry.token().lstrip() ? Math.max(spacesBefore(text, at), done) : at;
                int to = entry.token().rstrip() ? spacesBehind(text, end) : end;
                if (done < from) {
                    parts.text(done, from);
                }
                parts.token(entry.id());
                done = to;
            }
            at = contents.candidate(text, end);
        }
        if (done < text.length()) {
            parts.text(done, text.length());
        }
    }

    private static boolean standsAlone(String text, int from, int end) {
        return (from == 0 || !CharacterSet.isWord(text.codePointBefore(from)))
                && (end == text.length() || !CharacterSet.isWord(text.codePointAt(end)));
    }

    private static int spacesBefore(String text, int from) {
        int at = from;
        while (at > 0 && CharacterSet.isSpace(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private static int spacesBehind(String text, int end) {
        int at = end;
        while (at < text.length() && CharacterSet.isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
