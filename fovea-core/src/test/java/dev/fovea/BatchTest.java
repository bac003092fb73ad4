package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.BusyException;
import dev.fovea.error.ClosedException;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.Listener;
import dev.fovea.generate.LogitsProcessor;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
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
            Map.of("max_new_tokens", 10, "do_sample", false, "repetition_penalty", 1.3),
            Map.of("max_new_tokens", 16, "do_sample", true, "seed", 3, "top_k", 2, "prompt_lookup_num_tokens", 5));

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
            ((Map<?, ?>) map.get("usage")).remove("cached_tokens");
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
        for (int i = 0; i < WAYS.size(); i++) {
            String words = "and this, ".repeat(5 * i);
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
            saysTheSame(plain, batched);
            BatchStats stats = batched.batchStats().orElseThrow();
            assertThat(stats.running()).isZero();
            assertThat(stats.rows()).isZero();
            assertThat(stats.waiting()).isZero();
            assertThat(stats.encodingHits()).isPositive();
            assertThat(stats.prefixHits() > 0).as("prompts were found").isEqualTo(!kit.startsWith("florence2"));
        }
    }

    private static void saysTheSame(Pipeline plain, Pipeline batched) throws Exception {
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
    }

    /** So it is in codes: a few rows are rounded each by itself. */
    @Test
    void everyAnswerInCodesIsTheOneAlone(@TempDir Path folder) throws Exception {
        LoadOptions options = LoadOptions.DEFAULT.withDtype("float32").withWarnings(Warnings.none());
        String model = resource("/oracle/qwen2_5_vl/base/checkpoint").toString();
        QuantizedModel.write(model, folder, options.withQuantize("int4"));
        try (Pipeline plain = Pipeline.of("image-text-to-text", folder.toString(), options);
                Pipeline batched = plain.batched(BatchOptions.DEFAULT.withRows(9))) {
            saysTheSame(plain, batched);
        }
    }

    /** In 16 bits the ends of short prompts share a pass. */
    @ParameterizedTest
    @ValueSource(strings = {"qwen2_5_vl/base", "gemma3/saved", "llava_onevision1_5/small", "blip2/opt-calm"})
    void shortPromptsAreTheOnesAlone(String kit) throws Exception {
        try (Pipeline plain = Pipeline.of(
                        "image-text-to-text",
                        resource("/oracle/" + kit + "/checkpoint").toString(),
                        LoadOptions.DEFAULT.withDtype("bfloat16"));
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < 14; i++) {
                String many = "one, two, three, four, five, six, seven, eight, " + "and nine, ".repeat(i % 5);
                String words = i % 3 == 0 ? "a" : many + i; // fewer than 17 rows, where the template is short, and more
                Map<String, Object> json = plain.processor().hasChatTemplate()
                        ? Map.of("messages", List.of(Map.of("role", "user", "content", words)))
                        : Map.of("text", words, "images", List.of(CAT));
                Map<String, Object> generate = Map.of("max_new_tokens", 3, "do_sample", false);
                Map<String, Object> whole = new HashMap<>(json);
                whole.put("generate", generate);
                requests.add(Request.parse(whole, Path.of(".")));
            }
            List<Said> alone =
                    requests.stream().map(r -> Said.of(plain, r, true, "")).toList();
            List<Callable<Said>> calls = requests.stream()
                    .<Callable<Said>>map(r -> () -> Said.of(batched, r, true, ""))
                    .toList();
            assertThat(together(calls)).isEqualTo(alone);
        }
    }

    private static Request text(String prompt, int tokens) {
        return Request.parse(
                new HashMap<>(Map.of(
                        "messages",
                        List.of(Map.of("role", "user", "content", prompt)),
                        "generate",
                        Map.of("max_new_tokens", tokens, "min_new_tokens", tokens, "do_sample", false))),
                Path.of("."));
    }

    /** An answer that is being written on a thread of its own, and goes on until it may end. */
    private static final class Endless implements AutoCloseable {
        private final ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Future<Answer> answer;

        Endless(Pipeline pipe) throws InterruptedException {
            CountDownLatch begun = new CountDownLatch(1);
            Listener listener = new Listener() {
                @Override
                public void token(int index, int token) {
                    begun.countDown();
                }
            };
            GenerateOptions options =
                    GenerateOptions.DEFAULT.withListener(listener).withCancelled(over::get);
            answer = thread.submit(() -> pipe.answer(text("Count.", 20_000), options));
            begun.await();
        }

        Answer end() throws Exception {
            over.set(true);
            return answer.get();
        }

        @Override
        public void close() {
            over.set(true);
            thread.close();
        }
    }

    @Test
    void whoFindsNoPlaceIsTold() throws Exception {
        try (Pipeline plain = open("qwen2_5_vl/base");
                Pipeline batched =
                        plain.batched(BatchOptions.DEFAULT.withRows(1).withQueue(0));
                Endless _ = new Endless(batched)) {
            assertThatThrownBy(() -> batched.answer(text("And I?", 3)))
                    .isInstanceOf(BusyException.class)
                    .hasMessageMatching("0 requests wait, 0 may; this one found no place; ask again in \\d+ s")
                    .satisfies(e -> assertThat(((BusyException) e).retryAfter()).isPositive());
            assertThat(batched.batchStats().orElseThrow().refused()).isEqualTo(1);
            assertThat(batched.batchStats().orElseThrow().waiting()).isZero();
        }
    }

    @Test
    void whoWaitsMayLeave() throws Exception {
        try (Pipeline plain = open("qwen2_5_vl/base");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT.withRows(1));
                Endless running = new Endless(batched)) {
            Answer late = batched.answer(
                    text("And I?", 3),
                    GenerateOptions.DEFAULT.withDeadline(Instant.now().plus(Duration.ofMillis(100))));
            assertThat(late.sequences().getFirst().finishReason()).isEqualTo(FinishReason.DEADLINE);
            assertThat(late.sequences().getFirst().tokenIds()).isEmpty();
            AtomicBoolean gone = new AtomicBoolean();
            Thread.ofVirtual().start(() -> gone.set(true));
            Answer cancelled = batched.answer(text("And I?", 3), GenerateOptions.DEFAULT.withCancelled(gone::get));
            assertThat(cancelled.sequences().getFirst().finishReason()).isEqualTo(FinishReason.CANCELLED);
            Answer end = running.end();
            assertThat(end.sequences().getFirst().finishReason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(end.sequences().getFirst().tokenIds()).isNotEmpty();
            assertThat(batched.answer(text("And now?", 3)).usage().completionTokens())
                    .isEqualTo(3);
        }
    }

    @Test
    void aDeadlineEndsARunningAnswer() throws Exception {
        try (Pipeline plain = open("qwen2_5_vl/base");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            for (Pipeline pipe : List.of(plain, batched)) {
                Answer answer = pipe.answer(
                        text("Count.", 20_000),
                        GenerateOptions.DEFAULT.withDeadline(Instant.now().plus(Duration.ofMillis(500))));
                assertThat(answer.sequences().getFirst().finishReason()).isEqualTo(FinishReason.DEADLINE);
            }
        }
    }

    @Test
    void aRequestThatIsTooLargeForTheBatch() {
        try (Pipeline plain = open("qwen2_5_vl/base");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT.withCacheBytes(100_000))) {
            assertThatThrownBy(() -> batched.answer(text("Count.", 2000)))
                    .isInstanceOf(MemoryException.class)
                    .hasMessageContaining("the batch has 0.00 GB");
            assertThat(batched.answer(text("Count.", 3)).usage().completionTokens())
                    .isEqualTo(3);
        }
    }

    @Test
    void whatRunsEndsAsUsualAfterTheClose() throws Exception {
        try (Pipeline plain = open("qwen2_5_vl/base")) {
            Pipeline batched = plain.batched(BatchOptions.DEFAULT);
            try (Endless running = new Endless(batched)) {
                batched.close();
                assertThatThrownBy(() -> batched.answer(text("And I?", 3))).isInstanceOf(ClosedException.class);
                assertThat(running.end().sequences().getFirst().tokenIds()).isNotEmpty();
            }
        }
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("fovea-batch")) {
                thread.join(60_000);
                assertThat(thread.isAlive()).isFalse();
            }
        }
    }

    /** OPT has 256 positions; a longer answer fails in the midst of a step, with others in it. */
    @Test
    void whoFailsHurtsNoOther() throws Exception {
        try (Pipeline plain = open("blip2/opt-calm");
                Pipeline batched = plain.batched(BatchOptions.DEFAULT)) {
            List<Request> requests = requests(plain);
            List<Said> alone =
                    requests.stream().map(r -> Said.of(plain, r, true, "")).toList();
            Map<String, Object> json = new HashMap<>(Map.of(
                    "text", "a ".repeat(215), "images", List.of(CAT), "generate", Map.of("max_new_tokens", 100)));
            Request tooLong = Request.parse(json, Path.of("."));
            LogitsProcessor faulty = (ids, _) -> {
                if (ids.length > 45) {
                    throw new IllegalStateException("the caller's own");
                }
            };
            List<Callable<Object>> calls = new ArrayList<>();
            for (Request request : requests) {
                calls.add(() -> Said.of(batched, request, true, ""));
                calls.add(() ->
                        failure(() -> batched.answer(request, GenerateOptions.DEFAULT.withLogitsProcessors(faulty))));
            }
            calls.add(() -> failure(() -> batched.answer(tooLong)));
            List<Object> results = together(calls);
            for (int i = 0; i < requests.size(); i++) {
                assertThat(results.get(2 * i)).isEqualTo(alone.get(i));
            }
            assertThat(results).hasAtLeastOneElementOfType(IllegalStateException.class);
            assertThat(results.getLast()).isInstanceOf(InputException.class);
            BatchStats stats = batched.batchStats().orElseThrow();
            assertThat(stats.running()).isZero();
            assertThat(stats.rows()).isZero();
        }
    }

    private static Object failure(Callable<Answer> call) {
        try {
            return call.call();
        } catch (Exception e) {
            return e;
        }
    }
}
