package dev.fovea.serve;

import dev.fovea.Logprob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Log probabilities as OpenAI has them. */
final class Logprobs {
    private Logprobs() {}

    /** Those of a chat; null where none were asked for. */
    static @Nullable Map<String, @Nullable Object> ofChat(List<Logprob> tokens) {
        if (tokens.isEmpty()) {
            return null;
        }
        List<Map<String, @Nullable Object>> content = new ArrayList<>();
        for (Logprob token : tokens) {
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

    /**
     * Those of a completion; null where none were asked for.
     *
     * @param offset where the first token's text begins
     */
    static @Nullable Map<String, @Nullable Object> ofCompletion(List<Logprob> tokens, int offset) {
        if (tokens.isEmpty()) {
            return null;
        }
        List<Integer> offsets = new ArrayList<>();
        int at = offset;
        for (Logprob token : tokens) {
            offsets.add(at);
            at += token.token().length();
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("tokens", tokens.stream().map(Logprob::token).toList());
        json.put("token_logprobs", tokens.stream().map(Logprob::logprob).toList());
        json.put("top_logprobs", tokens.stream().map(Logprobs::top).toList());
        json.put("text_offset", offsets);
        return json;
    }

    /** The likeliest in a token's place, and the token itself. */
    private static Map<String, Object> top(Logprob token) {
        Map<String, Object> json = new LinkedHashMap<>();
        token.top().forEach(other -> json.put(other.token(), other.logprob()));
        json.put(token.token(), token.logprob());
        return json;
    }
}
