package dev.fovea.serve;

import dev.fovea.error.Closest;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keys of an object in a request, read one by one. What is null counts as not given; what nobody reads is refused by {@link
 * #done}, so that nothing is ignored in silence.
 */
final class Fields {
    private final Map<String, @Nullable Object> values;
    private final String prefix;
    private final Set<String> read = new HashSet<>();

    private Fields(Map<String, @Nullable Object> values, String prefix) {
        this.values = values;
        this.prefix = prefix;
    }

    /** The body of a request. */
    static Fields of(@Nullable Object json) {
        return of(json, "");
    }

    /** @param where the place of the object in the request, as {@code messages[0]}; empty for the body */
    static Fields of(@Nullable Object json, String where) {
        if (!(json instanceof Map<?, ?> map)) {
            String what = where.isEmpty() ? "the request" : where;
            throw new Problem(
                    400,
                    Problem.INVALID,
                    where.isEmpty() ? null : where,
                    null,
                    what + " is " + Json.typeName(json) + "; expected an object");
        }
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        map.forEach((key, value) -> values.put((String) key, value));
        return new Fields(values, where.isEmpty() ? "" : where + ".");
    }

    /** A key's place in the request, as {@code param} of an error. */
    String path(String key) {
        return prefix + key;
    }

    Set<String> keys() {
        return values.keySet();
    }

    boolean has(String key) {
        return values.get(key) != null;
    }

    Optional<Object> value(String key) {
        read.add(key);
        return Optional.ofNullable(values.get(key));
    }

    Optional<String> string(String key) {
        return typed(key, String.class, "a string");
    }

    String requiredString(String key) {
        return string(key).orElseThrow(() -> missing(key));
    }

    /** A string of a few. */
    Optional<String> oneOf(String key, String... known) {
        Optional<String> value = string(key);
        if (value.isPresent() && !List.of(known).contains(value.get())) {
            throw wrong(key, value.get(), String.join(" or ", known));
        }
        return value;
    }

    boolean flag(String key) {
        return optionalFlag(key).orElse(false);
    }

    Optional<Boolean> optionalFlag(String key) {
        return typed(key, Boolean.class, "true or false");
    }

    OptionalInt integer(String key, long min, long max) {
        Optional<Object> value = value(key);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        if (value.get() instanceof Long n && n >= min && n <= max) {
            return OptionalInt.of(n.intValue());
        }
        throw wrong(key, value.get(), "a whole number from " + min + " to " + max);
    }

    Optional<Long> anyInteger(String key) {
        return typed(key, Long.class, "a whole number");
    }

    OptionalDouble number(String key, double min, double max) {
        Optional<Object> value = value(key);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        if (value.get() instanceof Number n && n.doubleValue() >= min && n.doubleValue() <= max) {
            return OptionalDouble.of(n.doubleValue());
        }
        throw wrong(key, value.get(), "a number from " + min + " to " + max);
    }

    private <T> Optional<T> typed(String key, Class<T> type, String expected) {
        Optional<Object> value = value(key);
        if (value.isPresent() && !type.isInstance(value.get())) {
            throw wrong(key, value.get(), expected);
        }
        return value.map(type::cast);
    }

    Optional<Fields> object(String key) {
        return value(key).map(v -> of(v, path(key)));
    }

    /** An object that is handed on as it is. */
    Optional<Map<String, @Nullable Object>> map(String key) {
        return object(key).map(f -> Collections.unmodifiableMap(f.values));
    }

    Optional<List<@Nullable Object>> list(String key) {
        return typed(key, List.class, "an array").map(list -> copy((List<?>) list));
    }

    private static List<@Nullable Object> copy(List<?> list) {
        return Collections.unmodifiableList(new ArrayList<@Nullable Object>(list));
    }

    /** A string, or an array of strings. */
    List<String> strings(String key, int most) {
        Optional<Object> value = value(key);
        List<?> all = value.isEmpty() ? List.of() : value.get() instanceof List<?> list ? list : List.of(value.get());
        if (all.size() > most) {
            throw Problem.of(path(key), path(key) + " has " + all.size() + " entries; at most " + most + " are taken");
        }
        List<String> strings = new ArrayList<>();
        for (Object one : all) {
            if (!(one instanceof String text) || text.isEmpty()) {
                throw wrong(key, one, "a string, or an array of strings");
            }
            strings.add(text);
        }
        return strings;
    }

    /** Keys that say something about the client or its bill, and nothing about the answer. */
    void withoutEffect(String... keys) {
        read.addAll(List.of(keys));
    }

    /** A key that can be given with this value alone, which changes nothing. */
    void only(String key, Object value, String why) {
        value(key).ifPresent(given -> {
            if (!given.equals(value)) {
                throw Problem.unsupported(
                        path(key),
                        path(key) + " is " + shown(given) + "; only " + shown(value) + " is supported: " + why);
            }
        });
    }

    /** Keys of OpenAI's that this server does not know how to honour. */
    void refuse(String why, String... keys) {
        for (String key : keys) {
            value(key).ifPresent(_ -> {
                throw Problem.unsupported(path(key), path(key) + " is not supported: " + why);
            });
        }
    }

    /** @throws Problem for a key that was not read */
    void done() {
        values.forEach((key, value) -> {
            if (value != null && !read.contains(key)) {
                String question = Closest.question(key, read);
                throw Problem.unsupported(
                        path(key),
                        path(key) + " is no key that this server knows" + (question.isEmpty() ? "" : "; " + question));
            }
        });
    }

    Problem missing(String key) {
        return new Problem(400, Problem.INVALID, path(key), "missing_required_parameter", path(key) + " is missing");
    }

    private Problem wrong(String key, @Nullable Object value, String expected) {
        return Problem.of(path(key), path(key) + " is " + shown(value) + "; expected " + expected);
    }

    private static String shown(@Nullable Object value) {
        return value instanceof Map || value instanceof List ? Json.typeName(value) : Quote.of(Json.write(value));
    }
}
