package dev.fovea.serve;

import static dev.fovea.serve.Trial.ask;
import static dev.fovea.serve.Trial.picture;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All routes but chats. */
class ApiTest {
    private static final String KEY = "correct-horse";
    private static final String[] AUTH = {"Authorization", "Bearer " + KEY};
    private static final String[] OTHER = {"Authorization", "Bearer battery-staple"};

    private static Trial trial;

    @BeforeAll
    static void start() {
        trial = Trial.of(
                ServeOptions.DEFAULT
                        .withKeys(List.of(new ApiKey("shop", KEY), new ApiKey("other", "battery-staple", 2)))
                        .withMaxFileBytes(100_000),
                "demo",
                "finder=demo:finder");
    }

    @AfterAll
    static void stop() {
        trial.close();
    }

    @Test
    void tellsHealthWithoutAKey() {
        assertThat(trial.get("/health").at("status")).isEqualTo("ok");
        assertThat(trial.get("/ready").at("status")).isEqualTo("ready");
    }

    @Test
    void listsModels() {
        Trial.Reply models = trial.get("/v1/models", AUTH);
        assertThat(models.at("data.0.id")).isEqualTo("demo");
        assertThat(models.at("data.1.id")).isEqualTo("finder");
        assertThat(trial.get("/v1/models/finder", AUTH).at("fovea.tasks"))
                .asString()
                .contains("<OD>");
        assertThat(trial.get("/v1/models/lost", AUTH).at("error.code")).isEqualTo("model_not_found");
    }

    @Test
    void goesOnWithRawPrompts() {
        Map<String, Object> json =
                Map.of("model", "demo", "prompt", List.of("There", "A red"), "max_tokens", 4, "echo", true);
        Trial.Reply reply = trial.post("/v1/completions", json, AUTH);
        assertThat(reply.at("object")).isEqualTo("text_completion");
        assertThat((String) reply.at("choices.0.text")).startsWith("There");
        assertThat((String) reply.at("choices.1.text")).startsWith("A red");
        assertThat(reply.at("choices.1.index")).isEqualTo(1L);
        List<Map<String, Object>> events = trial.post(
                        "/v1/completions",
                        Map.of("prompt", List.of("There", "A red"), "max_tokens", 4, "echo", true, "stream", true),
                        AUTH)
                .events();
        for (long i = 0; i < 2; i++) {
            long index = i;
            assertThat(events.stream()
                            .filter(e -> Trial.at(e, "choices.0.index").equals(index))
                            .map(e -> (String) Trial.at(e, "choices.0.text"))
                            .collect(Collectors.joining()))
                    .isEqualTo(reply.at("choices." + i + ".text"));
        }
    }

    @Test
    void tellsHowLikelyTheTokensOfACompletionAre() {
        Map<String, Object> json = Map.of("prompt", "There is a", "max_tokens", 4, "temperature", 0, "logprobs", 2);
        Trial.Reply reply = trial.post("/v1/completions", json, AUTH);
        List<?> tokens = (List<?>) reply.at("choices.0.logprobs.tokens");
        assertThat(String.join("", tokens.toArray(String[]::new))).isEqualTo(reply.at("choices.0.text"));
        assertThat(reply.at("choices.0.logprobs.text_offset.1"))
                .isEqualTo((long) tokens.getFirst().toString().length());
        assertThat(Json.object(reply.at("choices.0.logprobs.top_logprobs.0"), "the likeliest"))
                .hasSize(2)
                .containsEntry((String) tokens.getFirst(), reply.at("choices.0.logprobs.token_logprobs.0"));
        Map<String, Object> streamed = new HashMap<>(json);
        streamed.put("stream", true);
        List<Map<String, Object>> events =
                trial.post("/v1/completions", streamed, AUTH).events();
        assertThat(events.stream()
                        .map(e -> Trial.at(e, "choices.0.logprobs"))
                        .filter(l -> l != null)
                        .flatMap(l -> ((List<?>) Trial.at(l, "tokens")).stream())
                        .toList())
                .isEqualTo(tokens);
        streamed.put("echo", true);
        assertThat(trial.post("/v1/completions", streamed, AUTH).at("error.param"))
                .isEqualTo("logprobs");
    }

