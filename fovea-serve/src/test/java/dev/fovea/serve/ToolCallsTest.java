package dev.fovea.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.BatchOptions;
import dev.fovea.Content;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.io.Json;
import dev.fovea.text.ChatTemplateOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tools over HTTP: a model of random weights with Qwen3's own template, and biases by which it calls a tool of itself. */
class ToolCallsTest {
    private static final Path KIT = Path.of("../fovea-core/src/test/resources/oracle/qwen2_5_vl/base/checkpoint");
    private static final String CHAT = "/v1/chat/completions";
    private static final String CALL =
            "Let me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\"}}\n</tool_call>";
    private static final Map<String, Object> WEATHER = tool("weather", cityAndDays());
    private static final Map<String, Object> TIME = tool("time", Map.of("zone", Map.of("enum", List.of("UTC", "CET"))));

    @TempDir
    private static Path folder;

    /** In this order, in which answers have them. */
    private static Map<String, Object> cityAndDays() {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("city", Map.of("type", "string", "pattern", "^[A-Z][a-z]{2,9}$"));
        properties.put("days", Map.of("enum", List.of(1, 3, 7)));
        return properties;
    }

    private static Pipeline model;
    private static Trial trial;

    @BeforeAll
    static void start() throws IOException {
        try (Stream<Path> files = Files.list(KIT)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Map<String, ?> qwen3 = Json.parseObject(KIT.resolve("../../../../tokenizers/qwen3/tokenizer_config.json"));
        Files.writeString(
                folder.resolve("chat_template.json"), Json.write(Map.of("chat_template", qwen3.get("chat_template"))));
        try (Pipeline plain = Pipeline.imageTextToText(folder)) {
            Files.writeString(folder.resolve("generation_config.json"), Json.write(saying(plain, CALL)));
        }
        model = Pipeline.imageTextToText(folder).batched(BatchOptions.DEFAULT);
        trial = Trial.of(ServeOptions.DEFAULT, model);
    }

    @AfterAll
    static void stop() {
        trial.close();
        model.close();
    }

    /** A configuration by which a model says a text and nothing else: each token is favoured behind those in front of it. */
    private static Map<String, Object> saying(Pipeline model, String text) {
        List<Integer> ids = new ArrayList<>();
        Arrays.stream(model.processor().tokenizer().encode(text, false)).forEach(ids::add);
        ids.add(1458); // <|im_end|>
        List<Object> biases = new ArrayList<>();
        for (int i = 1; i <= ids.size(); i++) {
            biases.add(List.of(List.copyOf(ids.subList(0, i)), 100.0 * i));
        }
        return Map.of("eos_token_id", 1458, "pad_token_id", 1456, "do_sample", false, "sequence_bias", biases);
    }

    private static Map<String, Object> tool(String name, Map<String, Object> properties) {
        Map<String, Object> parameters = Map.of(
                "type",
                "object",
                "properties",
                properties,
                "required",
                List.copyOf(properties.keySet()),
                "additionalProperties",
                false);
        Map<String, Object> function = new LinkedHashMap<>(); // as the template is going to see them
        function.put("name", name);
        function.put("parameters", parameters);
        Map<String, Object> tool = new LinkedHashMap<>();
        tool.put("type", "function");
        tool.put("function", function);
        return tool;
    }

    private static Map<String, Object> chat(Object choice, boolean stream, Map<?, ?>... more) {
        List<Object> messages =
                new ArrayList<>(List.of(Map.of("role", "user", "content", "How is the weather in Bonn?")));
        messages.addAll(List.of(more));
        Map<String, Object> chat = new HashMap<>(Map.of(
                "messages", messages, "tools", List.of(WEATHER, TIME), "tool_choice", choice, "max_tokens", 200));
        if (stream) {
            chat.put("stream", true);
        }
        return chat;
    }

    private static Message said(String role, String text) {
        return new Message(role, List.of(Content.text(text)), true);
    }

    private static Trial.Reply ask(Map<String, ?> chat) {
        Trial.Reply reply = trial.post(CHAT, chat);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply;
    }

    @Test
    void aModelCallsAndHearsTheAnswer() {
        Trial.Reply first = ask(chat("auto", false));
        assertThat(first.at("choices.0.finish_reason")).isEqualTo("tool_calls");
        assertThat(first.at("choices.0.message.content")).isEqualTo("Let me see.");
        assertThat(first.at("choices.0.message.tool_calls.0.type")).isEqualTo("function");
        assertThat(first.at("choices.0.message.tool_calls.0.function"))
                .isEqualTo(Map.of("name", "weather", "arguments", "{\"city\": \"Bonn\"}"));
        String id = (String) first.at("choices.0.message.tool_calls.0.id");
        Map<String, Object> call = new HashMap<>(Json.object(first.at("choices.0.message"), "the message"));
        Map<String, Object> answer = Map.of("role", "tool", "tool_call_id", id, "content", "{\"sky\": \"blue\"}");
        Map<String, Object> second = chat("auto", false, call, answer);
        second.putAll(Map.of("logit_bias", Map.of("17", 100), "max_tokens", 2));
        Trial.Reply last = ask(second);
        assertThat(last.at("choices.0.finish_reason")).isEqualTo("length");
        assertThat(last.at("choices.0.message.content"))
                .isEqualTo(model.processor().decode(new int[] {17, 17}));
        String prompt = model.processor()
                .applyChatTemplate(
                        List.of(
                                said("user", "How is the weather in Bonn?"),
                                said("assistant", CALL),
                                said("user", "<tool_response>\n{\"sky\": \"blue\"}\n</tool_response>")),
                        ChatTemplateOptions.DEFAULT.withTools(List.of(WEATHER, TIME)));
        assertThat(last.at("usage.prompt_tokens"))
                .isEqualTo((long) model.processor().tokenizer().encode(prompt, false).length);
    }

    /** Qwen3's template adds strings to a content and cannot take a list. */
    @Test
    void aTextInPartsIsAText() {
        Map<String, Object> part = Map.of("type", "text", "text", "How is the weather in Bonn?");
        Map<String, Object> chat = chat("auto", false);
        chat.put("messages", List.of(Map.of("role", "user", "content", List.of(part))));
        assertThat(ask(chat).at("usage.prompt_tokens"))
                .isEqualTo(ask(chat("auto", false)).at("usage.prompt_tokens"));
    }

    @Test
    void aStreamHasTheCallAsADelta() {
        List<Map<String, Object>> events = ask(chat("auto", true)).events();
        StringBuilder text = new StringBuilder();
        List<Object> calls = new ArrayList<>();
        for (Map<String, Object> event : events) {
            if (Trial.at(event, "choices.0.delta.content") instanceof String piece) {
                text.append(piece);
            }
            if (Trial.at(event, "choices.0.delta.tool_calls") instanceof List<?> some) {
                calls.addAll(some);
            }
        }
        assertThat(text.toString()).isEqualTo("Let me see.");
        assertThat(calls).singleElement().satisfies(call -> {
            assertThat(Trial.at(call, "index")).isEqualTo(0L);
            assertThat((String) Trial.at(call, "id")).startsWith("call_");
            assertThat(Trial.at(call, "function.name")).isEqualTo("weather");
            assertThat(Trial.at(call, "function.arguments")).isEqualTo("{\"city\": \"Bonn\"}");
        });
        assertThat(Trial.at(events.getLast(), "choices.0.finish_reason")).isEqualTo("tool_calls");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCallThatIsAskedForComesInItsForm(boolean stream) {
        Map<String, Object> named = Map.of("type", "function", "function", Map.of("name", "time"));
        Object time = call(ask(chat(named, stream)), stream);
        assertThat(Trial.at(time, "name")).isEqualTo("time");
        assertThat((String) Trial.at(time, "arguments")).matches("\\{\\s*\"zone\"\\s*:\\s*\"(UTC|CET)\"\\s*}");
        Map<String, Object> chances = chat("required", stream);
        chances.putAll(Map.of("temperature", 1.0, "seed", 5, "parallel_tool_calls", false));
        Object any = call(ask(chances), stream);
        assertThat((String) Trial.at(any, "name")).isIn("time", "weather");
        if ("weather".equals(Trial.at(any, "name"))) {
            Object arguments = Json.parse((String) Trial.at(any, "arguments"), "arguments");
            assertThat((String) Trial.at(arguments, "city")).matches("[A-Z][a-z]{2,9}");
            assertThat(Trial.at(arguments, "days")).isIn(1L, 3L, 7L);
        }
    }

    private static Object call(Trial.Reply reply, boolean stream) {
        if (!stream) {
            assertThat(reply.at("choices.0.message.content")).isNull();
            assertThat(reply.at("choices.0.finish_reason")).isEqualTo("tool_calls");
            return reply.at("choices.0.message.tool_calls.0.function");
        }
        return reply.events().stream()
                .filter(event -> Trial.at(event, "choices.0.delta.tool_calls") != null)
                .map(event -> Trial.at(event, "choices.0.delta.tool_calls.0.function"))
                .findFirst()
                .orElseThrow();
    }

    /** As responses have them: functions and choices without an object of their own. */
    private static Map<String, Object> response(Object choice, boolean stream, Map<?, ?>... more) {
        List<Object> input = new ArrayList<>(List.of(Map.of("role", "user", "content", "How is the weather in Bonn?")));
        input.addAll(List.of(more));
        List<Object> tools = new ArrayList<>();
        for (Map<String, Object> tool : List.of(WEATHER, TIME)) {
            Map<String, Object> flat = new LinkedHashMap<>(Json.object(tool.get("function"), "a function"));
            flat.put("type", "function");
            tools.add(flat);
        }
        return new HashMap<>(Map.of(
                "input", input, "tools", tools, "tool_choice", choice, "max_output_tokens", 200, "stream", stream));
    }

    private static Trial.Reply respond(Map<String, ?> request) {
        Trial.Reply reply = trial.post("/v1/responses", request);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply;
    }

    @Test
    void responsesHaveCallsAsItems() {
        Trial.Reply first = respond(response("auto", false));
        assertThat(first.at("status")).isEqualTo("completed");
        assertThat(first.at("output.0.content.0.text")).isEqualTo("Let me see.");
        assertThat(first.at("output.1.type")).isEqualTo("function_call");
        assertThat(first.at("output.1.name")).isEqualTo("weather");
        assertThat(first.at("output.1.arguments")).isEqualTo("{\"city\": \"Bonn\"}");
        assertThat(first.at("tools.0.name")).isEqualTo("weather");
        Map<String, Object> message = Json.object(first.at("output.0"), "a message");
        Map<String, Object> call = Json.object(first.at("output.1"), "a call");
        Map<String, Object> answer =
                Map.of("type", "function_call_output", "call_id", call.get("call_id"), "output", "{\"sky\": \"blue\"}");
        Trial.Reply last = respond(response("auto", false, message, call, answer));
        assertThat((Long) last.at("usage.input_tokens")).isGreaterThan((Long) first.at("usage.input_tokens"));
        assertThat((Long) last.at("usage.input_tokens_details.cached_tokens")).isPositive();
    }

    @Test
    void responsesStreamCallsAsEvents() {
        List<Map<String, Object>> events = new ArrayList<>();
        respond(response("auto", true))
                .body()
                .lines()
                .filter(l -> l.startsWith("data: "))
                .forEach(line -> events.add(Json.object(Json.parse(line.substring(6), "an event"), "an event")));
        assertThat(events)
                .extracting(e -> e.get("type").toString().replaceFirst("response\\.", ""))
                .containsSubsequence(
                        "created",
                        "output_item.added",
                        "output_text.delta",
                        "output_text.done",
                        "output_item.done",
                        "output_item.added",
                        "function_call_arguments.delta",
                        "function_call_arguments.done",
                        "output_item.done",
                        "completed");
        Map<String, Object> done = events.stream()
                .filter(e -> e.get("type").equals("response.function_call_arguments.done"))
                .findFirst()
                .orElseThrow();
        assertThat(done.get("output_index")).isEqualTo(1L);
        assertThat(done.get("arguments")).isEqualTo("{\"city\": \"Bonn\"}");
        assertThat(Trial.at(events.getLast(), "response.output.1.id")).isEqualTo(done.get("item_id"));
    }

    @Test
    void someToolsAreAllowed() {
        Map<String, Object> time = Map.of("type", "function", "name", "time");
        Trial.Reply flat =
                respond(response(Map.of("type", "allowed_tools", "mode", "required", "tools", List.of(time)), false));
        assertThat(flat.at("output.0.name")).isEqualTo("time");
        Map<String, Object> named = Map.of("type", "function", "function", Map.of("name", "time"));
        Map<String, Object> must = Map.of("mode", "required", "tools", List.of(named));
        Object call = call(ask(chat(Map.of("type", "allowed_tools", "allowed_tools", must), false)), false);
        assertThat(Trial.at(call, "name")).isEqualTo("time");
        Map<String, Object> may = Map.of("mode", "auto", "tools", List.of(named));
        Map<String, Object> alone = chat("auto", false);
        alone.put("tools", List.of(TIME));
        assertThat(ask(chat(Map.of("type", "allowed_tools", "allowed_tools", may), false))
                        .at("usage.prompt_tokens"))
                .isEqualTo(ask(alone).at("usage.prompt_tokens"));
        Map<String, Object> unknown = Map.of(
                "mode", "auto", "tools", List.of(Map.of("type", "function", "function", Map.of("name", "tides"))));
        refused(
                chat(Map.of("type", "allowed_tools", "allowed_tools", unknown), false),
                "tool_choice.allowed_tools.tools[0].function.name");
    }

    /** The template teaches calls between tags, so what is asked for comes between them too. */
    @Test
    void aCallThatIsAskedForHasTheTemplatesTags() {
        Map<String, Object> chat = chat("required", false);
        chat.putAll(Map.of("logprobs", true, "max_tokens", 400));
        StringBuilder written = new StringBuilder();
        for (Object token : (List<?>) ask(chat).at("choices.0.logprobs.content")) {
            written.append(Trial.at(token, "token"));
        }
        assertThat(written.toString()).startsWith("<tool_call>\n{").contains("}\n</tool_call>");
    }

    @Test
    void noneCallsNothing() {
        Map<String, Object> chat = chat("none", false);
        chat.put("max_tokens", 100);
        assertThat(ask(chat).at("choices.0.message"))
                .asString()
                .doesNotContain("tool_calls")
                .contains("<tool_call>");
    }

    @Test
    void refusesChoicesThatCannotBe() {
        refused(chat("any", false), "tool_choice");
        refused(
                chat(Map.of("type", "function", "function", Map.of("name", "tides")), false),
                "tool_choice.function.name");
        refused(chat(Map.of("type", "custom"), false), "tool_choice.type");
        Map<String, Object> nothing = chat("required", false);
        nothing.remove("tools");
        refused(nothing, "tool_choice");
        Map<String, Object> both = chat("required", false);
        both.put("response_format", Map.of("type", "json_object"));
        refused(both, "tool_choice");
        both.put("response_format", Map.of("type", "text"));
        ask(both);
        Map<String, Object> response = response("required", false);
        response.put("text", Map.of("format", Map.of("type", "text"), "verbosity", "medium"));
        assertThat(respond(response).at("output.0.type")).isEqualTo("function_call");
        response.put("text", Map.of("format", Map.of("type", "json_object")));
        assertThat(trial.post("/v1/responses", response).at("error.param")).isEqualTo("tool_choice");
    }

    /** The model says a call that lacks a property: it is held to the schema from the tag on, and to nothing before. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStrictCallThatTheModelMakesByItselfHoldsItsSchema(boolean stream) {
        Map<String, Object> chat = chat("auto", stream);
        chat.putAll(Map.of("tools", List.of(strict(WEATHER), TIME), "parallel_tool_calls", false));
        Trial.Reply reply = ask(chat);
        Object function = stream
                ? reply.events().stream()
                        .filter(event -> Trial.at(event, "choices.0.delta.tool_calls") != null)
                        .map(event -> Trial.at(event, "choices.0.delta.tool_calls.0.function"))
                        .findFirst()
                        .orElseThrow()
                : reply.at("choices.0.message.tool_calls.0.function");
        assertThat(Trial.at(function, "name")).isEqualTo("weather");
        Object arguments = Json.parse((String) Trial.at(function, "arguments"), "arguments");
        assertThat(Trial.at(arguments, "city")).isEqualTo("Bonn");
        assertThat(Trial.at(arguments, "days")).isIn(1L, 3L, 7L);
        if (!stream) {
            assertThat(reply.at("choices.0.message.content")).isEqualTo("Let me see.");
            assertThat(reply.at("choices.0.finish_reason")).isEqualTo("tool_calls");
        }
    }

    private static Map<String, Object> strict(Map<String, Object> tool) {
        Map<String, Object> function = new LinkedHashMap<>(Json.object(tool.get("function"), "a function"));
        function.put("strict", true);
        return Map.of("type", "function", "function", function);
    }

    @Test
    void withoutParallelCallsAnAnswerEndsBehindOne() {
        Map<String, Object> chat = chat("auto", false);
        chat.putAll(Map.of("parallel_tool_calls", false, "logprobs", true));
        Trial.Reply reply = ask(chat);
        assertThat(reply.at("choices.0.message.tool_calls.0.function"))
                .isEqualTo(Map.of("name", "weather", "arguments", "{\"city\": \"Bonn\"}"));
        StringBuilder written = new StringBuilder();
        for (Object token : (List<?>) reply.at("choices.0.logprobs.content")) {
            written.append(Trial.at(token, "token"));
        }
        assertThat(written.toString()).isEqualTo(CALL);
    }

    /** As OpenAI has it: an answer in the form, or calls in its place. */
    @Test
    void besideAFormCallsAreCalls() {
        Map<String, Object> chat = chat("auto", false);
        chat.putAll(Map.of(
                "response_format",
                Map.of(
                        "type",
                        "json_schema",
                        "json_schema",
                        Map.of("name", "sky", "schema", Map.of("enum", List.of("blue", "grey"))))));
        chat.put("logit_bias", Map.of(token("\""), 100));
        assertThat(ask(chat).at("choices.0.message.content")).isIn("\"blue\"", "\"grey\"");
        chat.putAll(Map.of(
                "logit_bias",
                Map.of(token("<"), 50),
                "tools",
                List.of(strict(WEATHER), strict(TIME)),
                "parallel_tool_calls",
                false));
        Trial.Reply called = ask(chat);
        assertThat(called.at("choices.0.message.content")).isNull();
        assertThat((String) called.at("choices.0.message.tool_calls.0.function.name"))
                .isIn("weather", "time");
    }

    /** Pydantic writes the types of parameters so. */
    @Test
    void parametersReferToPlacesWithinThemselves() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("$defs", Map.of("Unit", Map.of("enum", List.of("K", "C"))));
        parameters.put("type", "object");
        parameters.put("properties", Map.of("unit", Map.of("$ref", "#/$defs/Unit")));
        parameters.put("required", List.of("unit"));
        Map<String, Object> chat = chat("required", false);
        chat.put(
                "tools",
                List.of(Map.of("type", "function", "function", Map.of("name", "heat", "parameters", parameters))));
        Object call = call(ask(chat), false);
        assertThat((String) Trial.at(call, "arguments")).matches("\\{\\s*\"unit\"\\s*:\\s*\"[KC]\"\\s*}");
    }

    private static String token(String text) {
        return String.valueOf(model.processor().tokenizer().encode(text, false)[0]);
    }

    private static void refused(Map<String, ?> chat, String param) {
        Trial.Reply reply = trial.post(CHAT, chat);
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.at("error.param")).isEqualTo(param);
    }
}
