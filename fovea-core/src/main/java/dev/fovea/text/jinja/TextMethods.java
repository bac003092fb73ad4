package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Tuple;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The methods of texts: those of Python's str. */
final class TextMethods {
    private TextMethods() {}

    static @Nullable Callable find(String text, String name, Budget budget) {
        Callable found = changed(text, name, budget);
        found = found != null ? found : cut(text, name);
        found = found != null ? found : sought(text, name);
        return found != null ? found : asked(text, name);
    }

    /** Methods that give the text in another form. */
    private static @Nullable Callable changed(String text, String name, Budget budget) {
        return switch (name) {
            case "strip" -> args -> Strings.strip(text, stripped(args), true, true);
            case "lstrip" -> args -> Strings.strip(text, stripped(args), true, false);
            case "rstrip" -> args -> Strings.strip(text, stripped(args), false, true);
            case "upper" -> args -> Strings.upper(text);
            case "lower", "casefold" -> args -> Strings.lower(text);
            case "title" -> args -> Strings.title(text);
            case "capitalize" -> args -> Strings.capitalize(text);
            case "swapcase" -> args -> Strings.swapCase(text);
            case "center" -> args -> aligned(text, args, Strings::center);
            case "ljust" -> args -> aligned(text, args, (t, width, fill) -> t + Strings.filling(t, width, fill));
            case "rjust" -> args -> aligned(text, args, (t, width, fill) -> Strings.filling(t, width, fill) + t);
            case "zfill" ->
                args -> {
                    boolean signed = text.startsWith("+") || text.startsWith("-");
                    String zeros = Strings.filling(text, args.bind("width").integer("width", 0), "0");
                    return signed ? text.charAt(0) + zeros + text.substring(1) : zeros + text;
                };
            case "expandtabs" ->
                args -> Strings.expandTabs(text, args.bind("tabsize").integer("tabsize", 8));
            case "removeprefix" ->
                args -> {
                    String prefix = args.bind("prefix").text("prefix");
                    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
                };
            case "removesuffix" ->
                args -> {
                    String suffix = args.bind("suffix").text("suffix");
                    return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
                };
            case "replace" ->
                args -> {
                    Args.Bound bound = args.bind("old", "new", "count");
                    return Strings.replace(text, bound.text("old"), bound.text("new"), bound.integer("count", -1));
                };
            case "format" -> args -> BraceFormat.format(text, args, budget);
            case "format_map" -> args -> BraceFormat.format(text, named(args), budget);
            case "encode", "translate", "maketrans" ->
                args -> {
                    throw new Failure("str." + name + " gives what a chat template cannot write");
                };
            default -> null;
        };
    }

    private static Args named(Args args) {
        if (!(args.bind("mapping").required("mapping") instanceof Map<?, ?> map)) {
            throw new Failure("format_map needs a dict");
        }
        Map<String, Object> named = new LinkedHashMap<>();
        map.forEach((key, value) -> named.put(String.valueOf(key), value));
        return new Args(List.of(), named);
    }

    private interface Alignment {
        String apply(String text, long width, String fill);
    }

