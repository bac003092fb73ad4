package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Namespace;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The methods of texts, lists and dicts, and the attributes of namespaces and loops. */
final class Methods {
    /** What the sandbox of transformers refuses to call, because it changes its object. */
    private static final Set<String> CHANGING = Set.of(
            "append",
            "extend",
            "insert",
            "pop",
            "remove",
            "reverse",
            "sort",
            "clear",
            "update",
            "setdefault",
            "popitem");

    private Methods() {}

    /** The method or attribute of a value, null where it has none of that name. */
    static @Nullable Object find(Object value, String name, Budget budget) {
        return switch (value) {
            case String text -> {
                budget.spend(text.length() / 8);
                yield ofText(text, name);
            }
            case Namespace namespace -> namespace.attributes().get(name);
            case Attributes own -> own.attribute(name);
            case Map<?, ?> map -> ofDict(map, name);
            case List<?> list -> ofList(list, name, budget);
            case Tuple(List<Object> items) when !name.equals("copy") -> ofList(items, name, budget);
            default -> null;
        };
    }

    private static @Nullable Callable ofDict(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" -> args -> items(map);
            case "keys" -> args -> new ArrayList<Object>(map.keySet());
            case "values" -> args -> new ArrayList<Object>(map.values());
            case "copy" -> args -> new LinkedHashMap<>(map);
            case "get" ->
                args -> {
                    Args.Bound bound = args.bind("key", "default");
                    Object found = map.get(Items.key(bound.required("key")));
                    return found != null ? found : bound.get("default").orElse(None.NONE);
                };
            default -> changing("dict", name);
        };
    }

    static List<Object> items(Map<?, ?> map) {
        List<Object> items = new ArrayList<>();
        map.forEach((key, value) -> items.add(new Tuple(List.of(key, value))));
        return items;
    }

    private static @Nullable Callable ofList(List<?> list, String name, Budget budget) {
        return switch (name) {
            case "copy" -> args -> new ArrayList<Object>(list);
            case "count" -> args -> list.stream().filter(isValue(args, budget)).count();
            case "index" ->
                args -> {
                    List<?> before = list.stream()
                            .takeWhile(isValue(args, budget).negate())
                            .toList();
                    if (before.size() == list.size()) {
                        throw new Failure("the value is not in the list");
                    }
                    return (long) before.size();
                };
            default -> changing("list", name);
        };
    }

    private static Predicate<Object> isValue(Args args, Budget budget) {
        Object wanted = args.bind("value").required("value");
        return item -> Values.equal(item, wanted, budget);
    }

    private static @Nullable Callable changing(String type, String name) {
        return CHANGING.contains(name)
                ? args -> {
                    throw new Failure("calling " + type + "." + name + " is unsafe: a template changes no value");
                }
                : null;
    }

    private static @Nullable Callable ofText(String text, String name) {
        return switch (name) {
            case "strip" -> args -> Strings.strip(text, stripped(args), true, true);
            case "lstrip" -> args -> Strings.strip(text, stripped(args), true, false);
            case "rstrip" -> args -> Strings.strip(text, stripped(args), false, true);
            case "upper" -> args -> Strings.upper(text);
            case "lower", "casefold" -> args -> Strings.lower(text);
            case "title" -> args -> Strings.title(text);
            case "capitalize" -> args -> Strings.capitalize(text);
            case "split" -> args -> split(text, args, false);
            case "rsplit" -> args -> split(text, args, true);
            case "splitlines" ->
                args -> Strings.lines(text, args.bind("keepends").flag("keepends"));
            case "startswith" -> args -> affixes(args, "prefix").stream().anyMatch(text::startsWith);
            case "endswith" -> args -> affixes(args, "suffix").stream().anyMatch(text::endsWith);
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
            case "join" -> args -> join(text, Items.of(args.bind("iterable").required("iterable")));
            case "count" -> args -> Strings.count(text, args.bind("sub").text("sub"));
            case "find" -> args -> index(text, text.indexOf(args.bind("sub").text("sub")));
            case "rfind" ->
                args -> index(text, text.lastIndexOf(args.bind("sub").text("sub")));
            case "isdigit" -> args -> all(text, Character::isDigit);
            case "isalpha" -> args -> all(text, Character::isLetter);
            case "isalnum" -> args -> all(text, Character::isLetterOrDigit);
            case "isspace" -> args -> all(text, Strings::isSpace);
            case "isupper" -> args -> !text.equals(Strings.lower(text)) && text.equals(Strings.upper(text));
            case "islower" -> args -> !text.equals(Strings.upper(text)) && text.equals(Strings.lower(text));
            default -> null;
        };
    }

    private static boolean all(String text, IntPredicate is) {
        return !text.isEmpty() && text.codePoints().allMatch(is);
    }

    /** An index of chars as one of code points; -1 stays. */
    private static long index(String text, int at) {
        return at < 0 ? -1 : text.codePointCount(0, at);
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

    private static List<String> affixes(Args args, String name) {
        Args.Bound bound = args.bind(name);
        return bound.required(name) instanceof Tuple(List<Object> several)
                ? several.stream().map(String::valueOf).toList()
                : List.of(bound.text(name));
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
