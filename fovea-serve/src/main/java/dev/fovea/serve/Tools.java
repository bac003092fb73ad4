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

    private static final String CHOICE = "tool_choice";

    /** @throws Problem where this model's template has no place for them */
    static Tools read(Fields request, List<Message> messages, Processor processor) {
        if (!processor.hasChatTemplate()) {
            return NONE; // whoever reads the request refuses them
        }
        List<@Nullable Object> given = request.list("tools").orElse(List.of());
        List<Function> functions = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            functions.add(Function.of(Fields.of(given.get(i), "tools[" + i + "]")));
        }
        Choice choice = Choice.of(request, functions);
        for (Function function : functions) {
            function.requireHeld(choice.forces());
        }
        Optional<Boolean> parallel = request.optionalFlag("parallel_tool_calls");
        if (!choice.forces() && !parallel.orElse(true)) {
            throw Problem.unsupported(
                    "parallel_tool_calls",
                    "parallel_tool_calls is false, and how many it calls is the model's choice; a call that"
                            + " tool_choice asks for is one");
        }
        if (functions.isEmpty() || choice.none()) {
            return NONE;
        }
        List<Map<String, @Nullable Object>> schemas =
                functions.stream().map(Function::json).toList();
        if (!hasPlace(processor, messages, schemas)) {
            throw Problem.unsupported("tools", "tools are given, and this model's chat template has no place for them");
        }
        return new Tools(schemas, choice.forces() ? Optional.of(form(choice.functions())) : Optional.empty());
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

    /** A call of one of some functions, as templates teach it, without what they put around it. */
    private static ResponseFormat form(List<Function> functions) {
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

    private static Map<String, Object> properties(Function function) {
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

    private record Function(
            String path,
            String name,
            @Nullable String description,
            Map<String, @Nullable Object> parameters,
            boolean strict) {
        static Function of(Fields tool) {
            tool.only("type", "function", "the others are OpenAI's own tools");
            Fields function = tool.object("function").orElseThrow(() -> tool.missing("function"));
            Function read = new Function(
                    function.path("strict"),
                    function.requiredString("name"),
                    function.string("description").orElse(null),
                    function.map("parameters").orElse(Map.of("type", "object", "properties", Map.of())),
                    function.flag("strict"));
            function.done();
            tool.done();
            return read;
        }

        void requireHeld(boolean forced) {
            if (strict && !forced) {
                throw Problem.unsupported(
                        path,
                        path + " is true, and what a model calls of itself is not held to a schema; only calls that"
                                + " tool_choice asks for are");
            }
        }

        Map<String, @Nullable Object> json() {
            Map<String, @Nullable Object> function = new LinkedHashMap<>();
            function.put("name", name);
            if (description != null) {
                function.put("description", description);
            }
            function.put("parameters", parameters);
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("type", "function");
            json.put("function", function);
            return json;
        }
    }

    /** @param functions of which one has to be called; empty for as the model likes */
    private record Choice(boolean none, List<Function> functions) {
        static Choice of(Fields request, List<Function> offered) {
            Object given = request.value(CHOICE).orElse("auto");
            if (given.equals("auto") || given.equals("none")) {
                return new Choice(given.equals("none"), List.of());
            }
            if (offered.isEmpty()) {
                throw Problem.of(CHOICE, "tool_choice asks for a call, and there are no tools");
            }
            if (request.has("response_format")) {
                throw Problem.of(CHOICE, "tool_choice asks for a call, and response_format for another answer");
            }
            return given.equals("required") ? new Choice(false, offered) : named(given, offered);
        }

        private static Choice named(Object given, List<Function> offered) {
            if (!(given instanceof Map)) {
                throw Problem.of(
                        CHOICE,
                        "tool_choice is neither auto, none nor required; expected one of them, or"
                                + " {\"type\": \"function\", \"function\": {\"name\": \"…\"}}");
            }
            Fields choice = Fields.of(given, CHOICE);
            choice.only("type", "function", "the others are OpenAI's own tools");
            Fields function = choice.object("function").orElseThrow(() -> choice.missing("function"));
            String name = function.requiredString("name");
            function.done();
            choice.done();
            List<Function> named =
                    offered.stream().filter(f -> f.name().equals(name)).toList();
            if (named.isEmpty()) {
                throw Problem.of(function.path("name"), "tool_choice names a function that is not among the tools");
            }
            return new Choice(false, named);
        }

        boolean forces() {
            return !functions.isEmpty();
        }
    }
}
