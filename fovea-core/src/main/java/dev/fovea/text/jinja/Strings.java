package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/** What Python's str does. Its characters are code points, not Java's chars. */
public final class Strings {
    private Strings() {}

    /** str.isspace. */
    static boolean isSpace(int c) {
        return c == ' '
                || (c >= '\t' && c <= '\r')
                || (c >= 0x1C && c <= 0x1F)
                || c == 0x85
                || (c > 0x85 && Character.isSpaceChar(c));
    }

    public static boolean isBlank(String text) {
        return text.codePoints().allMatch(Strings::isSpace);
    }

    static int skipSpace(String text, int from) {
        int at = from;
        while (at < text.length() && isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    public static String strip(String text) {
        return strip(text, Strings::isSpace, true, true);
    }

    public static String rstrip(String text) {
        return strip(text, Strings::isSpace, false, true);
    }

    static String strip(String text, IntPredicate gone, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && gone.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && gone.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    static int compare(String a, String b) {
        return Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray());
    }

    static List<Object> characters(String text) {
        Budget.checkItems(text.length());
        List<Object> characters = new ArrayList<>(text.length());
        text.codePoints().forEach(c -> characters.add(Character.toString(c)));
        return characters;
    }

    static String join(List<Object> characters) {
        StringBuilder text = new StringBuilder();
        characters.forEach(text::append);
        return text.toString();
    }

    /** Where the character of an index begins, counted from the end where it is negative; -1 where there is none. */
    static int offset(String text, long index) {
        int length = text.codePointCount(0, text.length());
        long at = index < 0 ? index + length : index;
        return at < 0 || at >= length ? -1 : text.offsetByCodePoints(0, (int) at);
    }

    static String substring(String text, long from, long to) {
        int start = text.offsetByCodePoints(0, (int) from);
        return to <= from ? "" : text.substring(start, text.offsetByCodePoints(start, (int) (to - from)));
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        return title(text.substring(0, first)) + lower(text.substring(first));
    }

    /** str.title: a letter behind a letter is small, any other is large. */
    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean letter = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            String one = Character.toString(c);
            int titled = Character.toTitleCase(c);
            out.append(inWord ? lower(one) : titled != c ? Character.toString(titled) : letter ? upper(one) : one);
            inWord = letter;
        }
        return out.toString();
    }

    /** At most {@code count} replacements, all where it is negative. */
    static String replace(String text, String old, String with, long count) {
        long found = count(text, old);
        long times = count < 0 ? found : Math.min(count, found);
        Budget.check(text.length() + times * Math.max(0, with.length() - old.length()));
        if (times == found && !old.isEmpty()) {
            return text.replace(old, with);
        }
        StringBuilder out = new StringBuilder();
        int at = 0;
        for (long i = 0; i < times; i++) {
            int next = text.indexOf(old, at);
            out.append(text, at, next).append(with);
            at = next + old.length();
            if (old.isEmpty() && at < text.length()) {
                int width = Character.charCount(text.codePointAt(at));
                out.append(text, at, at + width);
                at += width;
            }
        }
        return out.append(text, at, text.length()).toString();
    }