    private static String aligned(String text, Args args, Alignment alignment) {
        Args.Bound bound = args.bind("width", "fillchar");
        String fill = bound.text("fillchar", " ");
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw new Failure("a text is filled up with one character, found '" + fill + "'");
        }
        return alignment.apply(text, Numbers.integer(bound.required("width")), fill);
    }

    /** Methods that cut it into parts, or put parts together. */
    private static @Nullable Callable cut(String text, String name) {
        return switch (name) {
            case "split" -> args -> split(text, args, false);
            case "rsplit" -> args -> split(text, args, true);
            case "splitlines" ->
                args -> Strings.lines(text, args.bind("keepends").flag("keepends"));
            case "partition" -> args -> partition(text, args.bind("sep").text("sep"), false);
            case "rpartition" -> args -> partition(text, args.bind("sep").text("sep"), true);
            case "join" -> args -> join(text, Items.of(args.bind("iterable").required("iterable")));
            default -> null;
        };
    }

    /** Methods that look for a part. */
    private static @Nullable Callable sought(String text, String name) {
        return switch (name) {
            case "startswith" ->
                args -> within(
                        text, args, "prefix", (t, any) -> affixes(any).stream().anyMatch(t::startsWith));
            case "endswith" ->
                args -> within(
                        text, args, "suffix", (t, any) -> affixes(any).stream().anyMatch(t::endsWith));
            case "count" ->
                args -> {
                    Object count = within(text, args, "sub", (t, sub) -> Strings.count(t, part(sub)));
                    return count instanceof Boolean ? (Object) 0L : count;
                };
            case "find" -> args -> index(text, args, false);
            case "rfind" -> args -> index(text, args, true);
            case "index", "rindex" ->
                args -> {
                    long found = index(text, args, name.equals("rindex"));
                    if (found < 0) {
                        throw new Failure("the part is not in the text");
                    }
                    return found;
                };
            default -> null;
        };
    }

    private interface Search {
        Object in(String text, Object sought);
    }

    /** What is found between start and end; false where start lies behind the text. */
    private static Object within(String text, Args args, String name, Search search) {
        Args.Bound bound = args.bind(name, "start", "end");
        Object sought = bound.required(name);
        if (bound.some("start").isEmpty() && bound.some("end").isEmpty()) {
            return search.in(text, sought);
        }
        long size = Items.length(text);
        long from = bound(bound, "start", 0, size);
        long to = Math.min(bound(bound, "end", size, size), size);
        return from > size || to < from ? (Object) false : search.in(Strings.substring(text, from, to), sought);
    }

    private static long bound(Args.Bound bound, String name, long absent, long size) {
        long at = bound.some(name).map(Numbers::integer).orElse(absent);
        return at < 0 ? Math.max(0, at + size) : at;
    }

    private static long index(String text, Args args, boolean last) {
        Object found = within(text, args, "sub", (t, sub) -> {
            int at = last ? t.lastIndexOf(part(sub)) : t.indexOf(part(sub));
            return at < 0 ? (Object) false : (Object) (long) t.codePointCount(0, at);
        });
        long from = args.bind("sub", "start", "end")
                .some("start")
                .map(Numbers::integer)
                .orElse(0L);
        long offset = from < 0 ? Math.max(0, from + Items.length(text)) : from;
        return found instanceof Long at ? at + offset : -1;
    }

    private static String part(Object sought) {
        if (sought instanceof String part) {
            return part;
        }
        throw new Failure("expected a text to look for, found a " + Values.type(sought));
    }

    private static List<String> affixes(Object any) {
        return any instanceof Tuple several
                ? several.items().stream().map(TextMethods::part).toList()
                : List.of(part(any));
    }

    /** Methods that ask of what kind its characters are. */
    private static @Nullable Callable asked(String text, String name) {
        Predicate<String> test = switch (name) {
            case "isdigit" -> t -> all(t, Character::isDigit);
            case "isdecimal" -> t -> all(t, Character::isDigit);
            case "isnumeric" -> t -> all(t, TextMethods::isNumeric);
            case "isalpha" -> t -> all(t, Character::isLetter);
            case "isalnum" -> t -> all(t, c -> Character.isLetter(c) || isNumeric(c));
            case "isspace" -> t -> all(t, Strings::isSpace);
            case "isascii" -> t -> t.codePoints().allMatch(c -> c < 0x80);
            case "isprintable" -> t -> t.codePoints().allMatch(Strings::isPrintable);
            case "isupper" -> t -> !t.equals(Strings.lower(t)) && t.equals(Strings.upper(t));
            case "islower" -> t -> !t.equals(Strings.upper(t)) && t.equals(Strings.lower(t));
            case "istitle" -> t -> !Strings.lower(t).equals(Strings.upper(t)) && t.equals(Strings.title(t));
            case "isidentifier" ->
                t -> !t.isEmpty()
                        && (t.charAt(0) == '_' || Character.isUnicodeIdentifierStart(t.codePointAt(0)))
                        && t.codePoints().allMatch(Character::isUnicodeIdentifierPart);
            default -> null;
        };
        return test == null
                ? null
                : args -> {
                    args.bind();
                    return test.test(text);
                };
    }

    private static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    private static boolean all(String text, IntPredicate is) {
        return !text.isEmpty() && text.codePoints().allMatch(is);
    }

    /** The characters that strip takes away: white space where none are given. */
    private static IntPredicate stripped(Args args) {
        return args.bind("chars")
                .some("chars")
                .<IntPredicate>map(
                        chars -> c -> Values.text(chars, new Budget()).indexOf(c) >= 0)
                .orElse(Strings::isSpace);
    }

    private static Object split(String text, Args args, boolean fromRight) {
        Args.Bound bound = args.bind("sep", "maxsplit");
        long limit = bound.integer("maxsplit", -1);
        if (bound.some("sep").isEmpty()) {
            return fromRight ? Strings.wordsFromRight(text, limit) : Strings.words(text, limit);
        }
        String separator = bound.text("sep");
        return fromRight ? Strings.rsplit(text, separator, limit) : Strings.split(text, separator, limit);
    }

    private static Tuple partition(String text, String separator, boolean last) {
        if (separator.isEmpty()) {
            throw new Failure("the separator of partition is empty");
        }
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return new Tuple(last ? List.of("", "", text) : List.of(text, "", ""));
        }
        return new Tuple(List.of(text.substring(0, at), separator, text.substring(at + separator.length())));
    }

    private static String join(String separator, List<Object> items) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < items.size(); i++) {
            if (!(items.get(i) instanceof String item)) {
                throw new Failure("join takes texts, found a " + Values.type(items.get(i)));
            }
            out.append(i > 0 ? separator : "").append(item);
            Budget.check(out.length());
        }
        return out.toString();
    }
}
