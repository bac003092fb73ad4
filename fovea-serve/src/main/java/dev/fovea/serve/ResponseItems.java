package dev.fovea.serve;

import dev.fovea.ToolCall;
import dev.fovea.ToolCallParser.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The output of a response: messages and calls in reading order, and the events that tell of them while they come. */
final class ResponseItems {
    /** Hears events by their type. */
    interface Told {
        void tell(String type, Map<String, ?> more);
    }

    private static final String IN_PROGRESS = "in_progress";

    private final Told told;
    private final List<Map<String, @Nullable Object>> items = new ArrayList<>();
    private @Nullable StringBuilder text; // of the message that is being written
    private String message = "";

    ResponseItems(Told told) {
        this.told = told;
    }

    void add(List<Part> parts) {
        for (Part part : parts) {
            switch (part) {
                case Part.Text(String piece) -> write(piece);
                case Part.Call(ToolCall call) -> {
                    close("completed");
                    call(call);
                }
            }
        }
    }

    /** All items, once the answer is over; there is one at least. */
    List<Map<String, @Nullable Object>> end(String status) {
        if (items.isEmpty() && text == null) {
            open();
        }
        close(status);
        return items;
    }

    private StringBuilder open() {
        message = Uploads.id("msg_");
        StringBuilder opened = new StringBuilder();
        text = opened;
        told.tell("response.output_item.added", item(message(IN_PROGRESS, List.of())));
        told.tell("response.content_part.added", place(Map.of("part", text(""))));
        return opened;
    }

    private void write(String piece) {
        (text == null ? open() : text).append(piece);
        told.tell("response.output_text.delta", place(Map.of("delta", piece, "logprobs", List.of())));
    }

    private void close(String status) {
        if (text == null) {
            return;
        }
        String whole = text.toString();
        told.tell("response.output_text.done", place(Map.of("text", whole, "logprobs", List.of())));
        told.tell("response.content_part.done", place(Map.of("part", text(whole))));
        Map<String, @Nullable Object> closed = message(status, List.of(text(whole)));
        told.tell("response.output_item.done", item(closed));
        items.add(closed);
        text = null;
    }

    private void call(ToolCall call) {
        String id = Uploads.id("fc_");
        String callId = Uploads.id("call_");
        told.tell("response.output_item.added", item(call(id, callId, IN_PROGRESS, call.name(), "")));
        Map<String, Object> place = new LinkedHashMap<>();
        place.put("item_id", id);
        place.put("output_index", items.size());
        place.put("delta", call.arguments());
        told.tell("response.function_call_arguments.delta", place);
        place.remove("delta");
        place.put("name", call.name());
        place.put("arguments", call.arguments());
        told.tell("response.function_call_arguments.done", place);
        Map<String, @Nullable Object> closed = call(id, callId, "completed", call.name(), call.arguments());
        told.tell("response.output_item.done", item(closed));
        items.add(closed);
    }

    private Map<String, Object> item(Map<String, @Nullable Object> item) {
        return Map.of("output_index", items.size(), "item", item);
    }

    private Map<String, Object> place(Map<String, ?> more) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("item_id", message);
        json.put("output_index", items.size());
        json.put("content_index", 0);
        json.putAll(more);
        return json;
    }

    private Map<String, @Nullable Object> message(String status, List<?> content) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", "message");
        json.put("id", message);
        json.put("status", status);
        json.put("role", "assistant");
        json.put("content", content);
        return json;
    }

    private static Map<String, @Nullable Object> call(
            String id, String callId, String status, String name, String arguments) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", "function_call");
        json.put("id", id);
        json.put("call_id", callId);
        json.put("status", status);
        json.put("name", name);
        json.put("arguments", arguments);
        return json;
    }

    private static Map<String, @Nullable Object> text(String text) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", "output_text");
        json.put("text", text);
        json.put("annotations", List.of());
        json.put("logprobs", List.of());
        return json;
    }
}
