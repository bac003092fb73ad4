package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lines of a width, as Python's textwrap makes them of words and of what is between them.
 *
 * @param breakWords whether a word longer than a line is cut
 * @param breakHyphens whether a word may end behind its hyphens
 */
record WordWrap(long width, boolean breakWords, boolean breakHyphens) {
    private static final String SPACE = "[\\t\\n\\x0b\\x0c\\r ]";
    private static final String LETTER = "[^\\d\\W]";
    private static final String IN_WORD = "[\\w!\"'&.,?]";
    private static final Pattern PLAIN = Pattern.compile(SPACE + "+");

    /** White space; a dash between words; or a word up to its hyphen, its end or a dash. */
    private static final Pattern HYPHENATED = Pattern.compile(
            SPACE + "+"
                    + "|(?<=" + IN_WORD + ")-{2,}(?=\\w)"
                    + "|[^\\t\\n\\x0b\\x0c\\r ]+?(?:"
                    + "-(?:(?<=" + LETTER + "{2}-)|(?<=" + LETTER + "-" + IN_WORD + "-))(?=" + LETTER + "-?" + LETTER
                    + ")"
                    + "|(?=" + SPACE + "|\\z)"
                    + "|(?<=" + IN_WORD + ")(?=-{2,}\\w))",
            Pattern.UNICODE_CHARACTER_CLASS);

    WordWrap {
        if (width <= 0) {
            throw new Failure("wordwrap needs a width above 0");
        }
    }

    /** The lines of a paragraph. */
    List<String> lines(String paragraph) {
        Deque<String> chunks = chunks(paragraph);
        List<String> lines = new ArrayList<>();
        while (!chunks.isEmpty()) {
            if (!lines.isEmpty() && Strings.isBlank(chunks.getFirst())) {
                chunks.removeFirst();
            }
            List<String> line = line(chunks);
            if (!line.isEmpty() && Strings.isBlank(line.getLast())) {
                line.removeLast();
            }
            if (!line.isEmpty()) {
                lines.add(String.join("", line));
            }
        }
        return lines;
    }

    private Deque<String> chunks(String text) {
        Deque<String> chunks = new ArrayDeque<>();
        Matcher found = (breakHyphens ? HYPHENATED : PLAIN).matcher(text);
        int end = 0;
        while (found.find()) {
            add(chunks, text.substring(end, found.start()));
            add(chunks, found.group());
            end = found.end();
        }
        add(chunks, text.substring(end));
        return chunks;
    }

    private static void add(Deque<String> chunks, String chunk) {
        if (!chunk.isEmpty()) {
            chunks.add(chunk);
        }
    }

    /** Takes as many chunks as fit, and of one that fits into no line what is left of this one. */
    private List<String> line(Deque<String> chunks) {
        List<String> line = new ArrayList<>();
        long length = 0;
        while (!chunks.isEmpty() && length + length(chunks.getFirst()) <= width) {
            length += length(chunks.getFirst());
            line.add(chunks.removeFirst());
        }
        if (!chunks.isEmpty() && length(chunks.getFirst()) > width) {
            if (breakWords) {
                String word = chunks.removeFirst();
                int end = cut(word, width - length);
                line.add(word.substring(0, end));
                chunks.addFirst(word.substring(end));
            } else if (line.isEmpty()) {
                line.add(chunks.removeFirst());
            }
        }
        return line;
    }

    /** Where a long word is cut: behind its last hyphen that fits, unless there are only hyphens in front. */
    private int cut(String word, long room) {
        int end = Strings.offset(word, room);
        int hyphen = breakHyphens ? word.substring(0, end).lastIndexOf('-') : -1;
        boolean useful = hyphen > 0 && word.substring(0, hyphen).chars().anyMatch(c -> c != '-');
        return useful ? hyphen + 1 : end;
    }

    private static long length(String text) {
        return text.codePointCount(0, text.length());
    }
}
