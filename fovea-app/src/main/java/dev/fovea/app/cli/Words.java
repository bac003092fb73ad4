package dev.fovea.app.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * A line in words, as a shell cuts it: quotes hold spaces together, and outside of them a backslash takes the meaning from a space
 * or quote. Any other backslash is one, so that Windows' paths stay what they are.
 */
final class Words {
    private Words() {}

    /**
     * @param start of the word in the line
     * @param value without quotes and escapes
     * @param quote that is still open at the end of the line; 0 where none is
     */
    record Word(int start, String value, char quote) {}

    static List<String> values(String line) {
        return split(line).stream().map(Word::value).toList();
    }

    static List<Word> split(String line) {
        List<Word> words = new ArrayList<>();
        int at = 0;
        while (at < line.length()) {
            if (Character.isWhitespace(line.charAt(at))) {
                at++;
            } else {
                at = add(line, at, words);
            }
        }
        return words;
    }

    /** Adds the word that starts here and returns where it ends. */
    private static int add(String line, int start, List<Word> words) {
        StringBuilder value = new StringBuilder();
        char quote = 0;
        int at = start;
        while (at < line.length() && (quote != 0 || !Character.isWhitespace(line.charAt(at)))) {
            char c = line.charAt(at++);
            if (c == quote) {
                quote = 0;
            } else if (quote == 0 && isQuote(c)) {
                quote = c;
            } else if (quote == 0 && c == '\\' && at < line.length() && isSpecial(line.charAt(at))) {
                value.append(line.charAt(at++));
            } else {
                value.append(c);
            }
        }
        words.add(new Word(start, value.toString(), quote));
        return at;
    }

    /** A word that {@link #split} reads as this value. */
    static String escaped(String value) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            escaped.append(isSpecial(c) ? "\\" : "").append(c);
        }
        return escaped.toString();
    }

    private static boolean isSpecial(char c) {
        return Character.isWhitespace(c) || isQuote(c);
    }

    private static boolean isQuote(char c) {
        return c == '"' || c == '\'';
    }
}
