package dev.fovea.text.grammar;

import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.util.ArrayList;
import java.util.List;

/**
 * The regular part of ECMAScript's expressions: characters, classes, groups, alternatives, repetitions, {@code ^} and {@code $},
 * {@code \d \w \s}. What is not regular (backreferences, lookaround, {@code \b}) or depends on Unicode's tables ({@code \p}) is
 * refused.
 */
final class RegexParser {
    private static final int MAX_REPEAT = 10_000;
    private static final CharSet DIGIT = CharSet.range('0', '9');
    private static final CharSet WORD =
            DIGIT.or(CharSet.range('a', 'z')).or(CharSet.range('A', 'Z')).or(CharSet.of('_'));
    private static final CharSet SPACE = CharSet.anyOf(
                    "\t\n\u000B\f\r \u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF")
            .or(CharSet.range(0x2000, 0x200A));
    private static final CharSet NOT_DOT = CharSet.anyOf("\n\r\u2028\u2029");

    private final String text;
    private final String where;
    private int at;

    private RegexParser(String text, String where) {
        this.text = text;
        this.where = where;
    }

    /**
     * @param where named in messages
     * @throws OptionException where it is no expression, or one that is not supported
     */
    static Regex parse(String text, String where) {
        RegexParser parser = new RegexParser(text, where);
        Regex regex = parser.either();
        if (parser.at < text.length()) {
            throw parser.problem("has a ) without a (");
        }
        return regex;
    }

    private Regex either() {
        List<Regex> parts = new ArrayList<>(List.of(concat()));
        while (take('|')) {
            parts.add(concat());
        }
        return parts.size() == 1 ? parts.getFirst() : new Regex.Either(parts);
    }

    private Regex concat() {
        List<Regex> parts = new ArrayList<>();
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            Regex atom = atom();
            parts.add(repeated(atom));
        }
        return parts.size() == 1 ? parts.getFirst() : new Regex.Concat(parts);
    }

    private Regex repeated(Regex atom) {
        int[] times = times();
        if (times.length == 0) {
            return atom;
        }
        if (atom instanceof Regex.Begin || atom instanceof Regex.End) {
            throw problem("repeats an anchor");
        }
        take('?'); // a lazy one finds the same texts
        if (times().length > 0) {
            throw problem("repeats a repetition");
        }
        return new Regex.Repeat(atom, times[0], times[1]);
    }

    /** The least and the greatest number of a repetition that stands here; empty where none does. */
    private int[] times() {
        if (take('*')) {
            return new int[] {0, -1};
        }
        if (take('+')) {
            return new int[] {1, -1};
        }
        if (take('?')) {
            return new int[] {0, 1};
        }
        if (!take('{')) {
            return new int[0];
        }
        int min = number();
        int max = min;
        if (take(',')) {
            max = at < text.length() && text.charAt(at) == '}' ? -1 : number();
        }
        if (!take('}') || (max >= 0 && max < min)) {
            throw problem("has a { that begins no repetition; write \\{ for the sign itself");
        }
        return new int[] {min, max};
    }

    private int number() {
        int begin = at;
        while (at < text.length() && DIGIT.contains(text.charAt(at))) {
            at++;
        }
        if (begin == at || at - begin > 5 || Integer.parseInt(text, begin, at, 10) > MAX_REPEAT) {
            throw problem("has a { that is not followed by a number of repetitions of at most " + MAX_REPEAT);
        }
        return Integer.parseInt(text, begin, at, 10);
    }

    private Regex atom() {
        int c = next();
        return switch (c) {
            case '^' -> new Regex.Begin();
            case '$' -> new Regex.End();
            case '.' -> new Regex.Chars(CharSet.ALL.minus(NOT_DOT));
            case '(' -> group();
            case '[' -> new Regex.Chars(characterClass());
            case '\\' -> new Regex.Chars(escape(false));
            case '*', '+', '?', '{' -> throw problem("repeats nothing at position " + (at - 1));
            default -> new Regex.Chars(CharSet.of(c));
        };
    }

    private Regex group() {
        if (take('?') && !take(':')) {
            throw problem("has a group that begins with (?, which is supported as (?: alone");
        }
        Regex inner = either();
        if (!take(')')) {
            throw problem("has a ( without a )");
        }
        return inner;
    }

    private CharSet characterClass() {
        boolean negated = take('^');
        CharSet set = CharSet.NONE;
        while (!take(']')) {
            CharSet one = classAtom();
            if (at + 1 < text.length() && text.charAt(at) == '-' && text.charAt(at + 1) != ']') {
                at++;
                set = set.or(range(one, classAtom()));
            } else {
                set = set.or(one);
            }
        }
        return negated ? CharSet.ALL.minus(set) : set.and(CharSet.ALL);
    }

    private CharSet range(CharSet first, CharSet last) {
        int from = first.bounds()[0];
        int to = last.bounds()[0];
        if (!first.equals(CharSet.of(from)) || !last.equals(CharSet.of(to)) || from > to) {
            throw problem("has a range in [] that has no two ends in order");
        }
        return CharSet.range(from, to);
    }

    private CharSet classAtom() {
        int c = next();
        return c == '\\' ? escape(true) : CharSet.of(c);
    }

    private CharSet escape(boolean inClass) {
        int c = next();
        return switch (c) {
            case 'd' -> DIGIT;
            case 'D' -> CharSet.ALL.minus(DIGIT);
            case 'w' -> WORD;
            case 'W' -> CharSet.ALL.minus(WORD);
            case 's' -> SPACE;
            case 'S' -> CharSet.ALL.minus(SPACE);
            case 'n' -> CharSet.of('\n');
            case 'r' -> CharSet.of('\r');
            case 't' -> CharSet.of('\t');
            case 'f' -> CharSet.of('\f');
            case 'v' -> CharSet.of(0x0B);
            case 'x' -> CharSet.of(hex(2));
            case 'u' -> CharSet.of(hex(4));
            case 'b' -> {
                if (!inClass) {
                    throw problem("has \\b, which is not supported");
                }
                yield CharSet.of('\b');
            }
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw problem("has \\" + Character.toString(c) + ", which is not supported");
                }
                yield CharSet.of(c);
            }
        };
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(next(), 16);
            if (digit < 0) {
                throw problem("has an escape without its " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
        }
        return value;
    }

    private int next() {
        if (at == text.length()) {
            throw problem("ends too early");
        }
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private boolean take(char c) {
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private OptionException problem(String what) {
        return new OptionException(
                where + ": the pattern " + Quote.of(text) + " " + what,
                "patterns are the regular part of ECMAScript's: see docs/java-api.md");
    }
}
