package dev.fovea.serve;

import dev.fovea.error.Quote;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The input of {@code /v1/responses} as messages of {@code /v1/chat/completions}. */
final class ResponsesInput {
    private static final String CALLS = "tool_calls";

    private ResponsesInput() {}

    static List<@Nullable Object> messages(Fields request) {
        List<Map<String, @Nullable Object>> messages = new ArrayList<>();
        request.string("instructions").ifPresent(text -> messages.add(message("system", text)));
        switch (request.value("input").orElseThrow(() -> request.missing("input"))) {
            case String text -> messages.add(message("user", text));
            case List<?> items -> {
                for (int i = 0; i < items.size(); i++) {
                    add(messages, item(Fields.of(items.get(i), "input[" + i + "]")));
                }
            }
            default -> throw Problem.of("input", "input is neither a string nor an array of items");
        }
        return new ArrayList<@Nullable Object>(messages);
    }

    /** Calls belong to the turn in which they were made: that of the text in front of them, and of other calls. */
    private static void add(List<Map<String, @Nullable Object>> messages, Map<String, @Nullable Object> message) {
        Map<String, @Nullable Object> last = messages.isEmpty() ? Map.of() : messages.getLast();
        if (!message.containsKey(CALLS) || !"assistant".equals(last.get("role"))) {
            messages.add(message);
            return;
        }
        List<@Nullable Object> calls = new ArrayList<>();
        for (Map<String, @Nullable Object> one : List.of(last, message)) {
            if (one.get(CALLS) instanceof List<?> some) {
                calls.addAll(some);
            }
        }
        last.put(CALLS, calls);
    }

    private static Map<String, @Nullable Object> message(String role, @Nullable Object content) {
        Map<String, @Nullable Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    private static Map<String, @Nullable Object> item(Fields item) {
        String type = item.string("type").orElse("message");
        item.withoutEffect("id", "status");
        Map<String, @Nullable Object> message = switch (type) {
            case "message" -> message(item.requiredString("role"), content(item));
            case "function_call" -> call(item);
            case "function_call_output" -> {
                Map<String, @Nullable Object> output = message("tool", item.requiredString("output"));
                output.put("tool_call_id", item.requiredString("call_id"));
                yield output;
            }
            default ->
                throw Problem.of(
                        item.path("type"),
                        item.path("type") + " is " + Quote.of(type)
                                + "; expected message, function_call or function_call_output");
        };
        item.done();
        return message;
    }

    private static Map<String, @Nullable Object> call(Fields item) {
        Map<String, @Nullable Object> message = message("assistant", null);
        message.put(
                CALLS,
                List.of(Map.of(
                        "id",
                        item.requiredString("call_id"),
                        "type",
                        "function",
                        "function",
                        Map.of("name", item.requiredString("name"), "arguments", item.requiredString("arguments")))));
        return message;
    }

    private static Object content(Fields item) {
        Object content = item.value("content").orElseThrow(() -> item.missing("content"));
        if (!(content instanceof List<?> parts)) {
            return content;
        }
        List<Object> read = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            read.add(part(Fields.of(parts.get(i), item.path("content[" + i + "]"))));
        }
        return read;
    }

    private static Map<String, Object> part(Fields part) {
        String type = part.requiredString("type");
        Map<String, Object> read = switch (type) {
            case "input_text", "output_text" -> {
                part.withoutEffect("annotations", "logprobs");
                yield Map.of("type", "text", "text", part.requiredString("text"));
            }
            case "input_image" -> {
                part.withoutEffect("detail");
                yield part.has("file_id")
                        ? file("file_id", part)
                        : Map.of("type", "image_url", "image_url", part.requiredString("image_url"));
            }
            case "input_file" -> {
                part.withoutEffect("filename");
                yield file(part.has("file_id") ? "file_id" : "file_data", part);
            }
            default ->
                throw Problem.of(
                        part.path("type"),
                        part.path("type") + " is " + Quote.of(type)
                                + "; expected input_text, input_image, input_file or output_text");
        };
        part.done();
        return read;
    }

    private static Map<String, Object> file(String key, Fields part) {
        return Map.of("type", "file", "file", Map.of(key, part.requiredString(key)));
    }
}
