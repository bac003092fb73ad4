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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of many threads in one batch, against the same requests alone. */
@Timeout(120)
class BatchTest {
    private static final String CAT = resource("/assets/images/chelsea.png").toString();
    private static final List<Map<String, Object>> WAYS = List.of(
            Map.of("max_new_tokens", 12, "do_sample", false),
            Map.of("max_new_tokens", 9, "do_sample", true, "seed", 5, "top_k", 20),
            Map.of("max_new_tokens", 7, "do_sample", false, "num_beams", 3, "num_return_sequences", 2),
            Map.of("max_new_tokens", 14, "do_sample", true, "seed", 8, "num_return_sequences", 3),
            Map.of("max_new_tokens", 5, "do_sample", false, "num_beams", 5, "length_penalty", 2.0),
            Map.of("max_new_tokens", 10, "do_sample", false, "repetition_penalty", 1.3));

    private static Path resource(String name) {
        try {
            return Path.of(BatchTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Pipeline open(String kit) {
        return Pipeline.imageTextToText(resource("/oracle/" + kit + "/checkpoint"));
    }

    /** What came of a request; scores are those of all its steps, as a hash. */
    private record Said(Map<String, @Nullable Object> answer, List<Integer> scores) {
        static Said of(Pipeline pipe, Request request, boolean listen, String client) {
            List<Integer> hashes = new ArrayList<>();
            LogitsProcessor recorder = (_, scores) -> hashes.add(Arrays.hashCode(scores));
            GenerateOptions options = GenerateOptions.DEFAULT.withClient(client);
            Answer answer = pipe.answer(request, listen ? options.withLogitsProcessors(recorder) : options);
            Map<String, @Nullable Object> map = answer.toMap();
            map.remove("timings");
            map.put("prompt_token_ids", Arrays.toString(answer.promptTokenIds()));
            map.put(
                    "sequences",
                    answer.sequences().stream()
                            .map(c -> Arrays.toString(c.tokenIds()) + c.textRaw() + c.score() + c.finishReason())
                            .toList());
            return new Said(map, hashes);
        }
    }

    /** Requests with prompts of several lengths, each answered in another way. */
    private static List<Request> requests(Pipeline pipe) {
        List<Request> requests = new ArrayList<>();
        List<String> tasks = pipe.processor().tasks();
        for (int i = 0; i < 2 * WAYS.size(); i++) {
            String words = "and this, ".repeat(3 * i);
            Map<String, Object> json = new HashMap<>(Map.of("generate", WAYS.get(i % WAYS.size()), "id", i));
            boolean picture = !pipe.processor().hasChatTemplate() || i % 3 != 1;
            if (pipe.processor().hasChatTemplate()) {
                List<Object> content = new ArrayList<>();
                if (picture) {
                    content.add(Map.of("type", "image"));
                }
                content.add(Map.of("type", "text", "text", words + "what is it?"));
                json.put("messages", List.of(Map.of("role", "user", "content", content)));
            } else {
                json.put("text", tasks.isEmpty() ? words + "a cat" : tasks.get(i % 3));
            }
            if (picture) {
                json.put("images", List.of(CAT));
            }
            requests.add(Request.parse(json, Path.of(".")));
        }
        return requests;
    }

    private static <T> List<T> together(List<Callable<T>> calls) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(calls)) {
                results.add(result.get());
            }
            return results;
        }
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
    void everyAnswerIsTheOneAlone(String kit) throws Exception {
        try (Pipeline plain = open(kit);
                Pipeline batched = plain.batched(BatchOptions.DEFAULT.withRows(9))) {
            List<Request> requests = requests(plain);
            List<Said> alone = IntStream.range(0, requests.size())
                    .mapToObj(i -> Said.of(plain, requests.get(i), i % 2 == 0, ""))
                    .toList();
            for (int round = 0; round < 2; round++) { // the second finds prompts and pictures
                List<Callable<Said>> calls = IntStream.range(0, requests.size())
                        .<Callable<Said>>mapToObj(
                                i -> () -> Said.of(batched, requests.get(i), i % 2 == 0, "client " + i % 2))
                        .toList();
                assertThat(together(calls)).isEqualTo(alone);
            }
            BatchStats stats = batched.batchStats().orElseThrow();
            assertThat(stats.running()).isZero();
            assertThat(stats.rows()).isZero();
            assertThat(stats.waiting()).isZero();
            assertThat(stats.encodingHits()).isPositive();
            assertThat(stats.prefixHits() > 0)
                    .as("pictures long enough to be worth a part of their own")
                    .isEqualTo(kit.startsWith("qwen") || kit.startsWith("llava"));
        }
    }
}
