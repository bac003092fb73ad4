package dev.fovea.models.florence2;

/** White space as Python's str.strip and {@code \s} take it. */
final class Whitespace {
    /** One character of it, as a pattern. */
    static final String PATTERN = "[\\t-\\r\\x1c-\\x1f\\x85\\p{Z}]";

    private Whitespace() {}

    /** Without white space at both ends. */
    static String strip(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isWhite(text.charAt(start))) {
            start++;
        }
        while (start < end && isWhite(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isWhite(char c) {
        return (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f) || c == 0x85 || Character.isSpaceChar(c);
    }
}
