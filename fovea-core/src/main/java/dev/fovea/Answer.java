package dev.fovea;

import dev.fovea.generate.FinishReason;
import dev.fovea.models.GridThw;
import dev.fovea.models.Grounding;
import dev.fovea.models.Parsed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a model says: see "An answer" in docs/command-line.md.
 *
 * @param id the request's
 * @param messages the request's conversation; empty for a raw prompt
 * @param continued the key of the last message that the answer goes on with, {@code content} most often; empty where the answer is
 *     a turn of its own
 * @param prompt rendered, before placeholders are expanded
 * @param promptTokenIds after placeholders are expanded
 * @param imageGridThw where the family has grids
 * @param sequences best first; at least one
 * @param parsed the post-processed sequences, where the family has post-processing; else empty
 * @param grounding the boxes and points that each sequence names, where the family names such in words and the request has one picture;
 *     else empty
 */
public record Answer(
        Optional<Object> id,
        List<Message> messages,
        Optional<String> continued,
        String prompt,
        int[] promptTokenIds,
        List<GridThw> imageGridThw,
        List<GridThw> videoGridThw,
        List<Candidate> sequences,
        List<Parsed> parsed,
        List<Grounding> grounding,
        Usage usage,
        Timings timings) {

    /**
     * @param tokenIds what generate returns for it, less padding, and less the prompt for decoder-only models
     * @param text without special tokens
     * @param textRaw with them
     * @param score of a beam search
     * @param finishReason why it ended; in JSON stop, length or cancelled
     * @param logprobs of the generated tokens, where they were asked for, else empty
     */
    public record Candidate(
            int[] tokenIds,
            String text,
            String textRaw,
            OptionalDouble score,
            FinishReason finishReason,
            List<Logprob> logprobs) {}

    /**
     * Numbers of tokens; imageTokens and videoTokens are among promptTokens where the prompt has placeholders for them, and
     * cachedTokens are those of it whose keys and values a batch had from a prompt before.
     */
    public record Usage(int promptTokens, int imageTokens, int videoTokens, int completionTokens, int cachedTokens) {
        Map<String, @Nullable Object> toMap() {
            Map<String, @Nullable Object> map = ordered("prompt_tokens", promptTokens, "image_tokens", imageTokens);
            if (videoTokens > 0) {
                map.put("video_tokens", videoTokens);
            }
            map.put("completion_tokens", completionTokens);
            if (cachedTokens > 0) {
                map.put("cached_tokens", cachedTokens);
            }
            return map;
        }
    }

    /** Milliseconds. load is the pipeline's. */
    public record Timings(double load, double preprocess, double vision, double prefill, double decode, double total) {}

    /** The best answer's text. */
    public String text() {
        return sequences.getFirst().text();
    }

    /**
     * The conversation with the answer: as the assistant's turn, or at the end of the last message where it goes on with that one. The
     * pipeline's generated_text.
     */
    public List<Message> generatedText() {
        List<Message> all = new ArrayList<>(messages);
        if (continued.isPresent()) {
            all.add(all.removeLast().continued(continued.get(), text()));
        } else {
            all.add(Message.assistant(text()));
        }
        return List.copyOf(all);
    }

    /** As JSON: the keys of docs/command-line.md. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("id", id.orElse(null));
        map.put("prompt", prompt);
        map.put("prompt_token_ids", promptTokenIds);
        if (!imageGridThw.isEmpty()) {
            map.put("image_grid_thw", grids(imageGridThw));
        }
        if (!videoGridThw.isEmpty()) {
            map.put("video_grid_thw", grids(videoGridThw));
        }
        map.put("sequences", sequences.stream().map(Answer::candidate).toList());
        if (!parsed.isEmpty()) {
            List<Map<String, Object>> all = parsed.stream().map(Parsed::toMap).toList();
            map.put("parsed", all.size() == 1 ? all.getFirst() : all);
        }
        if (grounding.stream().anyMatch(g -> !g.isEmpty())) {
            List<Map<String, Object>> all =
                    grounding.stream().map(Grounding::toMap).toList();
            map.put("grounding", all.size() == 1 ? all.getFirst() : all);
        }
        map.put("usage", usage.toMap());
        map.put(
                "timings",
                ordered(
                        "load", millis(timings.load()),
                        "preprocess", millis(timings.preprocess()),
                        "vision", millis(timings.vision()),
                        "prefill", millis(timings.prefill()),
                        "decode", millis(timings.decode()),
                        "total", millis(timings.total())));
        return map;
    }

    private static Map<String, @Nullable Object> candidate(Candidate c) {
        Map<String, @Nullable Object> map =
                ordered("token_ids", c.tokenIds(), "text", c.text(), "text_raw", c.textRaw());
        map.put("score", c.score().isPresent() ? c.score().getAsDouble() : null);
        map.put("finish_reason", c.finishReason().name().toLowerCase(Locale.ROOT));
        if (!c.logprobs().isEmpty()) {
            map.put("logprobs", c.logprobs().stream().map(Logprob::toMap).toList());
        }
        return map;
    }

    private static List<List<Integer>> grids(List<GridThw> grids) {
        return grids.stream().map(g -> List.of(g.t(), g.h(), g.w())).toList();
    }

    private static double millis(double value) {
        return Math.round(value * 1000) / 1000.0;
    }

    private static Map<String, @Nullable Object> ordered(Object... keysAndValues) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
