package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the tool calls in an answer while it comes: {@code <tool_call>} with JSON in it, as Qwen's templates teach it, or an answer
 * that is JSON as a whole, {@code {"name": …, "arguments": {…}}} or a list of these. What is none stays text, and nothing is lost.
 *
 * <pre>{@code
 * ToolCallParser parser = processor.toolCallParser(Set.of("weather"));
 * // for each piece of a stream, and at its end
 * parser.add(text).forEach(System.out::println);
 * parser.flush().forEach(System.out::println);
 * }</pre>
 *
 * <p>For one answer, by one thread.
 */
public final class ToolCallParser {
    static final String OPEN = "<tool_call>";
    static final String CLOSE = "</tool_call>";

    /** A part of an answer, in reading order. */
    public sealed interface Part {
        /** Text to show. White space around a call is the call's. */
        record Text(String text) implements Part {}

        /** A call that is complete. */
        record Call(ToolCall call) implements Part {}
    }

    private enum State {
        /** Nothing but white space has come. */
        BEGIN,
        TEXT,
        /** The answer is JSON so far; known at its end. */
        JSON,
        CALL
    }

    private final boolean tagged;
    private final Set<String> names;
    private final StringBuilder held = new StringBuilder();
    private State state = State.BEGIN;
    private boolean behindCall;

    /**
     * @param tagged whether calls stand in {@code <tool_call>}; else an answer that is JSON is one
     * @param names of the tools: an answer of JSON that names none of them is an answer
     */
    ToolCallParser(boolean tagged, Set<String> names) {
        this.tagged = tagged;
        this.names = Set.copyOf(names);
    }

    /** Takes the next piece of the answer; gives the parts that are certain. */
    public List<Part> add(String piece) {
        Objects.requireNonNull(piece, "piece");
        held.append(piece);
        List<Part> parts = new ArrayList<>();
        boolean moved = true;
        while (moved) {
            moved = switch (state) {
                case BEGIN -> begin();
                case TEXT -> text(parts);
                case CALL -> call(parts);
                case JSON -> false;
            };
        }
        return parts;
    }

    /** The rest, at the end of the answer. */
    public List<Part> flush() {
        List<Part> parts = new ArrayList<>();
        String rest = held.toString();
        held.setLength(0);
        List<ToolCall> calls = state == State.JSON ? calls(rest, true) : List.of();
        if (!calls.isEmpty()) {
            calls.forEach(call -> parts.add(new Part.Call(call)));
        } else if (state == State.CALL) {
            // Cut off: a call that lacks its end alone is one.
            List<ToolCall> cut = calls(rest.substring(OPEN.length()), false);
            cut.forEach(call -> parts.add(new Part.Call(call)));
            show(cut.isEmpty() ? rest : "", parts);
        } else {
            show(behindCall ? rest.stripTrailing() : rest, parts);
        }
        return parts;
    }

    /** The parts of an answer that is whole. */
    public List<Part> parse(String answer) {
        List<Part> parts = new ArrayList<>(add(answer));
        parts.addAll(flush());
        return parts;
    }

    private boolean begin() {
        String text = held.toString().stripLeading();
        if (text.isEmpty()) {
            return false;
        }
        state = !tagged && (text.startsWith("{") || text.startsWith("[")) ? State.JSON : State.TEXT;
        return true;
    }

    /** Shows what cannot be the beginning of a call, nor white space in front of one. */
    private boolean text(List<Part> parts) {
        int open = tagged ? held.indexOf(OPEN) : -1;
        if (open >= 0) {
            show(held.substring(0, open).stripTrailing(), parts);
            held.delete(0, open);
            state = State.CALL;
            return true;
        }
        int certain = held.length() - (tagged ? pending() : 0);
        while (tagged && certain > 0 && Character.isWhitespace(held.charAt(certain - 1))) {
            certain--;
        }
        show(held.substring(0, certain), parts);
        held.delete(0, certain);
        return false;
    }

    private int pending() {
        for (int n = Math.min(OPEN.length() - 1, held.length()); n > 0; n--) {
            if (held.indexOf(OPEN.substring(0, n), held.length() - n) >= 0) {
                return n;
            }
        }
        return 0;
    }

    private boolean call(List<Part> parts) {
        int close = close();
        if (close < 0) {
            return false;
        }
        List<ToolCall> calls = calls(held.substring(OPEN.length(), close), false);
        calls.forEach(call -> parts.add(new Part.Call(call)));
        if (calls.isEmpty()) {
            show(held.substring(0, close + CLOSE.length()), parts);
        }
        held.delete(0, close + CLOSE.length());
        behindCall = !calls.isEmpty();
        state = State.TEXT;
        return true;
    }

    /** Where the call ends: at the first closing tag that is not within a string of its JSON; -1 where that has not come. */
    private int close() {
        boolean inString = false;
        for (int i = OPEN.length(); i < held.length(); i++) {
            char c = held.charAt(i);
            if (c == '"') {
                inString = !inString;
            } else if (c == '\\' && inString) {
                i++;
            } else if (c == '<' && !inString && held.indexOf(CLOSE, i) == i) {
                return i;
            }
        }
        return -1;
    }

    private void show(String text, List<Part> parts) {
        String shown = behindCall ? text.stripLeading() : text;
        if (!shown.isEmpty()) {
            behindCall = false;
            parts.add(new Part.Text(shown));
        }
    }

    /** The calls in a text of JSON; none where it is anything else. */
    private List<ToolCall> calls(String text, boolean named) {
        Object value;
        try {
            value = Json.parse(text, "a tool call");
        } catch (InputException _) {
            return List.of(); // the text is shown as it is
        }
        List<ToolCall> calls = new ArrayList<>();
        for (Object one : value instanceof List<?> list ? list : value == null ? List.of() : List.of(value)) {
            Optional<ToolCall> call = call(one, named);
            if (call.isEmpty()) {
                return List.of();
            }
            calls.add(call.get());
        }
        return calls;
    }

    private Optional<ToolCall> call(@Nullable Object value, boolean named) {
        if (!(value instanceof Map<?, ?> outer)) {
            return Optional.empty();
        }
        Map<?, ?> map = outer.get("function") instanceof Map<?, ?> inner ? inner : outer;
        Object arguments = map.containsKey("arguments") ? map.get("arguments") : map.get("parameters");
        return map.get("name") instanceof String name && (!named || names.contains(name))
                ? arguments(arguments).map(json -> new ToolCall(name, json))
                : Optional.empty();
    }

    private static Optional<String> arguments(@Nullable Object arguments) {
        return switch (arguments) {
            case null -> Optional.of("{}");
            case Map<?, ?> map -> Optional.of(Json.write(map));
            case String text -> Optional.of(text);
            default -> Optional.empty();
        };
    }
}
