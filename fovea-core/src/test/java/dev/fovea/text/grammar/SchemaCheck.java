package dev.fovea.text.grammar;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether a value is valid, decided value by value: what answers are checked with. It has no part in common with the automata, and
 * agrees with the recorded verdicts of Python's jsonschema. Formats are those of the recorded cases, by a plain expression.
 */
final class SchemaCheck {
    private static final Map<String, String> FORMATS = Map.of(
            "date", "\\d{4}-\\d\\d-\\d\\d",
            "time", "\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)",
            "date-time", "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)",
            "uuid", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
            "ipv4", "(\\d{1,3}\\.){3}\\d{1,3}",
            "ipv6", "[0-9a-fA-F:]+",
            "duration", "P[0-9YMDWTHS]+",
            "hostname", "[A-Za-z0-9.-]+",
            "email", "[^@ ]+@[^@ ]+");

    private final Map<?, ?> root;

    private SchemaCheck(Map<?, ?> root) {
        this.root = root;
    }

    static boolean isValid(@Nullable Object value, Map<?, ?> schema) {
        return new SchemaCheck(schema).holds(value, schema);
    }

    private boolean holds(@Nullable Object value, @Nullable Object schema) {
        if (schema instanceof Boolean all) {
            return all;
        }
        Map<?, ?> map = (Map<?, ?>) Objects.requireNonNull(schema);
        for (Map.Entry<?, ?> e : map.entrySet()) {
            if (!holds((String) e.getKey(), e.getValue(), value, map)) {
                return false;
            }
        }
        return true;
    }

    private boolean holds(String keyword, @Nullable Object given, @Nullable Object value, Map<?, ?> schema) {
        return switch (keyword) {
            case "$defs" -> true;
            case "$ref" -> holds(value, ((Map<?, ?>) root.get("$defs")).get("node"));
            case "anyOf", "oneOf" -> ((List<?>) given).stream().anyMatch(s -> holds(value, s));
            case "allOf" -> ((List<?>) given).stream().allMatch(s -> holds(value, s));
            case "enum" -> ((List<?>) given).stream().anyMatch(v -> same(v, value));
            case "const" -> same(given, value);
            case "type" ->
                given instanceof List<?> types
                        ? types.stream().anyMatch(t -> isOf((String) t, value))
                        : isOf((String) given, value);
            default -> !isConcerned(keyword, value) || holdsFor(keyword, given, value, schema);
        };
    }

    private static boolean isConcerned(String keyword, @Nullable Object value) {
        return switch (keyword) {
            case "minLength", "maxLength", "pattern", "format" -> value instanceof String;
            case "minItems", "maxItems", "items", "prefixItems" -> value instanceof List;
            case "properties", "required", "additionalProperties" -> value instanceof Map;
            default -> value instanceof Number;
        };
    }

    private boolean holdsFor(String keyword, @Nullable Object given, @Nullable Object value, Map<?, ?> schema) {
        return switch (keyword) {
            case "minLength" -> length(value) >= number(given).intValue();
            case "maxLength" -> length(value) <= number(given).intValue();
            case "pattern" ->
                Pattern.compile((String) given).matcher((String) value).find();
            case "format" -> Pattern.matches(FORMATS.get(given), (String) value);
            case "minimum" -> number(value).compareTo(number(given)) >= 0;
            case "maximum" -> number(value).compareTo(number(given)) <= 0;
            case "exclusiveMinimum" -> number(value).compareTo(number(given)) > 0;
            case "exclusiveMaximum" -> number(value).compareTo(number(given)) < 0;
            case "multipleOf" -> number(value).remainder(number(given)).signum() == 0;
            case "minItems" -> ((List<?>) value).size() >= number(given).intValue();
            case "maxItems" -> ((List<?>) value).size() <= number(given).intValue();
            case "prefixItems", "items" -> items((List<?>) value, schema);
            case "required" -> ((List<?>) given).stream().allMatch(((Map<?, ?>) value)::containsKey);
            case "properties", "additionalProperties" -> properties((Map<?, ?>) value, schema);
            default -> throw new IllegalArgumentException(keyword);
        };
    }

    private boolean items(List<?> items, Map<?, ?> schema) {
        List<?> prefix = schema.containsKey("prefixItems") ? (List<?>) schema.get("prefixItems") : List.of();
        Object rest = schema.containsKey("items") ? schema.get("items") : true;
        for (int i = 0; i < items.size(); i++) {
            if (!holds(items.get(i), i < prefix.size() ? prefix.get(i) : rest)) {
                return false;
            }
        }
        return true;
    }

    private boolean properties(Map<?, ?> value, Map<?, ?> schema) {
        Map<?, ?> named = schema.containsKey("properties") ? (Map<?, ?>) schema.get("properties") : Map.of();
        Object others = schema.containsKey("additionalProperties") ? schema.get("additionalProperties") : true;
        return value.entrySet().stream()
                .allMatch(e -> holds(e.getValue(), named.containsKey(e.getKey()) ? named.get(e.getKey()) : others));
    }

    private static boolean isOf(String type, @Nullable Object value) {
        return switch (type) {
            case "null" -> value == null;
            case "boolean" -> value instanceof Boolean;
            case "string" -> value instanceof String;
            case "array" -> value instanceof List;
            case "object" -> value instanceof Map;
            case "integer" ->
                value instanceof Number && number(value).stripTrailingZeros().scale() <= 0;
            case "number" -> value instanceof Number;
            default -> throw new IllegalArgumentException(type);
        };
    }

    private static int length(@Nullable Object value) {
        return (int) ((String) Objects.requireNonNull(value)).codePoints().count();
    }

    private static BigDecimal number(@Nullable Object value) {
        return new BigDecimal(String.valueOf(value));
    }

    private static boolean same(@Nullable Object a, @Nullable Object b) {
        return a instanceof Number && b instanceof Number ? number(a).compareTo(number(b)) == 0 : Objects.equals(a, b);
    }
}
