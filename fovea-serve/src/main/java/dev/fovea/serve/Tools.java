package dev.fovea.serve;

import dev.fovea.Message;
import dev.fovea.Processor;
import dev.fovea.ToolCall;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.text.ChatTemplateOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Functions that a model may call.
 *
 * @param schemas for the chat template; empty where there are none, or none may be called
 * @param forced the form of an answer that has to be a call
 */
record Tools(List<Map<String, @Nullable Object>> schemas, Optional<ResponseFormat> forced) {
    /** None may be called. */
    static final Tools NONE = new Tools(List.of(), Optional.empty());

    /** Of chats. */
    static Tools read(Fields request, List<Message> messages, Processor processor) {
        return read(request, false, messages, processor);
    }

    /** Of responses. */
    static Tools ofResponse(Fields request, List<Message> messages, Processor processor) {
        return read(request, true, messages, processor);
    }

    /** @throws Problem where this model's template has no place for them */
    private static Tools read(Fields request, boolean flat, List<Message> messages, Processor processor) {
        if (!processor.hasChatTemplate()) {
            return NONE; // whoever reads the request refuses them
        }
        List<@Nullable Object> given = request.list("tools").orElse(List.of());
        List<ToolFunction> functions = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            functions.add(ToolFunction.of(Fields.of(given.get(i), "tools[" + i + "]"), flat));
        }
        ToolChoice choice = ToolChoice.of(request, flat, functions);
        for (ToolFunction function : functions) {
            function.requireHeld(choice.forces());
        }
        Optional<Boolean> parallel = request.optionalFlag("parallel_tool_calls");
        if (!choice.offered().isEmpty() && !choice.forces() && !parallel.orElse(true)) {
            throw Problem.unsupported(
                    "parallel_tool_calls",
                    "parallel_tool_calls is false, and how many it calls is the model's choice; a call that"
                            + " tool_choice asks for is one");
        }
        List<Map<String, @Nullable Object>> schemas =
                choice.offered().stream().map(ToolFunction::json).toList();
        if (schemas.isEmpty()) {
            return NONE;
        }
        if (!hasPlace(processor, messages, schemas)) {
            throw Problem.unsupported("tools", "tools are given, and this model's chat template has no place for them");
        }
        if (choice.forces()) {
            Sampling.requireShort(schemas, "tools");
        }
        return new Tools(
                schemas,
                choice.forces() ? Optional.of(processor.toolCallFormat(form(choice.offered()))) : Optional.empty());
    }

    /** Names of the functions that were offered. */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (Map<String, @Nullable Object> schema : schemas) {
            if (schema.get("function") instanceof Map<?, ?> function && function.get("name") instanceof String name) {
                names.add(name);
            }
        }
        return names;
    }

    /** A call of one of some functions. */
    private static ResponseFormat form(List<ToolFunction> functions) {
        List<Map<String, ?>> calls = functions.stream()
                .map(f -> Map.of(
                        "type",
                        "object",
                        "properties",
                        properties(f),
                        "required",
                        List.of("name", "arguments"),
                        "additionalProperties",
                        false))
                .collect(Collectors.toUnmodifiableList());
        return ResponseFormat.jsonSchema(Map.of("anyOf", calls));
    }

    private static Map<String, Object> properties(ToolFunction function) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("name", Map.of("const", function.name()));
        properties.put("arguments", function.parameters());
        return properties;
    }

    /** Whether the tools change what the template makes of a conversation. */
    private static boolean hasPlace(
            Processor processor, List<Message> messages, List<Map<String, @Nullable Object>> tools) {
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
