package dev.fovea.serve;

import dev.fovea.Answer;
import io.helidon.webserver.CloseConnectionException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the answers of all routes have in common: who says it and when, tokens, places, times. */
final class Reply {
    private final String id;
    private final String model;
    private final long created = System.currentTimeMillis() / 1000;

    Reply(String prefix, String model) {
        this.id = Uploads.id(prefix);
        this.model = model;
    }

    String id() {
        return id;
    }

    String model() {
        return model;
    }

    long created() {
        return created;
    }

    Map<String, @Nullable Object> head(String object) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", id);
        json.put("object", object);
        json.put("created", created);
        json.put("model", model);
        return json;
    }

    static Map<String, @Nullable Object> usage(Answer answer) {
        Answer.Usage usage = answer.usage();
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("prompt_tokens", usage.promptTokens());
        json.put("completion_tokens", usage.completionTokens());
        json.put("total_tokens", usage.promptTokens() + usage.completionTokens());
        json.put("prompt_tokens_details", details(usage));
        return json;
    }

    static Map<String, Object> details(Answer.Usage usage) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("cached_tokens", usage.cachedTokens());
        details.put("image_tokens", usage.imageTokens());
        details.put("video_tokens", usage.videoTokens());
        return details;
    }

    /** What OpenAI has no place for: boxes, polygons, texts and points that were found, and times in milliseconds. */
    static Map<String, @Nullable Object> more(Answer answer) {
        Map<String, @Nullable Object> whole = answer.toMap();
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        for (String key : List.of("parsed", "grounding", "timings")) {
            if (whole.containsKey(key)) {
                more.put(key, whole.get(key));
            }
        }
        return more;
    }

    /** For the log. */
    String about(Answer answer) {
        Answer.Usage usage = answer.usage();
        return "model=" + model + " prompt=" + usage.promptTokens() + " cached=" + usage.cachedTokens() + " completion="
                + usage.completionTokens();
    }

    /** Says that a stream cannot go on: as a status while nothing is sent, then as an event. */
    static void fail(Exchange exchange, EventStream events, RuntimeException failure) {
        if (failure instanceof CloseConnectionException || !events.hasBegun()) {
            throw failure;
        }
        Problem problem = Problem.of(failure);
        exchange.about("failed in its stream: " + problem.getMessage());
        events.send(Map.of("error", problem.error()));
    }
}
