package dev.fovea.serve;

import dev.fovea.Message;
import dev.fovea.Processor;
import dev.fovea.ToolCall;
import dev.fovea.text.ChatTemplateOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Functions that a model may call. */
final class Tools {
    private Tools() {}

    /**
     * The schemas that the chat template gets; empty where there are none, or none may be called.
     *
     * @throws Problem where this model's template has no place for them
     */
    static List<Map<String, @Nullable Object>> read(Fields request, Processor processor) {
        List<@Nullable Object> given = request.list("tools").orElse(List.of());
        Object choice = request.value("tool_choice").orElse("auto");
        if (!choice.equals("auto") && !choice.equals("none")) {
            throw Problem.unsupported(
                    "tool_choice", "tool_choice is neither auto nor none; which tool is called is the model's choice");
        }
        request.only("parallel_tool_calls", true, "how many it calls is the model's choice");
        List<Map<String, @Nullable Object>> tools = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            tools.add(tool(Fields.of(given.get(i), "tools[" + i + "]")));
        }
        if (tools.isEmpty() || choice.equals("none")) {
            return List.of();
        }
        if (!processor.hasChatTemplate() || !hasPlace(processor, tools)) {
            throw Problem.unsupported("tools", "tools are given, and this model's chat template has no place for them");
        }
        return tools;
    }

    private static Map<String, @Nullable Object> tool(Fields tool) {
        tool.only("type", "function", "the others are OpenAI's own tools");
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", "function");
        if (tool.has("function")) {
            Fields function = tool.object("function").orElseThrow();
            json.put("function", function(function));
            function.done();
        } else {
            json.put("function", function(tool)); // as /v1/responses has it
        }
        tool.done();
        return json;
    }

    private static Map<String, @Nullable Object> function(Fields function) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("name", function.requiredString("name"));
        function.string("description").ifPresent(text -> json.put("description", text));
        json.put("parameters", function.map("parameters").orElse(Map.of("type", "object", "properties", Map.of())));
        function.only("strict", false, "what a model calls is not held to a schema");
        return json;
    }

    /** Whether the tools change what the template makes of a conversation. */
    private static boolean hasPlace(Processor processor, List<Map<String, @Nullable Object>> tools) {
        List<Message> messages = List.of(Message.user("a"));
        return !processor
                .applyChatTemplate(messages, ChatTemplateOptions.DEFAULT.withTools(tools))
                .equals(processor.applyChatTemplate(messages, ChatTemplateOptions.DEFAULT));
    }

    /** A call as OpenAI has it. */
    static Map<String, @Nullable Object> json(ToolCall call) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", Uploads.id("call_"));
        json.put("type", "function");
        json.put("function", Map.of("name", call.name(), "arguments", call.arguments()));
        return json;
    }
}