    /** How often a part occurs without overlap; the empty one occurs around each character. */
    static long count(String text, String part) {
        if (part.isEmpty()) {
            return text.codePointCount(0, text.length()) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    /** @param limit of cuts; none where it is negative */
    static List<Object> split(String text, String separator, long limit) {
        if (separator.isEmpty()) {
            throw new Failure("the separator of split is empty");
        }
        List<Object> parts = new ArrayList<>();
        int at = 0;
        int next = text.indexOf(separator);
        while (next >= 0 && (limit < 0 || parts.size() < limit)) {
            parts.add(text.substring(at, next));
            Budget.checkItems(parts.size());
            at = next + separator.length();
            next = text.indexOf(separator, at);
        }
        parts.add(text.substring(at));
        return parts;
    }

    static List<Object> rsplit(String text, String separator, long limit) {
        if (separator.isEmpty()) {
            throw new Failure("the separator of rsplit is empty");
        }
        List<Object> parts = new ArrayList<>();
        int end = text.length();
        int next = text.lastIndexOf(separator);
        while (next >= 0 && (limit < 0 || parts.size() < limit)) {
            parts.add(text.substring(next + separator.length(), end));
            Budget.checkItems(parts.size());
            end = next;
            next = text.lastIndexOf(separator, end - separator.length());
        }
        parts.add(text.substring(0, end));
        Collections.reverse(parts);
        return parts;
    }

    /** The words between white space; what follows the last cut keeps its own. */
    static List<Object> words(String text, long limit) {
        List<Object> words = new ArrayList<>();
        String rest = strip(text, Strings::isSpace, true, false);
        int at = 0;
        while (at < rest.length()) {
            if (limit >= 0 && words.size() >= limit) {
                words.add(rest.substring(at));
                return words;
            }
            int end = at;
            while (end < rest.length() && !isSpace(rest.charAt(end))) {
                end++;
            }
            words.add(rest.substring(at, end));
            Budget.checkItems(words.size());
            at = skipSpace(rest, end);
        }
        return words;
    }

    static List<Object> wordsFromRight(String text, long limit) {
        if (limit < 0) {
            return words(text, limit);
        }
        List<Object> words = words(new StringBuilder(text).reverse().toString(), limit);
        Collections.reverse(words);
        words.replaceAll(w -> new StringBuilder((String) w).reverse().toString());
        return words;
    }

    static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            if (isLineEnd(text.charAt(i))) {
                boolean both = text.startsWith("\r\n", i);
                lines.add(text.substring(start, keepEnds ? i + (both ? 2 : 1) : i));
                Budget.checkItems(lines.size());
                i += both ? 1 : 0;
                start = i + 1;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == '\u2028' || c == '\u2029';
    }

    /** Python's repr of a text. */
    static void repr(String text, StringBuilder out) {
        char quote = text.contains("'") && !text.contains("\"") ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(code(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    /** The text with codes for what is beyond ASCII. */
    static String ascii(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c < 0x80) {
                out.appendCodePoint(c);
            } else {
                out.append(code(c));
            }
        });
        return out.toString();
    }

    private static String code(int c) {
        return String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    }

    static String swapCase(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints()
                .mapToObj(Character::toString)
                .forEach(c -> out.append(Character.isUpperCase(c.codePointAt(0)) ? lower(c) : upper(c)));
        return out.toString();
    }

    /** What makes a text as wide as asked for. */
    static String filling(String text, long width, String fill) {
        long missing = Math.max(0, width - text.codePointCount(0, text.length()));
        Budget.check(missing + text.length());
        return fill.repeat((int) missing);
    }

    static String center(String text, long width, String fill) {
        int missing = filling(text, width, " ").length();
        int left = missing / 2 + (int) (missing & width & 1);
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    static String expandTabs(String text, long size) {
        StringBuilder out = new StringBuilder();
        long column = 0;
        for (int c : text.codePoints().toArray()) {
            if (c == '\t') {
                long spaces = size > 0 ? size - column % size : 0;
                Budget.check(out.length() + spaces);
                out.repeat(' ', (int) spaces);
                column += spaces;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return out.toString();
    }

    static boolean isPrintable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }

    /** The value of a string literal: Python's escapes; a backslash before anything else stays. */
    static String unescape(String literal, int line) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < literal.length()) {
            char c = literal.charAt(i++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char e = literal.charAt(i++);
            int known = "abfnrtv\\'\"\n".indexOf(e);
            int hex = e == 'x' ? 2 : e == 'u' ? 4 : e == 'U' ? 8 : 0;
            if (known >= 0) {
                out.append(known == 10 ? "" : "\u0007\b\f\n\r\t\u000B\\'\"".substring(known, known + 1));
            } else if (hex > 0) {
                out.appendCodePoint(code(literal, i, i + hex, 16, line));
                i += hex;
            } else if (e >= '0' && e <= '7') {
                int end = i;
                while (end < literal.length() && end < i + 2 && "01234567".indexOf(literal.charAt(end)) >= 0) {
                    end++;
                }
                out.appendCodePoint(code(literal, i - 1, end, 8, line));
                i = end;
            } else {
                out.append('\\').append(e);
            }
        }
        return out.toString();
    }

    private static int code(String literal, int from, int to, int radix, int line) {
        try {
            int code = Integer.parseInt(literal.substring(from, Math.min(to, literal.length())), radix);
            if (to <= literal.length() && Character.isValidCodePoint(code)) {
                return code;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new TemplateException(line, "a string has an escape that is no character");
    }
}
