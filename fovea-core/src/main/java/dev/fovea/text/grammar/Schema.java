package dev.fovea.text.grammar;

import dev.fovea.error.Closest;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A schema within a document of schemas, known by its place: a JSON pointer. */
final class Schema {
    /** Which say nothing about what is valid, or are places for other schemas. */
    private static final Set<String> ANNOTATIONS = Set.of(
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly",
            "$schema",
            "$comment",
            "$id",
            "$defs",
            "definitions");

    private static final Set<String> KEYWORDS = Set.of(
            "type",
            "enum",
            "const",
            "anyOf",
            "oneOf",
            "allOf",
            "$ref",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf");

    private static final Map<String, String> HINTS = Map.of(
            "nullable", "give the type as a list with \"null\" in it",
            "additionalItems", "use prefixItems and items, as drafts from 2020-12 on have it",
            "uniqueItems", "leave it out, or set it to false",
            "$dynamicRef", "use $ref");

    final String path;
    private final Document document;
    private final @Nullable Object value;

    /** What references are looked up in: the whole text, or within it a schema that has an {@code $id}. */
    static final class Document {
        private final String path;
        private final @Nullable Object root;
        private final Document whole;

        Document(@Nullable Object root) {
            path = "#";
            this.root = root;
            whole = this;
        }

        private Document(Document around, String path, @Nullable Object root) {
            this.path = path;
            this.root = root;
            whole = around.whole;
        }

        Schema schema() {
            return new Schema(this, path, root);
        }
    }

    private Schema(Document document, String path, @Nullable Object value) {
        this.path = path;
        this.value = value;
        this.document = has("$id") && !path.equals(document.path) ? new Document(document, path, value) : document;
        if (!(value instanceof Boolean || value instanceof Map)) {
            throw problem("is " + Json.typeName(value) + "; expected an object, true or false");
        }
        map().forEach(this::check);
    }

    private void check(String keyword, @Nullable Object given) {
        boolean known = KEYWORDS.contains(keyword)
                || ANNOTATIONS.contains(keyword)
                || (keyword.equals("uniqueItems") && Boolean.FALSE.equals(given));
        if (!known) {
            throw new OptionException(
                    at() + ": the keyword " + Quote.of(keyword) + " is not supported",
                    HINTS.getOrDefault(keyword, Closest.question(keyword, KEYWORDS)));
        }
    }

    private String at() {
        return "the JSON schema, at " + Quote.of(path);
    }

    OptionException problem(String what) {
        return new OptionException(at() + ": it " + what);
    }

    /** How messages name a keyword of it. */
    String where(String keyword) {
        return at() + ", " + keyword;
    }

    private Map<String, @Nullable Object> map() {
        return value instanceof Map ? Json.object(value, path) : Map.of();
    }

    /** Whether nothing is valid. */
    boolean isFalse() {
        return Boolean.FALSE.equals(value);
    }

    boolean has(String keyword) {
        return map().containsKey(keyword);
    }

    boolean hasAny(Set<String> keywords) {
        return map().keySet().stream().anyMatch(keywords::contains);
    }

    @Nullable
    Object get(String keyword) {
        return map().get(keyword);
    }

    private Schema below(String way, @Nullable Object schema) {
        return new Schema(document, path + "/" + way, schema);
    }

    Optional<Schema> schema(String keyword) {
        return has(keyword) ? Optional.of(below(keyword, get(keyword))) : Optional.empty();
    }

    /** The schemas of a keyword with several; empty where it is not there. */
    List<Schema> schemas(String keyword) {
        if (!has(keyword)) {
            return List.of();
        }
        List<@Nullable Object> list = list(keyword);
        List<Schema> all = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            all.add(below(keyword + "/" + i, list.get(i)));
        }
        if (all.isEmpty() && !keyword.equals("prefixItems")) {
            throw problem("has an empty " + keyword + "; expected one schema at least");
        }
        return all;
    }

