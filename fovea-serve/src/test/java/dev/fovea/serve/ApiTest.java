package dev.fovea.serve;

import static dev.fovea.serve.Trial.ask;
import static dev.fovea.serve.Trial.picture;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

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
}
