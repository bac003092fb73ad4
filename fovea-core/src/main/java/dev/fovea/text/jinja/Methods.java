package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Attributes;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Namespace;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import dev.fovea.text.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The methods of lists and dicts, and the attributes of namespaces and loops. */
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
                yield TextMethods.find(text, name, budget);
            }
            case Namespace namespace -> namespace.attributes().get(name);
            case Attributes own -> own.attribute(name);
            case Map<?, ?> map -> ofDict(map, name);
            case List<?> list -> ofList(list, name, budget);
            case Tuple tuple
            when tuple.names().contains(name) -> tuple.items().get(tuple.names().indexOf(name));
            case Tuple tuple when !name.equals("copy") -> ofList(tuple.items(), name, budget);
            default -> null;
        };
    }

    private static @Nullable Object ofDict(Map<?, ?> map, String name) {
        Callable method = ofDictItself(map, name);
        return method != null ? method : changing("dict", name);
    }

    private static @Nullable Callable ofDictItself(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" -> args -> items(map);
            case "keys" -> args -> new ArrayList<Object>(map.keySet());
            case "values" -> args -> new ArrayList<Object>(map.values());
            case "copy" -> args -> new LinkedHashMap<>(map);
            case "fromkeys" ->
                args -> {
                    Args.Bound bound = args.bind("iterable", "value");
                    Map<Object, Object> made = new LinkedHashMap<>();
                    Items.of(bound.required("iterable"))
                            .forEach(key ->
                                    made.put(Items.key(key), bound.get("value").orElse(None.NONE)));
                    return made;
                };
            case "get" ->
                args -> {
                    Args.Bound bound = args.bind("key", "default");
                    Object found = map.get(Items.key(bound.required("key")));
                    return found != null ? found : bound.get("default").orElse(None.NONE);
                };
            default -> null;
        };
    }

    static List<Object> items(Map<?, ?> map) {
        List<Object> items = new ArrayList<>();
        map.forEach((key, value) -> items.add(new Tuple(List.of(key, value))));
        return items;
    }

    private static @Nullable Object ofList(List<?> list, String name, Budget budget) {
        Callable method = ofListItself(list, name, budget);
        return method != null ? method : changing("list", name);
    }

    private static @Nullable Callable ofListItself(List<?> list, String name, Budget budget) {
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
            default -> null;
        };
    }

    private static Predicate<Object> isValue(Args args, Budget budget) {
        Object wanted = args.bind("value").required("value");
        return item -> Values.equal(item, wanted, budget);
    }

    /** The sandbox hides what would change a value. */
    private static @Nullable Object changing(String type, String name) {
        return CHANGING.contains(name)
                ? new Undefined(type + "." + name + " is unsafe: a template changes no value")
                : null;
    }
}