    Map<String, Schema> properties() {
        Map<String, Schema> all = new LinkedHashMap<>();
        if (has("properties")) {
            if (!(get("properties") instanceof Map)) {
                throw problem("has properties that are " + Json.typeName(get("properties")) + "; expected an object");
            }
            Json.object(get("properties"), path)
                    .forEach((name, schema) -> all.put(name, below("properties/" + escaped(name), schema)));
        }
        return all;
    }

    private static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    List<@Nullable Object> list(String keyword) {
        if (!(get(keyword) instanceof List)) {
            throw problem("has, as " + keyword + ", " + Json.typeName(get(keyword)) + "; expected an array");
        }
        return Json.array(get(keyword), path);
    }

    List<String> strings(String keyword) {
        List<String> all = new ArrayList<>();
        if (has(keyword)) {
            for (Object one : get(keyword) instanceof String ? List.of(text(keyword)) : list(keyword)) {
                if (!(one instanceof String text)) {
                    throw problem("has " + Json.typeName(one) + " in its " + keyword + "; expected strings");
                }
                all.add(text);
            }
        }
        return all;
    }

    String text(String keyword) {
        if (!(get(keyword) instanceof String text)) {
            throw problem("has, as " + keyword + ", " + Json.typeName(get(keyword)) + "; expected a string");
        }
        return text;
    }

    OptionalInt count(String keyword) {
        if (!has(keyword)) {
            return OptionalInt.empty();
        }
        Optional<BigDecimal> number = number(keyword);
        BigDecimal count = number.orElseThrow();
        if (count.signum() < 0 || count.stripTrailingZeros().scale() > 0 || count.compareTo(MAX) > 0) {
            throw problem("has a " + keyword + " of " + count + "; expected a whole number from 0 to " + MAX);
        }
        return OptionalInt.of(count.intValue());
    }

    private static final BigDecimal MAX = BigDecimal.valueOf(CharDfa.MAX_STATES);

    Optional<BigDecimal> number(String keyword) {
        if (!has(keyword)) {
            return Optional.empty();
        }
        return Optional.of(decimal(get(keyword))
                .orElseThrow(() ->
                        problem("has, as " + keyword + ", " + Json.typeName(get(keyword)) + "; expected a number")));
    }

    static Optional<BigDecimal> decimal(@Nullable Object value) {
        return switch (value) {
            case BigInteger i -> Optional.of(new BigDecimal(i));
            case Long l -> Optional.of(BigDecimal.valueOf(l));
            case Integer i -> Optional.of(BigDecimal.valueOf(i));
            case Double d when Double.isFinite(d) -> Optional.of(BigDecimal.valueOf(d));
            case BigDecimal d -> Optional.of(d);
            case null, default -> Optional.empty();
        };
    }

    /** The schema that {@code $ref} names, known by its own place. */
    Optional<Schema> reference() {
        if (!has("$ref")) {
            return Optional.empty();
        }
        String pointer = text("$ref");
        if (!pointer.equals("#") && !pointer.startsWith("#/")) {
            throw problem("has the $ref " + Quote.of(pointer) + "; expected a place within it, as #/$defs/NAME");
        }
        Document in = document;
        String place = document.path;
        Object at = document.root;
        for (String part :
                pointer.length() < 2 ? new String[0] : pointer.substring(2).split("/", -1)) {
            at = step(at, part.replace("~1", "/").replace("~0", "~"), pointer);
            place += "/" + part;
            if (at instanceof Map<?, ?> map && map.containsKey("$id")) {
                in = new Document(in, place, at);
            }
        }
        return Optional.of(new Schema(in, place, at));
    }

    private @Nullable Object step(@Nullable Object from, String name, String pointer) {
        if (from instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        if (from instanceof List<?> list && name.matches("\\d{1,6}") && Integer.parseInt(name) < list.size()) {
            return list.get(Integer.parseInt(name));
        }
        throw problem("has the $ref " + Quote.of(pointer) + ", which names nothing in it");
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Schema schema && schema.path.equals(path) && schema.document.whole == document.whole;
    }

    @Override
    public int hashCode() {
        return path.hashCode();
    }

    @Override
    public String toString() {
        return path;
    }
}
