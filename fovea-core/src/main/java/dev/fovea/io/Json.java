package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON as plain Java: {@code Map<String, Object>} in the file's order, {@code List<Object>}, {@code String}, {@code
 * Long} ({@code BigInteger} where it does not fit), {@code Double}, {@code Boolean}, {@code null}.
 *
 * <p>Hostile input is refused: duplicate keys, nesting over 100 levels, trailing text. As Python's json does, NaN and Infinity
 * are not written by {@link #write} and not read.
 */
public final class Json {
    private static final int MAX_DEPTH = 100;
    private static final int MAX_NAME = 100;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength((int) InputFile.TEXT_BYTES)
                    .maxNameLength(1 << 20)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private Json() {}

    /** @throws InputException where the text is not one JSON value; the message has line and column */
    public static @Nullable Object parse(String text, String what) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            try {
                parser.nextToken();
                Object value = value(parser, what);
                if (parser.nextToken() != null) {
                    throw new InputException(what + " has text after its JSON value");
                }
                return value;
            } catch (JacksonException e) {
                throw new InputException(what + " is not valid JSON: " + problem(e, parser) + where(e), "", e);
            }
        }
    }

    /** @throws InputException where the file cannot be read or is not JSON */
    public static @Nullable Object parse(Path file) {
        String text = InputFile.readText(file);
        StandIn.refuse(file, text);
        return parse(text, file.toString());
    }

    /** The object in a file. @throws InputException where it is something else */
    public static Map<String, @Nullable Object> parseObject(Path file) {
        return object(parse(file), file.toString());
    }

    /** The value as an object. @throws InputException where it is something else */
    @SuppressWarnings("unchecked")
    public static Map<String, @Nullable Object> object(@Nullable Object value, String what) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw new InputException(what + " is " + typeName(value) + "; expected an object");
    }

    /** The value as an array. @throws InputException where it is something else */
    @SuppressWarnings("unchecked")
    public static List<@Nullable Object> array(@Nullable Object value, String what) {
        if (value instanceof List<?> list) {
            return (List<@Nullable Object>) list;
        }
        throw new InputException(what + " is " + typeName(value) + "; expected an array");
    }

    /** How messages name the type of a value. */
    public static String typeName(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "an array";
            case String _ -> "a string";
            case Boolean _ -> "a boolean";
            case Number n -> "the number " + n;
            default -> value.getClass().getSimpleName();
        };
    }

    /** Compact JSON on one line, non-ASCII characters as they are. Also writes records' maps, int[] and float[] values. */
    public static String write(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    /** A name from a file as messages show it: quoted, on one line, not endless. */
    static String quoted(String name) {
        return write(name.length() <= MAX_NAME ? name : name.substring(0, MAX_NAME) + "…");
    }

    private static @Nullable Object value(JsonParser parser, String what) {
        JsonToken token = parser.currentToken();
        if (token == null) {
            throw new InputException(what + " is empty; expected JSON");
        }
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    parser.nextToken();
                    map.put(key, value(parser, what));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser, what));
                }
                yield list;
            }
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT ->
                parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        ? (Object) parser.getBigIntegerValue()
                        : (Object) parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new InputException(what + " is not valid JSON: unexpected " + token);
        };
    }

    /** Which rule is broken. */
    private static String problem(JacksonException failure, JsonParser parser) {
        return switch (failure) {
            case UnexpectedEndOfInputException _ -> "it ends too early";
            case StreamConstraintsException _ ->
                "it is nested more than " + MAX_DEPTH + " levels deep, or has an endless name or number";
            default ->
                failure.getOriginalMessage().startsWith("Duplicate")
                        ? "the key " + Quote.of(String.valueOf(parser.currentName())) + " stands twice in an object"
                        : "there is something unexpected";
        };
    }

    private static String where(JacksonException e) {
        return e.getLocation() == null
                ? ""
                : " at line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
    }

    private static void write(@Nullable Object value, StringBuilder out) {
        switch (value) {
            case null -> out.append("null");
            case String s -> quote(s, out);
            case Map<?, ?> map -> {
                String separator = "{";
                for (Map.Entry<?, ?> e : map.entrySet()) {
                    out.append(separator);
                    quote(String.valueOf(e.getKey()), out);
                    out.append(": ");
                    write(e.getValue(), out);
                    separator = ", ";
                }
                out.append(map.isEmpty() ? "{}" : "}");
            }
            case Iterable<?> list -> {
                String separator = "";
                out.append('[');
                for (Object e : list) {
                    out.append(separator);
                    write(e, out);
                    separator = ", ";
                }
                out.append(']');
            }
            case int[] ints -> write(java.util.Arrays.stream(ints).boxed().toList(), out);
            case float[] floats -> {
                List<Float> list = new ArrayList<>(floats.length);
                for (float f : floats) {
                    list.add(f);
                }
                write(list, out);
            }
            case Double d when !Double.isFinite(d) -> out.append("null");
            case Float f when !Float.isFinite(f) -> out.append("null");
            case Number n -> out.append(n);
            case Boolean b -> out.append(b);
            default -> quote(value.toString(), out);
        }
    }

    /** What would reorder the line that it stands in, or end it for some readers. */
    private static boolean directs(char c) {
        return (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    }

    private static void quote(String s, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    boolean loneSurrogate = Character.isSurrogate(c)
                            && !(Character.isHighSurrogate(c)
                                    && i + 1 < s.length()
                                    && Character.isLowSurrogate(s.charAt(i + 1)))
                            && !(Character.isLowSurrogate(c) && i > 0 && Character.isHighSurrogate(s.charAt(i - 1)));
                    if (Character.isISOControl(c) || loneSurrogate || directs(c)) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
