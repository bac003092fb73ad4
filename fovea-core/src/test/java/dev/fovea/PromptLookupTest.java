package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.generate.LogitsProcessor;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guesses are verified with the bits that each token has in a step of its own, and leave nothing behind where they are wrong. */
class PromptLookupTest {
    private static final int TOKENS = 40;
    private static final List<Map<String, Object>> WAYS = List.of(
            Map.of("do_sample", false),
            Map.of("do_sample", true, "seed", 7, "num_return_sequences", 2),
            Map.of("do_sample", false, "repetition_penalty", 1.2, "min_new_tokens", TOKENS));

    /** Like a list: a period of seven, and now and then another token. It hears of the scores as the model has them. */
    private static LogitsProcessor listing(List<Integer> hashes) {
        return (ids, scores) -> {
            hashes.add(Arrays.hashCode(scores));
            int place = ids.length % 11 == 0 ? ids.length : ids.length % 7;
            scores[Math.min(scores.length - 1, 20 + place)] += 1e4f;
        };
    }

    private static LogitsProcessor asItIs(List<Integer> hashes) {
        return (_, scores) -> hashes.add(Arrays.hashCode(scores));
    }

    private static Path resource(String name) {
        try {
            return Path.of(PromptLookupTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private record Said(List<List<Integer>> ids, List<Integer> scores) {
        static Said of(Pipeline pipe, Map<String, Object> way, boolean list) {
            List<Integer> hashes = new ArrayList<>();
            GenerateOptions options =
                    GenerateOptions.DEFAULT.withLogitsProcessors(list ? listing(hashes) : asItIs(hashes));
            Answer answer = pipe.answer(request(pipe, way), options);
            return new Said(
                    answer.sequences().stream()
                            .map(c -> Arrays.stream(c.tokenIds()).boxed().toList())
                            .toList(),
                    hashes.stream().sorted().toList()); // those of several answers come in another order
        }
    }

    private static Request request(Pipeline pipe, Map<String, Object> way) {
        Map<String, Object> generate = new HashMap<>(way);
        generate.put("max_new_tokens", TOKENS);
        generate.put("num_beams", 1);
        Map<String, Object> json = new HashMap<>(Map.of("generate", generate));
        json.put("images", List.of(resource("/assets/images/chelsea.png").toString()));
        String text = "one, two, three, ".repeat(4);
        if (pipe.processor().hasChatTemplate()) {
            List<Object> content = List.of(Map.of("type", "image"), Map.of("type", "text", "text", text));
            json.put("messages", List.of(Map.of("role", "user", "content", content)));
        } else {
            json.put(
                    "text",
                    pipe.processor().tasks().isEmpty()
                            ? text
                            : pipe.processor().tasks().getFirst());
        }
        return Request.parse(json, Path.of("."));
    }

    private static Map<String, Object> guessing(Map<String, Object> way) {
        Map<String, Object> guessing = new HashMap<>(way);
        guessing.put("prompt_lookup_num_tokens", 10);
        return guessing;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qwen2_5_vl/base",
                "gemma3/saved",
                "florence2/native",
                "llava_onevision1_5/small",
                "blip2/opt-calm",
            })
    void anAnswerIsTheOneWithoutGuesses(String kit) throws Exception {
        try (Pipeline plain = Pipeline.imageTextToText(resource("/oracle/" + kit + "/checkpoint"));
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            for (Map<String, Object> way : WAYS) {
                for (boolean list : new boolean[] {false, true}) {
                    Said expected = Said.of(plain, way, list);
                    assertThat(Said.of(plain, guessing(way), list)).isEqualTo(expected);
                    assertThat(Said.of(batched, guessing(way), list)).isEqualTo(expected);
                }
            }
            long before = batched.batchStats().orElseThrow().steps();
            Said list = Said.of(batched, guessing(Map.of("do_sample", false, "no_repeat_ngram_size", 0)), true);
            long steps = batched.batchStats().orElseThrow().steps() - before;
            assertThat(steps).as("of %s", list.ids).isLessThan(TOKENS * 2 / 3);
        }
    }
}
