package dev.fovea.generate;

import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The form that an answer is held to while it is written: OpenAI's {@code response_format}.
 *
 * <pre>{@code
 * ResponseFormat.jsonSchema(Map.of("type", "object", "properties", Map.of("count", Map.of("type", "integer")),
 *         "required", List.of("count")))
 * }</pre>
 *
 * @param schema of {@link Type#JSON_SCHEMA}: an object, true or false
 * @param before what an answer begins with, in front of the document; OpenAI's form has no word for it
 * @param after what it ends with
 * @param calls what may stand in the place of the document; in a text, anywhere in it
 */
public record ResponseFormat(Type type, Optional<Object> schema, String before, String after, Optional<Calls> calls) {
    public enum Type {
        /** Any text. */
        TEXT,
        /** Any JSON object. */
        JSON_OBJECT,
        /** The documents of a JSON schema. */
        JSON_SCHEMA
    }

    /**
     * Calls of tools that a model makes by itself.
     *
     * @param form of one, between the texts by which it is known; white space around its document is free
     * @param several whether more than one may be made; else the answer ends behind it
     */
    public record Calls(ResponseFormat form, boolean several) {
        public Calls {
            Objects.requireNonNull(form, "form");
            if (form.before.isBlank() || form.type == Type.TEXT || form.calls.isPresent()) {
                throw new OptionException(
                        "the form of a call is not JSON alone between two texts, by the first of which a call is known",
                        "a form that Processor.toolCallFormat made for a template that puts tags around calls");
            }
        }

        /** What a call begins with. */
        public String opening() {
            return form.before.strip();
        }

        /** What a call ends with. */
        public String closing() {
            return form.after.strip();
        }
    }

    private static final Set<String> WRAPPER = Set.of("name", "description", "schema", "strict");

    public ResponseFormat {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(before, "before");
        Objects.requireNonNull(after, "after");
        Objects.requireNonNull(calls, "calls");
        if (type == Type.TEXT && !(before.isEmpty() && after.isEmpty())) {
            throw new OptionException("a response_format of any text stands between two texts; expected one of JSON");
        }
        if (schema.isPresent() != (type == Type.JSON_SCHEMA)) {
            throw new OptionException(
                    "a response_format of the type " + name(type)
                            + (schema.isPresent() ? " has a schema" : " has no schema"),
                    "a schema goes with the type json_schema");
        }
    }

    public ResponseFormat(Type type, Optional<Object> schema) {
        this(type, schema, "", "", Optional.empty());
    }

    /** Any text. */
    public static ResponseFormat text() {
        return new ResponseFormat(Type.TEXT, Optional.empty());
    }

    public static ResponseFormat jsonObject() {
        return new ResponseFormat(Type.JSON_OBJECT, Optional.empty());
    }

    /** This format between two texts, as {@code <tool_call>} and {@code </tool_call>}. */
    public ResponseFormat between(String before, String after) {
        return new ResponseFormat(type, schema, before, after, calls);
    }

    /**
     * This format, and calls: in any text, or in the place of the document.
     *
     * @param call as {@link dev.fovea.Processor#toolCallFormat} has it
     * @param several whether more than one may be made
     * @throws OptionException where nothing stands in front of a call by which it is known
     */
    public ResponseFormat withCalls(ResponseFormat call, boolean several) {
        Objects.requireNonNull(call, "call");
        return new ResponseFormat(type, schema, before, after, Optional.of(new Calls(call, several)));
    }

    /** Whether there is a text that it does not allow. */
    public boolean holds() {
        return type != Type.TEXT || calls.isPresent();
    }

    /** @param schema as plain maps, lists and values */
    public static ResponseFormat jsonSchema(Map<String, ? extends @Nullable Object> schema) {
        Objects.requireNonNull(schema, "schema");
        return new ResponseFormat(
                Type.JSON_SCHEMA, Optional.of(Collections.unmodifiableMap(new LinkedHashMap<>(schema))));
    }

    /**
     * From JSON as OpenAI's clients send it: {@code {"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}}, {@code
     * {"type": "json_object"}} or {@code {"type": "text"}}. The name and description of a schema, and whether it is strict, change
     * nothing: it always holds.
     *
     * @throws OptionException where it is none of these
     */
    public static ResponseFormat of(Map<String, ? extends @Nullable Object> json) {
        Objects.requireNonNull(json, "json");
        Object name = json.get("type");
        for (Type type : Type.values()) {
            if (name(type).equals(name)) {
                boolean withSchema = type == Type.JSON_SCHEMA;
                requireKnown(json, withSchema ? Set.of("type", "json_schema") : Set.of("type"));
                return new ResponseFormat(
                        type, withSchema ? Optional.of(wrapped(json.get("json_schema"))) : Optional.empty());
            }
        }
        throw new OptionException("response_format has the type " + Quote.of(String.valueOf(name))
                + "; expected text, json_object or json_schema");
    }

    private static Object wrapped(@Nullable Object wrapper) {
        if (wrapper instanceof Map<?, ?> map) {
            requireKnown(map, WRAPPER);
            Object schema = map.get("schema");
            if (schema instanceof Map || schema instanceof Boolean) {
                return schema;
            }
        }
        throw new OptionException(
                "response_format has no schema",
                "expected {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"…\", \"schema\": {…}}}");
    }

    private static void requireKnown(Map<?, ?> map, Set<String> keys) {
        for (Object key : map.keySet()) {
            if (!keys.contains(key)) {
                throw new OptionException(
                        "response_format has the unknown key " + Quote.of(String.valueOf(key)) + "; known here: "
                                + String.join(", ", keys.stream().sorted().toList()));
            }
        }
    }

    /** As {@link #of} reads it. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("type", name(type));
        schema.ifPresent(s -> {
            Map<String, Object> wrapper = new LinkedHashMap<>();
            wrapper.put("name", "answer");
            wrapper.put("schema", s);
            map.put("json_schema", wrapper);
        });
        return map;
    }

    private static String name(Type type) {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