    @Test
    void saysWhenAPromptIsTooLong() {
        Trial.Reply reply =
                trial.post("/v1/completions", Map.of("prompt", "a star ".repeat(40_000), "max_tokens", 4), AUTH);
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.at("error.code")).isEqualTo("context_length_exceeded");
        Map<String, Object> near = Map.of("prompt", "a star ".repeat(1_000), "max_tokens", 4096, "min_tokens", 4096);
        Trial.Reply cut = trial.post("/v1/completions", near, AUTH);
        assertThat(cut.at("choices.0.finish_reason")).isEqualTo("length");
        assertThat(cut.at("usage.total_tokens")).isEqualTo(4097L); // the last one needs no position
    }

    /** What clients send where their user said nothing. */
    @Test
    void takesWhatChangesNothing() {
        Map<String, Object> message = new HashMap<>(Map.of("role", "assistant", "content", "A star."));
        message.put("annotations", List.of());
        for (String key : List.of("refusal", "audio", "function_call", "tool_calls", "name")) {
            message.put(key, null);
        }
        Map<String, Object> asked = Map.of("role", "user", "content", "What?");
        Map<String, Object> chat = nothing("messages", List.of(asked, message, asked), """
                {"audio": null, "frequency_penalty": 0, "function_call": null, "functions": null, "logit_bias": null,
                 "logprobs": false, "max_completion_tokens": null, "metadata": {}, "modalities": ["text"], "n": 1,
                 "parallel_tool_calls": false, "prediction": null, "presence_penalty": 0, "prompt_cache_key": null,
                 "reasoning_effort": null, "response_format": {"type": "text"}, "safety_identifier": null,
                 "service_tier": "auto", "stop": null, "store": false, "stream_options": null, "tool_choice": "none",
                 "tools": [], "top_logprobs": null, "top_p": 1, "user": "", "verbosity": "medium",
                 "web_search_options": null, "max_tokens": 4, "stream": false, "temperature": 0, "seed": null}""");
        assertThat(trial.post("/v1/chat/completions", chat, AUTH)).satisfies(ApiTest::isAnswer);
        Map<String, Object> task = new HashMap<>(chat);
        task.put("model", "finder");
        task.put("messages", List.of(Trial.ask("<OD>")));
        assertThat(trial.post("/v1/chat/completions", task, AUTH)).satisfies(ApiTest::isAnswer);
        Map<String, Object> response = nothing("input", List.of(asked), """
                {"background": false, "conversation": null, "include": ["reasoning.encrypted_content"],
                 "instructions": null, "max_output_tokens": 16, "max_tool_calls": 8, "metadata": {},
                 "parallel_tool_calls": true, "previous_response_id": null, "prompt": null, "prompt_cache_key": "a",
                 "reasoning": {"effort": null, "summary": null}, "safety_identifier": null, "service_tier": "auto",
                 "store": false, "stream": false, "stream_options": {"include_obfuscation": false}, "temperature": 0,
                 "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto", "tools": [],
                 "top_logprobs": 0, "top_p": 1, "truncation": "disabled", "user": "a"}""");
        assertThat(trial.post("/v1/responses", response, AUTH)).satisfies(ApiTest::isAnswer);
    }

    private static Map<String, Object> nothing(String key, Object value, String json) {
        Map<String, Object> request = new HashMap<>(Json.object(Json.parse(json, "keys"), "keys"));
        request.put(key, value);
        return request;
    }

    private static void isAnswer(Trial.Reply reply) {
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "'{\"reasoning\": {\"effort\": \"low\"}}', reasoning.effort",
        "'{\"include\": [\"message.output_text.logprobs\"]}', include",
        "'{\"logprobs\": true}', logprobs",
        "'{\"top_logprobs\": 2}', top_logprobs",
        "'{\"store\": true}', store",
        "'{\"service_tier\": \"flex\"}', service_tier",
        "'{\"truncation\": \"auto\"}', truncation",
        "'{\"stream_options\": {\"include_usage\": true}}', stream_options.include_usage",
        "'{\"response_format\": {\"type\": \"json_object\"}}', response_format",
        "'{\"n\": 2, \"temperature\": 1}', n"
    })
    void namesWhatAResponseCannotHonour(String keys, String param) {
        Trial.Reply reply = trial.post("/v1/responses", nothing("input", "What?", keys), AUTH);
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.at("error.param")).isEqualTo(param);
    }

    @Test
    void findsThingsAsBoxesAndTexts() {
        Trial.Reply boxes = trial.post(
                "/v1/vision/tasks", Map.of("model", "finder", "task", "OD", "image_url", picture("one.png")), AUTH);
        assertThat(boxes.status()).isEqualTo(200);
        assertThat((List<?>) boxes.at("boxes")).hasSize(5);
        assertThat(boxes.at("boxes.0.label")).isEqualTo("blue circle");
        assertThat((Double) boxes.at("boxes.0.x2")).isGreaterThan((Double) boxes.at("boxes.0.x1"));
        assertThat(boxes.at("parsed.<OD>.labels.0")).isEqualTo("blue circle");
        Trial.Reply texts = trial.post(
                "/v1/vision/tasks",
                Map.of("model", "finder", "task", "<OCR_WITH_REGION>", "image_url", Map.of("url", picture("one.png"))),
                AUTH);
        assertThat(texts.at("texts.0.text")).isEqualTo("DOG");
        assertThat((List<?>) texts.at("texts.0.corners")).hasSize(4);
        assertThat(trial.post("/v1/vision/tasks", Map.of("model", "demo", "task", "OD"), AUTH)
                        .at("error.param"))
                .isEqualTo("model");
        assertThat(trial.post("/v1/vision/tasks", Map.of("model", "finder", "task", "SING"), AUTH)
                        .at("error.param"))
                .isEqualTo("task");
    }

    @Test
    void keepsFilesForTheirClientAlone() {
        byte[] png = Base64.getDecoder().decode(picture("two.png").substring("data:image/png;base64,".length()));
        Trial.Reply added = upload("two.png", png);
        String id = (String) added.at("id");
        assertThat(added.at("bytes")).isEqualTo((long) png.length);
        assertThat(added.at("filename")).isEqualTo("two.png");
        assertThat(trial.get("/v1/files", AUTH).body()).contains(id);
        assertThat(trial.get("/v1/files", OTHER).body()).doesNotContain(id);
        assertThat(trial.get("/v1/files/" + id, OTHER).status()).isEqualTo(404);
        assertThat(trial.delete("/v1/files/" + id, OTHER).status()).isEqualTo(404);
        Map<String, Object> chat = Map.of(
                "messages",
                List.of(Map.of(
                        "role",
                        "user",
                        "content",
                        List.of(
                                Map.of("type", "file", "file", Map.of("file_id", id)),
                                Map.of("type", "text", "text", "What is in the center?")))));
        assertThat(trial.post("/v1/chat/completions", chat, AUTH).at("choices.0.message.content"))
                .isEqualTo("A red heart.");
        assertThat(trial.post("/v1/chat/completions", chat, OTHER).at("error.code"))
                .isEqualTo("file_not_found");
        assertThat(trial.get("/v1/files/" + id + "/content", AUTH).status()).isEqualTo(200);
        assertThat(trial.delete("/v1/files/" + id, AUTH).at("deleted")).isEqualTo(true);
        assertThat(trial.get("/v1/files/" + id, AUTH).status()).isEqualTo(404);
    }

    @Test
    void refusesFormsThatAreNone() {
        assertThat(upload("large.png", new byte[100_001]).status()).isEqualTo(413);
        assertThat(upload("empty.png", new byte[0]).status()).isEqualTo(400);
        for (String body : List.of(
                "", "--x", "--x\r\n", "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", "--x--")) {
            assertThat(form(body.getBytes(StandardCharsets.UTF_8), "multipart/form-data; boundary=x")
                            .status())
                    .as(body)
                    .isEqualTo(400);
        }
        assertThat(form(new byte[0], "application/json").status()).isEqualTo(415);
        assertThat(upload("a".repeat(100_000), new byte[1]).status()).isEqualTo(400);
        assertThat(upload("\\a".repeat(1_800), new byte[1]).status()).isEqualTo(200);
    }

    private static Trial.Reply upload(String name, byte[] content) {
        String head = "--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nvision\r\n--x\r\n"
                + "Content-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n"
                + "Content-Type: image/png\r\n\r\n";
        byte[] bytes = (head + new String(content, StandardCharsets.ISO_8859_1) + "\r\n--x--\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        return form(bytes, "multipart/form-data; boundary=x");
    }

    private static Trial.Reply form(byte[] body, String type) {
        return Trial.send(trial.request("/v1/files", AUTH)
                .header("Content-Type", type)
                .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(body)));
    }

    @Test
    void answersAsResponses() {
        Map<String, Object> json = Map.of(
                "model",
                "demo",
                "instructions",
                "Be brief.",
                "input",
                List.of(Map.of(
                        "role",
                        "user",
                        "content",
                        List.of(
                                Map.of("type", "input_image", "image_url", picture("one.png")),
                                Map.of("type", "input_text", "text", "What is in the center?")))));
        Trial.Reply reply = trial.post("/v1/responses", json, AUTH);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        assertThat(reply.at("status")).isEqualTo("completed");
        String text = (String) reply.at("output.0.content.0.text");
        assertThat(text).isNotEmpty();
        Map<String, Object> streamed = new java.util.HashMap<>(json);
        streamed.put("stream", true);
        List<Map<String, Object>> events =
                data(trial.post("/v1/responses", streamed, AUTH).body());
        assertThat(events).extracting(e -> e.get("sequence_number")).isSorted();
        assertThat(events.getFirst().get("type")).isEqualTo("response.created");
        assertThat(events.stream()
                        .filter(e -> e.get("type").equals("response.output_text.delta"))
                        .map(e -> (String) e.get("delta"))
                        .collect(Collectors.joining()))
                .isEqualTo(text);
        assertThat(Trial.at(events.getLast(), "response.output.0.content.0.text"))
                .isEqualTo(text);
        assertThat(trial.post("/v1/responses", Map.of("input", "Hi", "previous_response_id", "resp_1"), AUTH)
                        .at("error.param"))
                .isEqualTo("previous_response_id");
    }

    private static List<Map<String, Object>> data(String body) {
        List<Map<String, Object>> events = new ArrayList<>();
        body.lines()
                .filter(l -> l.startsWith("data: "))
                .forEach(l -> events.add(Json.object(Json.parse(l.substring(6), "an event"), "an event")));
        return events;
    }

    @Test
    void countsInPrometheusForm() {
        assertThat(trial.post(
                                "/v1/chat/completions",
                                Map.of("messages", List.of(ask("How many objects are there?"))),
                                AUTH)
                        .status())
                .isEqualTo(200);
        String text = trial.get("/metrics", AUTH).body();
        assertThat(text)
                .contains("fovea_requests_total{route=\"/v1/chat/completions\",status=\"200\"}")
                .containsPattern("fovea_completion_tokens_total\\{model=\"demo\"} [1-9]")
                .contains("fovea_model_ready{model=\"finder\"} 1.0")
                .contains("# TYPE fovea_request_seconds histogram");
    }

    @Test
    void describesEveryRoute() {
        Map<String, Object> paths = Json.object(trial.get("/openapi.json", AUTH).at("paths"), "paths");
        Set<String> described = new TreeSet<>();
        paths.forEach((path, operations) -> Json.object(operations, path)
                .keySet()
                .forEach(method -> described.add(method.toUpperCase(java.util.Locale.ROOT) + " " + path)));
        Set<String> routed = Api.routes(new Service(ServeOptions.DEFAULT)).all().stream()
                .filter(r -> !r.path().equals("/"))
                .map(r -> r.method() + " " + r.path().replace("...}", "}"))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(described).isEqualTo(routed);
    }

    /** Each key that the description has is one that is read: it is refused for its value, or taken. */
    @ParameterizedTest
    @CsvSource({
        "ChatRequest, /v1/chat/completions, messages, max_tokens",
        "CompletionRequest, /v1/completions, prompt, max_tokens",
        "ResponseRequest, /v1/responses, input, max_output_tokens"
    })
    void describesKeysThatItReads(String schema, String path, String input, String length) {
        Object properties = trial.get("/openapi.json", AUTH).at("components.schemas." + schema + ".properties");
        Object asked = input.equals("prompt") ? "a" : List.of(Map.of("role", "user", "content", "a"));
        for (String key : Json.object(properties, "properties").keySet()) {
            Map<String, Object> json = new HashMap<>(Map.of(input, asked, length, 1));
            json.put(key, List.of(true));
            assertThat(trial.post(path, json, AUTH).body()).as(key).doesNotContain("is no key that this server knows");
        }
    }
}
