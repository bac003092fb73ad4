package dev.fovea.serve;

import dev.fovea.Message;
import dev.fovea.Processor;
import dev.fovea.ToolCall;
import dev.fovea.generate.GenerationConfig;
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
 * @param held how answers are held to calls; empty where a call is what the model makes of it
 */
record Tools(List<Map<String, @Nullable Object>> schemas, Optional<Held> held) {
    /** None may be called. */
    static final Tools NONE = new Tools(List.of(), Optional.empty());

    /**
     * @param call the form of one
     * @param forced whether an answer has to be one, and nothing else
     * @param several whether an answer may have more than one
     * @param always whether calls are held too where the rest of the answer is free
     */
    record Held(ResponseFormat call, boolean forced, boolean several, boolean always) {}

    static final String NOT_HELD =
            "nothing in front of a call tells it from an answer in this model's chat template, so that"
                    + " only a call that tool_choice asks for is held to a form";

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
        boolean several = request.optionalFlag("parallel_tool_calls").orElse(true);
        List<Map<String, @Nullable Object>> schemas =
                choice.offered().stream().map(ToolFunction::json).toList();
        if (schemas.isEmpty()) {
            return NONE;
        }
        if (!hasPlace(processor, messages, schemas)) {
            throw Problem.unsupported("tools", "tools are given, and this model's chat template has no place for them");
        }
        return new Tools(schemas, held(choice, several, processor));
    }

    private static Optional<Held> held(ToolChoice choice, boolean several, Processor processor) {
        boolean strict = choice.offered().stream().anyMatch(ToolFunction::strict);
        boolean always = choice.forces() || strict || !several;
        if (always) {
            Sampling.requireShort(
                    choice.offered().stream().map(ToolFunction::json).toList(), "tools");
        }
        ResponseFormat call = processor.toolCallFormat(form(choice));
        if (!choice.forces() && call.before().isBlank()) {
            choice.offered().forEach(ToolFunction::requireFree);
            if (!several) {
                throw Problem.unsupported("parallel_tool_calls", "parallel_tool_calls is false, and " + NOT_HELD);
            }
            return Optional.empty();
        }
        return Optional.of(new Held(call, choice.forces(), several, always));
    }

    /** With the form that calls, and an answer with calls, are held to. */
    GenerationConfig hold(GenerationConfig config) {
        Optional<ResponseFormat> given = config.responseFormat();
        if (held.isEmpty() || given.isEmpty() && !held.get().always()) {
            return config;
        }
        ResponseFormat call = held.get().call();
        return config.withResponseFormat(
                held.get().forced()
                        ? call
                        : given.orElse(ResponseFormat.text())
                                .withCalls(call, held.get().several()));
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

    /** A call of one of the functions. */
    private static ResponseFormat form(ToolChoice choice) {
        List<Map<String, ?>> calls = choice.offered().stream()
                .map(f -> Map.of(
                        "type",
                        "object",
                        "properties",
                        properties(f, choice.forces() || f.strict()),
                        "required",
                        List.of("name", "arguments"),
                        "additionalProperties",
                        false))
                .collect(Collectors.toUnmodifiableList());
        return ResponseFormat.jsonSchema(Map.of("anyOf", calls));
    }

    private static Map<String, Object> properties(ToolFunction function, boolean strict) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("name", Map.of("const", function.name()));
        properties.put("arguments", strict ? scoped(function) : Map.of("type", "object"));
        return properties;
    }

    /** The parameters, whose references are to places within themselves. */
    private static Map<String, @Nullable Object> scoped(ToolFunction function) {
        Map<String, @Nullable Object> parameters = new LinkedHashMap<>(function.parameters());
        parameters.putIfAbsent("$id", function.name());
        return parameters;
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
