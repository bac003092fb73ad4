package dev.fovea.text.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into text and the tokens of its tags, and does all of the white space control: trim_blocks takes the
 * newline after a block or comment, lstrip_blocks the white space before one that starts its line, {@code -} takes all
 * white space on its side, {@code +} keeps it.
 */
final class Lexer {
    enum Kind {
        TEXT,
        EXPRESSION_BEGIN,
        EXPRESSION_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    record Token(Kind kind, String text, int line) {
        boolean is(Kind kind, String text) {
            return this.kind == kind && this.text.equals(text);
        }

        boolean isName(String name) {
            return is(Kind.NAME, name);
        }

        boolean isOperator(String operator) {
            return is(Kind.OPERATOR, operator);
        }

        @Override
        public String toString() {
            return switch (kind) {
                case TEXT, STRING -> "text";
                case END -> "the end of the template";
                default -> "'" + text + "'";
            };
        }
    }

    private static final Pattern NEWLINE = Pattern.compile("\r\n?");
    private static final Pattern TAG = Pattern.compile("\\{\\{|\\{%|\\{#");
    private static final Pattern RAW =
            Pattern.compile("\\{%[-+]?\\s*raw\\s*(-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern ENDRAW =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\n?)", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern COMMENT_END = Pattern.compile("\\+#}|-#}\\s*|#}\n?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern BLOCK_END = Pattern.compile("\\+%}|-%}\\s*|%}\n?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern EXPRESSION_END = Pattern.compile("-}}\\s*|}}", Pattern.UNICODE_CHARACTER_CLASS);
    // possessive: groups that are given back would be frames of a stack
    private static final String DIGITS = "\\d++(?:_\\d++)*+";
    private static final Pattern FLOAT =
            Pattern.compile(DIGITS + "(?:(?:\\." + DIGITS + ")?[eE][+-]?" + DIGITS + "|\\." + DIGITS + ")");
    private static final Pattern INTEGER = Pattern.compile(
            "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++|[1-9](?:_?\\d)*+|0(?:_?0)*+");
    private static final Pattern NAME = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    private boolean lineStart = true;

    private Lexer(String source) {
        String normal = NEWLINE.matcher(source).replaceAll("\n");
        this.source = normal.endsWith("\n") ? normal.substring(0, normal.length() - 1) : normal;
    }

    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        while (lexer.position < lexer.source.length()) {
            lexer.textAndTag();
        }
        lexer.add(Kind.END, "");
        return lexer.tokens;
    }

    private void textAndTag() {
        Matcher tag = TAG.matcher(source);
        if (!tag.find(position)) {
            text(source.substring(position), "", false);
            moveTo(source.length());
            return;
        }
        String before = source.substring(position, tag.start());
        String sign = sign(tag.end());
        boolean block = !tag.group().equals("{{");
        int signEnd = tag.end() + sign.length();
        text(before, sign, block);
        moveTo(tag.start());
        switch (tag.group()) {
            case "{#" -> comment(signEnd);
            case "{%" -> {
                Matcher raw = RAW.matcher(source).region(position, source.length());
                if (raw.lookingAt()) {
                    raw(raw.end());
                } else {
                    inside(signEnd, Kind.BLOCK_BEGIN, Kind.BLOCK_END, BLOCK_END);
                }
            }
            default -> inside(signEnd, Kind.EXPRESSION_BEGIN, Kind.EXPRESSION_END, EXPRESSION_END);
        }
    }

    private String sign(int at) {
        char c = at < source.length() ? source.charAt(at) : ' ';
        return c == '-' || c == '+' ? String.valueOf(c) : "";
    }

    /** @param block whether a block or comment follows: only before these does the white space of a line go */
    private void text(String text, String sign, boolean block) {
        String kept = text;
        if (sign.equals("-")) {
            kept = Strings.rstrip(text);
        } else if (sign.isEmpty() && block) {
            int start = text.lastIndexOf('\n') + 1;
            if ((start > 0 || lineStart) && Strings.isBlank(text.substring(start))) {
                kept = text.substring(0, start);
            }
        }
        if (!kept.isEmpty()) {
            add(Kind.TEXT, kept);
        }
    }

    private void comment(int from) {
        Matcher end = COMMENT_END.matcher(source);
        if (!end.find(from)) {
            throw new TemplateException(line, "a comment has no end: expected '#}'");
        }
        moveTo(end.end());
    }

    private void raw(int from) {
        Matcher end = ENDRAW.matcher(source);
        if (!end.find(from)) {
            throw new TemplateException(line, "a raw block has no end: expected '{% endraw %}'");
        }
        moveTo(from);
        text(source.substring(from, end.start()), end.group(1), true);
        moveTo(end.end());
    }

    private void inside(int from, Kind begin, Kind end, Pattern endPattern) {
        add(begin, begin == Kind.BLOCK_BEGIN ? "{%" : "{{");
        moveTo(from);
        Deque<String> open = new ArrayDeque<>();
        while (true) {
            moveTo(Strings.skipSpace(source, position));
            if (position == source.length()) {
                throw new TemplateException(line, "the template ends inside a tag");
            }
            Matcher matcher = endPattern.matcher(source).region(position, source.length());
            if (open.isEmpty() && matcher.lookingAt()) {
                add(end, end == Kind.BLOCK_END ? "%}" : "}}");
                moveTo(matcher.end());
                return;
            }
            token(open);
        }
    }

    private void token(Deque<String> open) {
        char c = source.charAt(position);
        if (c == '"' || c == '\'') {
            string(c);
        } else if (source.charAt(position - 1) == '.' || !take(FLOAT, Kind.FLOAT)) {
            if (!take(INTEGER, Kind.INTEGER) && !take(NAME, Kind.NAME) && !take(OPERATOR, Kind.OPERATOR)) {
                throw new TemplateException(line, "unexpected character '" + c + "'");
            }
            balance(tokens.getLast(), open);
        }
    }

    private boolean take(Pattern pattern, Kind kind) {
        Matcher matcher = pattern.matcher(source).region(position, source.length());
        if (!matcher.lookingAt()) {
            return false;
        }
        add(kind, matcher.group());
        moveTo(matcher.end());
        return true;
    }

    /** An end marker counts only outside of brackets: <code>{{ {'a': {}}}}</code> ends after the third brace. */
    private static void balance(Token token, Deque<String> open) {
        switch (token.kind() == Kind.OPERATOR ? token.text() : "") {
            case "{" -> open.push("}");
            case "(" -> open.push(")");
            case "[" -> open.push("]");
            case "}", ")", "]" -> {
                if (open.isEmpty() || !open.pop().equals(token.text())) {
                    throw new TemplateException(token.line(), "unexpected '" + token.text() + "'");
                }
            }
            default -> {}
        }
    }

    private void string(char quote) {
        int end = position + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new TemplateException(line, "a string has no end");
        }
        add(Kind.STRING, Strings.unescape(source.substring(position + 1, end), line));
        moveTo(end + 1);
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, line));
    }

    private void moveTo(int to) {
        for (int i = position; i < to; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        lineStart = to > 0 && source.charAt(to - 1) == '\n';
        position = to;
    }
}
