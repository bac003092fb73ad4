package dev.fovea;

import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One key of one configuration file with another value.
 *
 * @param keys down to the one that is changed
 * @param value as JSON; empty where the key is left out
 */
record ConfigMutation(String file, List<String> keys, String value) {
    private static final String MARK = "@value@";

    /** What numbers become. NaN and Infinity are no JSON, but Python reads and writes them. */
    private static final List<String> NUMBERS = List.of(
            "0", "-1", "1", "3", "1000000000", "2147483648", "1e300", "-0.5", "NaN", "-Infinity", "\"7\"", "[]", "{}");

    private static final Map<Class<?>, List<String>> BY_TYPE = Map.of(
            String.class, List.of("0", "-1", "true", "\"\"", "\"no such thing\\u001b[31m\"", "[]", "{}"),
            Map.class, List.of("{}", "[]", "0", "\"x\""));

    /** Every change of a file: of each key at each depth, to each value that its kind could be confused with. */
    static List<ConfigMutation> of(String file, Map<String, Object> json) {
        List<ConfigMutation> all = new ArrayList<>();
        // Of tokenizer_config.json the scalars: what it says of tokens one by one has no ranges.
        collect(file, json, List.of(), !file.equals("tokenizer_config.json"), all);
        return all;
    }

    private static void collect(
            String file, Map<String, Object> object, List<String> at, boolean deep, List<ConfigMutation> all) {
        object.forEach((key, value) -> {
            List<String> keys = Stream.concat(at.stream(), Stream.of(key)).toList();
            if (!deep && (value instanceof Map || value instanceof List)) {
                return;
            }
            for (String other : values(value)) {
                all.add(new ConfigMutation(file, keys, other));
            }
            if (value instanceof Map<?, ?>) {
                collect(file, Json.object(value, key), keys, true, all);
            }
        });
    }

    private static List<String> values(Object value) {
        List<String> values = new ArrayList<>(List.of("", "null"));
        switch (value) {
            case Number _ -> values.addAll(NUMBERS);
            case Boolean b -> values.addAll(List.of(Boolean.toString(!b), "0", "\"false\"", "[]"));
            case List<?> list -> values.addAll(lists(list));
            case null -> values.addAll(List.of("0", "-1", "1e300", "true", "\"x\"", "[]", "{}"));
            default ->
                BY_TYPE.forEach((type, others) -> {
                    if (type.isInstance(value)) {
                        values.addAll(others);
                    }
                });
        }
        return values;
    }

    private static List<String> lists(List<?> list) {
        List<String> values = new ArrayList<>(List.of("[]", "[null]", "{}", "\"x\"", "-1", "[[]]"));
        if (!list.isEmpty()) {
            values.add(Json.write(list.subList(0, 1)));
            List<Object> twice = new ArrayList<>(list);
            twice.addAll(list);
            values.add(Json.write(twice));
            if (list.getFirst() instanceof Number) {
                for (String number : List.of("0", "-1", "1000000000", "1e300", "NaN")) {
                    values.add("[" + number
                            + Json.write(list.subList(1, list.size()))
                                    .replaceFirst("\\[(?!\\])", ",")
                                    .replaceFirst("^\\[", ""));
                }
            }
        }
        return values;
    }

    /** The file's text with the change. */
    String apply(Map<String, Object> json) {
        return Json.write(changed(json, 0)).replace(Json.write(MARK), value);
    }

    private Map<String, Object> changed(Map<String, Object> object, int depth) {
        Map<String, Object> copy = new LinkedHashMap<>(object);
        String key = keys.get(depth);
        if (depth < keys.size() - 1) {
            copy.put(key, changed(Json.object(object.get(key), key), depth + 1));
        } else if (value.isEmpty()) {
            copy.remove(key);
        } else {
            copy.put(key, MARK);
        }
        return copy;
    }

    /** Dotted. */
    String key() {
        return String.join(".", keys);
    }

    /** Whether this is no value that a number, a size or a count of a model could have. */
    boolean isPlainlyWrong() {
        return Set.of("-1", "1000000000", "2147483648", "1e300", "-0.5", "NaN", "-Infinity")
                .contains(value);
    }

    @Override
    public String toString() {
        return file + " " + key() + " = " + (value.isEmpty() ? "(absent)" : value);
    }
}
