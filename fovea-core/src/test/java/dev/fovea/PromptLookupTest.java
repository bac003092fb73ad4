package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Lengths;
import dev.fovea.generate.LogitsProcessor;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guesses are verified with the bits that each token has in a step of its own, and leave nothing behind where they are wrong. */
class PromptLookupTest {
    private static final int TOKENS = 28;
    private static final Map<String, Object> DRAWN = Map.of("do_sample", true, "seed", 7, "num_return_sequences", 2);
    private static final List<Map<String, Object>> WAYS = List.of(
            Map.of("do_sample", false),
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
        generate.putIfAbsent("max_new_tokens", TOKENS);
        generate.put("num_beams", 1);
        Map<String, Object> json = new HashMap<>(Map.of("generate", generate));
        String text = "one, two, three, ".repeat(4);
        if (pipe.processor().hasChatTemplate()) {
            json.put("messages", List.of(Map.of("role", "user", "content", text)));
        } else {
            List<String> tasks = pipe.processor().tasks();
            json.put("text", tasks.isEmpty() ? text : tasks.getFirst());
            json.put("images", List.of(resource("/assets/images/chelsea.png").toString()));
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
                assertThat(Said.of(plain, guessing(way), true)).isEqualTo(Said.of(plain, way, true));
            }
            assertThat(Said.of(batched, guessing(DRAWN), true)).isEqualTo(Said.of(plain, DRAWN, true));
            assertThat(Said.of(plain, guessing(DRAWN), false)).isEqualTo(Said.of(plain, DRAWN, false));
            BatchStats before = batched.batchStats().orElseThrow();
            Said list = Said.of(batched, guessing(Map.of("do_sample", false, "no_repeat_ngram_size", 0)), true);
            BatchStats after = batched.batchStats().orElseThrow();
            assertThat(after.tokens() - before.tokens())
                    .as("without wrong guesses")
                    .isEqualTo(list.scores.size() - 1);
            assertThat(after.steps() - before.steps()).as("of %s", list.ids).isLessThan(TOKENS * 2 / 3);
        }
    }

    @Test
    void aBatchesTokensNeverFall() {
        try (Pipeline batched = Pipeline.imageTextToText(resource("/oracle/qwen2_5_vl/base/checkpoint"))
                .batched(BatchOptions.DEFAULT)) {
            List<Long> tokens = new ArrayList<>();
            LogitsProcessor list = listing(new ArrayList<>());
            LogitsProcessor counting = (ids, scores) -> {
                tokens.add(batched.batchStats().orElseThrow().tokens());
                list.process(ids, scores);
            };
            batched.answer(
                    request(batched, guessing(Map.of("do_sample", false))),
                    GenerateOptions.DEFAULT.withLogitsProcessors(counting));
            assertThat(tokens).isSorted().hasSizeGreaterThan(TOKENS / 2);
        }
    }

    /** A picture without placeholders takes positions that none of the ids counts. */
    @Test
    void guessesEndWithTheModelsPositions() {
        try (Pipeline pipe = Pipeline.imageTextToText(resource("/oracle/blip2/opt-old/checkpoint"))) {
            Lengths lengths = pipe.model().visionLanguageModel().lengths(GenerationConfig.maxNewTokens(40), 240);
            assertThat(lengths.positions()).isEqualTo(256 - 6);
        }
    }

    /** Java alone, and a model in two parts, in 16 bits. */
    @ParameterizedTest
    @ValueSource(strings = {"cpu:java", "cpu:java,cpu"})
    void soItIsElsewhere(String device) {
        check(device);
    }

    /** The kernels interpreted. */
    @Test
    @Tag("slow")
    void soItIsOnAGpu() {
        check("cuda:ptx");
    }

    private static void check(String device) {
        LoadOptions options =
                LoadOptions.DEFAULT.withDevice(device).withThreads(1).withDtype("bfloat16");
        String model = resource("/oracle/qwen2_5_vl/base/checkpoint").toString();
        Map<String, Object> way = Map.of("do_sample", false, "max_new_tokens", 16);
        try (Pipeline pipe = Pipeline.of("image-text-to-text", model, options)) {
            assertThat(Said.of(pipe, guessing(way), true)).isEqualTo(Said.of(pipe, way, true));
        }
    }
}
