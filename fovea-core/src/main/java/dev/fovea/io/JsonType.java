package dev.fovea.io;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A type that a value of a JSON object may have.
 *
 * @param name as it follows "expected" in messages
 * @param as the value as that type, empty where it is of another
 */
record JsonType<T>(String name, Function<Object, Optional<T>> as) {
    static final JsonType<Integer> INTEGER = new JsonType<>("an integer", JsonType::asInteger);
    static final JsonType<Double> NUMBER = new JsonType<>("a number", JsonType::asNumber);
    static final JsonType<Boolean> FLAG = new JsonType<>("true or false", v -> cast(Boolean.class, v));
    static final JsonType<String> STRING = new JsonType<>("a string", v -> cast(String.class, v));
    static final JsonType<Object> ANY = new JsonType<>("a value", Optional::of);
    static final JsonType<List<Integer>> INTEGERS = listOf("a list of integers", INTEGER);
    static final JsonType<List<Boolean>> FLAGS = listOf("a list of true and false", FLAG);
    static final JsonType<List<String>> STRINGS = listOf("a list of strings", STRING);
    static final JsonType<Map<String, @Nullable Object>> OBJECT =
            new JsonType<>("an object", v -> v instanceof Map ? Optional.of(Json.object(v, "")) : Optional.empty());

    Optional<T> of(Object value) {
        return as.apply(value);
    }

    /** @throws ClassCastException of a type that is no number, where a value is there */
    JsonType<T> in(Range range) {
        return new JsonType<>(name + range, v -> of(v).filter(t -> range.contains(((Number) t).doubleValue())));
    }

    private static <T> Optional<T> cast(Class<T> type, Object value) {
        return type.isInstance(value) ? Optional.of(type.cast(value)) : Optional.empty();
    }

    private static Optional<Integer> asInteger(Object value) {
        return switch (value) {
            case Long n when n == n.intValue() -> Optional.of(n.intValue());
            case Integer n -> Optional.of(n);
            default -> Optional.empty();
        };
    }

    private static Optional<Double> asNumber(Object value) {
        return switch (value) {
            case Long n -> Optional.of(n.doubleValue());
            case Integer n -> Optional.of(n.doubleValue());
            case BigInteger n -> Optional.of(n.doubleValue()).filter(Double::isFinite);
            case Double d -> Optional.of(d).filter(Double::isFinite);
            default -> Optional.empty();
        };
    }

    /** A single value is a list of one. */
    static <T> JsonType<List<T>> listOf(String name, JsonType<T> element) {
        return new JsonType<>(name, value -> {
            List<Optional<T>> elements = value instanceof List<?> list
                    ? list.stream()
                            .map(e -> e == null ? Optional.<T>empty() : element.of(e))
                            .toList()
                    : List.of(element.of(value));
            return elements.stream().allMatch(Optional::isPresent)
                    ? Optional.of(elements.stream().map(Optional::orElseThrow).toList())
                    : Optional.empty();
        });
    }
}
