package dev.fovea;

import dev.fovea.generate.TokenLogprob;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How likely a token of an answer was by the model alone: before logits processors, temperature and all else that chooses. An entry of
 * OpenAI's list of them.
 *
 * @param id the token
 * @param token its text; U+FFFD stands where it is a part of a character
 * @param bytes its bytes, parts of characters too; a special token's name in UTF-8
 * @param logprob natural logarithm of its probability
 * @param top the likeliest tokens in its place, likeliest first, as many as were asked for
 */
public record Logprob(int id, String token, byte[] bytes, float logprob, List<Logprob> top) {
    public Logprob {
        Objects.requireNonNull(token, "token");
        Objects.requireNonNull(bytes, "bytes");
        Objects.requireNonNull(top, "top");
        top = List.copyOf(top);
    }

    /** What a {@link dev.fovea.generate.Listener} hears, with the texts of its tokens. */
    public static Logprob of(TokenLogprob logprob, Processor processor) {
        Objects.requireNonNull(logprob, "logprob");
        Objects.requireNonNull(processor, "processor");
        String text = processor.decode(new int[] {logprob.id()}, false);
        byte[] bytes = processor.tokenizer().bytes(logprob.id());
        return new Logprob(
                logprob.id(),
                text,
                bytes.length == 0 ? text.getBytes(StandardCharsets.UTF_8) : bytes,
                logprob.logprob(),
                logprob.top().stream().map(t -> of(t, processor)).toList());
    }

    Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("id", id);
        map.put("token", token);
        int[] unsigned = new int[bytes.length];
        for (int i = 0; i < unsigned.length; i++) {
            unsigned[i] = bytes[i] & 0xFF;
        }
        map.put("bytes", unsigned);
        map.put("logprob", logprob);
        if (!top.isEmpty()) {
            map.put("top_logprobs", top.stream().map(Logprob::toMap).toList());
        }
        return map;
    }
}
