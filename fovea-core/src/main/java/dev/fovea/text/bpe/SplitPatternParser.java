package dev.fovea.text.bpe;

import dev.fovea.text.bpe.SplitPattern.Accept;
import dev.fovea.text.bpe.SplitPattern.Choice;
import dev.fovea.text.bpe.SplitPattern.Look;
import dev.fovea.text.bpe.SplitPattern.Node;
import dev.fovea.text.bpe.SplitPattern.Repeat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/** Reads a regular expression. What is read is a function of what follows, as {@link SplitPattern} joins nodes. */
final class SplitPatternParser {
    /** Several times the longest known; groups are read by recursion. */
    private static final int LONGEST = 2000;

    private final String source;
    private int at;

    SplitPatternParser(String source) {
        this.source = source;
    }

    Node parse() {
        if (source.length() > LONGEST) {
            throw new UnsupportedOperationException("more than " + LONGEST + " characters");
        }
        UnaryOperator<Node> all = alternatives(false);
        if (at < source.length()) {
            throw unknown();
        }
        return all.apply(new Accept());
    }

    private UnsupportedOperationException unknown() {
        return new UnsupportedOperationException(
                at < source.length() ? source.substring(at, Math.min(source.length(), at + 8)) : "its end");
    }

    private boolean takes(String text) {
        if (!source.startsWith(text, at)) {
            return false;
        }
        at += text.length();
        return true;
    }

    private char next() {
        if (at == source.length()) {
            throw unknown();
        }
        return source.charAt(at++);
    }

    private UnaryOperator<Node> alternatives(boolean anyCase) {
        List<UnaryOperator<Node>> all = new ArrayList<>();
        do {
            all.add(sequence(anyCase));
        } while (takes("|"));
        return all.size() == 1
                ? all.getFirst()
                : next -> new Choice(all.stream().map(one -> one.apply(next)).toList());
    }

    private UnaryOperator<Node> sequence(boolean anyCase) {
        List<UnaryOperator<Node>> parts = new ArrayList<>();
        while (at < source.length() && source.charAt(at) != '|' && source.charAt(at) != ')') {
            parts.add(source.charAt(at) == '(' ? group(anyCase) : repeated(set(anyCase)));
        }
        return next -> {
            Node node = next;
            for (UnaryOperator<Node> part : parts.reversed()) {
                node = part.apply(node);
            }
            return node;
        };
    }

    private UnaryOperator<Node> group(boolean anyCase) {
        if (takes("(?!") || takes("(?=")) {
            boolean wanted = source.charAt(at - 1) == '=';
            UnaryOperator<Node> inside = closed(anyCase);
            return next -> new Look(inside.apply(new Accept()), wanted, next);
        }
        UnaryOperator<Node> inside = closed(opensAnyCase() || anyCase);
        if (takes("?")) {
            if (at < source.length() && "?+".indexOf(source.charAt(at)) >= 0) {
                throw unknown();
            }
            return next -> new Choice(List.of(inside.apply(next), next));
        }
        if (at < source.length() && "*+{".indexOf(source.charAt(at)) >= 0) {
            throw unknown();
        }
        return inside;
    }

    /** Takes the beginning of a group. Returns whether case does not count in it. */
    private boolean opensAnyCase() {
        if (takes("(?i:")) {
            return true;
        }
        if (!takes("(?:")) {
            at++;
            if (source.startsWith("?", at)) {
                throw unknown();
            }
        }
        return false;
    }

    private UnaryOperator<Node> closed(boolean anyCase) {
        UnaryOperator<Node> inside = alternatives(anyCase);
        if (!takes(")")) {
            throw unknown();
        }
        return inside;
    }

    private UnaryOperator<Node> repeated(CharacterSet set) {
        int least = 1;
        int most = 1;
        boolean many = true;
        if (takes("?")) {
            least = 0;
        } else if (takes("*")) {
            least = 0;
            most = Integer.MAX_VALUE;
        } else if (takes("+")) {
            most = Integer.MAX_VALUE;
        } else if (takes("{")) {
            least = source.startsWith(",", at) ? 0 : number();
            most = !takes(",") ? least : source.startsWith("}", at) ? Integer.MAX_VALUE : number();
            if (!takes("}")) {
                throw unknown();
            }
        } else {
            many = false;
        }
        // Behind an interval Oniguruma takes a plus for another repetition.
        boolean interval = many && source.charAt(at - 1) == '}';
        if (many && (source.startsWith("?", at) || (interval && source.startsWith("+", at)))) {
            throw unknown();
        }
        boolean possessive = many && takes("+");
        int from = least;
        int to = most;
        return next -> new Repeat(set, from, to, possessive, next);
    }

    private int number() {
        int start = at;
        while (at < source.length() && at < start + 4 && Character.isDigit(source.charAt(at))) {
            at++;
        }
        if (at == start) {
            throw unknown();
        }
        return Integer.parseInt(source.substring(start, at));
    }

    /** One character, or a class of them. */
    private CharacterSet set(boolean anyCase) {
        if (takes("[")) {
            boolean negated = takes("^");
            List<IntPredicate> members = new ArrayList<>();
            do {
                members.add(member(anyCase));
            } while (!takes("]"));
            return new CharacterSet(c -> members.stream().anyMatch(m -> m.test(c)) != negated);
        }
        if ("^$.*+?{".indexOf(source.charAt(at)) >= 0) {
            throw unknown();
        }
        return new CharacterSet(source.charAt(at) == '\\' ? escape() : literal(codePoint(), anyCase));
    }

    /** A part of a class: an escape, a character, or a range. */
    private IntPredicate member(boolean anyCase) {
        if (source.startsWith("[", at) || source.startsWith("&&", at)) {
            throw unknown();
        }
        if (source.startsWith("\\", at) && isClass(at + 1)) {
            return escape();
        }
        int from = single();
        if (!source.startsWith("-", at) || source.startsWith("-]", at)) {
            return literal(from, anyCase);
        }
        at++;
        int to = single();
        if (anyCase) {
            throw unknown();
        }
        return c -> c >= from && c <= to;
    }

    private static IntPredicate literal(int character, boolean anyCase) {
        int folded = CharacterSet.folded(character);
        return anyCase ? c -> CharacterSet.folded(c) == folded : c -> c == character;
    }

    private int codePoint() {
        if (at == source.length()) {
            throw unknown();
        }
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private boolean isClass(int place) {
        return place < source.length() && "sSdDwWpP".indexOf(source.charAt(place)) >= 0;
    }

    /** One character, perhaps escaped. */
    private int single() {
        if (!takes("\\")) {
            return codePoint();
        }
        char c = next();
        return switch (c) {
            case 'r' -> '\r';
            case 'n' -> '\n';
            case 't' -> '\t';
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    at -= 2;
                    throw unknown();
                }
                yield c;
            }
        };
    }

    private IntPredicate escape() {
        if (!isClass(at + 1)) {
            int character = single();
            return c -> c == character;
        }
        at++;
        char kind = next();
        IntPredicate members = switch (Character.toLowerCase(kind)) {
            case 's' -> CharacterSet::isSpace;
            case 'd' -> CharacterSet.category("Nd");
            case 'w' -> CharacterSet::isWord;
            default -> CharacterSet.category(category());
        };
        return Character.isUpperCase(kind) ? members.negate() : members;
    }

    private String category() {
        int close = source.indexOf('}', at);
        if (!source.startsWith("{", at) || close < 0) {
            throw unknown();
        }
        String name = source.substring(at + 1, close);
        at = close + 1;
        return name;
    }
}
