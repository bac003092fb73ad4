package dev.fovea.serve;

import static dev.fovea.serve.Trial.ask;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Chats, as OpenAI's clients have them. */
class ChatTest {
    private static Trial trial;

    @BeforeAll
    static void start() {
        trial = Trial.of(ServeOptions.DEFAULT, "demo", "demo:finder");
    }

    @AfterAll
    static void stop() {
        trial.close();
    }

    private static Map<String, Object> chat(Object... keysAndValues) {
        Map<String, Object> json = new HashMap<>();
        json.put("model", "demo");
        json.put("messages", List.of(ask("What is in the center?")));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            json.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return json;
    }

    @Test
    void answersAboutAPicture() {
        Trial.Reply reply = trial.post("/v1/chat/completions", chat());
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("content-type")).isEqualTo("application/json");
        assertThat(reply.header("x-request-id")).startsWith("req_");
        assertThat(reply.at("object")).isEqualTo("chat.completion");
        assertThat(reply.at("model")).isEqualTo("demo");
        assertThat(reply.at("choices.0.message.role")).isEqualTo("assistant");
        assertThat(reply.at("choices.0.message.content")).isEqualTo("An orange heart.");
        assertThat(reply.at("choices.0.finish_reason")).isEqualTo("stop");
        assertThat((Long) reply.at("usage.prompt_tokens_details.image_tokens")).isPositive();
        assertThat((Long) reply.at("usage.total_tokens"))
                .isEqualTo((Long) reply.at("usage.prompt_tokens") + (Long) reply.at("usage.completion_tokens"));
    }

    @Test
    void streamsTheSameText() {
        Trial.Reply reply = trial.post(
                "/v1/chat/completions", chat("stream", true, "stream_options", Map.of("include_usage", true)));
        assertThat(reply.header("content-type")).startsWith("text/event-stream");
        List<Map<String, Object>> events = reply.events();
        assertThat(Trial.at(events.getFirst(), "choices.0.delta.role")).isEqualTo("assistant");
        assertThat(text(events, 0)).isEqualTo("An orange heart.");
        assertThat(Trial.at(events.get(events.size() - 2), "choices.0.finish_reason"))
                .isEqualTo("stop");
        assertThat(Trial.at(events.getLast(), "choices")).isEqualTo(List.of());
        assertThat((Long) Trial.at(events.getLast(), "usage.completion_tokens")).isPositive();
        assertThat(events).allMatch(e -> e.get("id").equals(events.getFirst().get("id")));
    }

    @Test
    void guessesWhatStoodBefore() {
        String words = "There is an orange heart, a star, an orange heart, a star, an orange heart. ";
        Map<String, Object> json = chat("messages", List.of(ask(words + "What is in the center?")), "max_tokens", 12);
        Object answer = trial.post("/v1/chat/completions", json).at("choices");
        json.put("prompt_lookup_num_tokens", 4);
        json.put("max_matching_ngram_size", 1);
        Trial.Reply reply = trial.post("/v1/chat/completions", json);
        assertThat(reply.at("choices")).isEqualTo(answer);
        json.put("stream", true);
        assertThat(text(trial.post("/v1/chat/completions", json).events(), 0))
                .isEqualTo(reply.at("choices.0.message.content"));
        json.put("num_beams", 3);
        assertThat(trial.post("/v1/chat/completions", json).at("error.message"))
                .asString()
                .contains("this one has 3; set num_beams to 1");
    }

    private static String text(List<Map<String, Object>> events, long index) {
        return events.stream()
                .flatMap(e -> ((List<?>) e.get("choices")).stream())
                .filter(c -> Trial.at(c, "index").equals(index))
                .map(c -> Trial.at(c, "delta.content"))
                .filter(t -> t != null)
                .map(String.class::cast)
                .collect(Collectors.joining());
    }

    @Test
    void endsBeforeAStopText() {
        Map<String, Object> json = chat("stop", List.of("range h", "zebra"));
        assertThat(trial.post("/v1/chat/completions", json).at("choices.0.message.content"))
                .isEqualTo("An o");
        json.put("stream", true);
        assertThat(text(trial.post("/v1/chat/completions", json).events(), 0)).isEqualTo("An o");
    }

    @Test
    void endsAtItsLength() {
        Trial.Reply reply = trial.post("/v1/chat/completions", chat("max_completion_tokens", 2));
        assertThat(reply.at("choices.0.finish_reason")).isEqualTo("length");
        assertThat(reply.at("usage.completion_tokens")).isEqualTo(2L);
        assertThat(trial.post("/v1/chat/completions", chat("max_tokens", 2)).body())
                .contains("\"length\"");
    }

    @Test
    void drawsSeveralAnswersBySeed() {
        Map<String, Object> json = chat("temperature", 2, "seed", 7, "n", 3, "max_tokens", 8);
        List<?> first = (List<?>) trial.post("/v1/chat/completions", json).at("choices");
        assertThat(first).hasSize(3);
        assertThat(trial.post("/v1/chat/completions", json).at("choices")).isEqualTo(first);
        json.put("stream", true);
        List<Map<String, Object>> events =
                trial.post("/v1/chat/completions", json).events();
        for (int i = 0; i < 3; i++) {
            assertThat(text(events, i)).isEqualTo(Trial.at(first, i + ".message.content"));
        }
    }

    @Test
    void asksTheFinderInTheSameForm() {
        Trial.Reply reply =
                trial.post("/v1/chat/completions", chat("model", "demo:finder", "messages", List.of(ask("<OD>"))));
        assertThat(reply.status()).isEqualTo(200);
        assertThat((List<?>) reply.at("fovea.parsed.<OD>.labels")).asString().contains("yellow moon");
    }

    @Test
    void keepsToAJsonSchema() {
        Map<String, Object> schema = Map.of(
                "type",
                "object",
                "properties",
                Map.of("count", Map.of("type", "integer", "minimum", 0, "maximum", 99)),
                "required",
                List.of("count"),
                "additionalProperties",
                false);
        Trial.Reply reply = trial.post(
                "/v1/chat/completions",
                chat(
                        "response_format",
                        Map.of("type", "json_schema", "json_schema", Map.of("name", "n", "schema", schema)),
                        "max_tokens",
                        200));
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        String text = (String) reply.at("choices.0.message.content");
        assertThat((Long) Trial.at(Json.parse(text, "the answer"), "count")).isBetween(0L, 99L);
        assertThat(trial.post("/v1/chat/completions", chat("response_format", Map.of("type", "poem")))
                        .at("error.param"))
                .isEqualTo("response_format");
    }

    @Test
    void tellsHowLikelyTokensAre() {
        Trial.Reply reply = trial.post("/v1/chat/completions", chat("logprobs", true, "top_logprobs", 2));
        assertThat((List<?>) reply.at("choices.0.logprobs.content"))
                .hasSize(((Long) reply.at("usage.completion_tokens")).intValue());
        assertThat(reply.at("choices.0.logprobs.content.0.token")).isEqualTo("An");
        assertThat((Double) reply.at("choices.0.logprobs.content.0.logprob")).isLessThanOrEqualTo(0);
        assertThat(reply.at("choices.0.logprobs.content.0.top_logprobs.0.token"))
                .isEqualTo("An");
        List<Map<String, Object>> events = trial.post("/v1/chat/completions", chat("logprobs", true, "stream", true))
                .events();
        List<Object> told = events.stream()
                .map(e -> Trial.at(e, "choices.0.logprobs"))
                .filter(l -> l != null)
                .map(l -> Trial.at(l, "content"))
                .collect(Collectors.toList());
        assertThat(told).hasSizeGreaterThan(1);
        assertThat(told.stream()
                        .flatMap(l -> ((List<?>) l).stream())
                        .map(l -> Trial.at(l, "token"))
                        .toList())
                .isEqualTo(((List<?>) reply.at("choices.0.logprobs.content"))
                        .stream().map(l -> Trial.at(l, "token")).toList());
    }
}
