package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Logprob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Log probabilities as OpenAI has them. */
final class Logprobs {
    private Logprobs() {}

    /** Null where none were asked for. */
    static @Nullable Map<String, @Nullable Object> json(Answer.Candidate candidate) {
        if (candidate.logprobs().isEmpty()) {
            return null;
        }
        List<Map<String, @Nullable Object>> content = new ArrayList<>();
        for (Logprob token : candidate.logprobs()) {
            Map<String, @Nullable Object> json = one(token);
            json.put("top_logprobs", token.top().stream().map(Logprobs::one).toList());
            content.add(json);
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("content", content);
        json.put("refusal", null);
        return json;
    }

    private static Map<String, @Nullable Object> one(Logprob token) {
        List<Integer> bytes = new ArrayList<>();
        for (byte b : token.bytes()) {
            bytes.add(b & 0xff);
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("token", token.token());
        json.put("logprob", token.logprob());
        json.put("bytes", bytes);
        return json;
    }
}
