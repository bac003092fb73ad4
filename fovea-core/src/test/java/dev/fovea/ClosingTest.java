package dev.fovea;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.ClosedException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.media.Loader;
import dev.fovea.models.Inputs;
import dev.fovea.tensor.Garbage;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Closing what other threads use. The long form goes on for {@code -Dfovea.closing.seconds=60}; without it a decoder and an
 * encoder-decoder have their turn.
 */
class ClosingTest {
    private static final int THREADS = 16;
    private static final List<String> KITS =
            List.of("gemma3/base", "florence2/native", "qwen2_5_vl/base", "llava_onevision1_5/small", "blip2/opt-calm");
    private static final GenerationConfig SHORT =
            GenerationConfig.maxNewTokens(3).withDoSample(false);

    private static Path resource(String name) {
        try {
            return Path.of(ClosingTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Pipeline open(String kit) {
        return Pipeline.imageTextToText(resource("/oracle/" + kit + "/checkpoint"));
    }

    private static Request question(Pipeline pipe) {
        Content.Image cat = image(resource("/assets/images/chelsea.png"));
        if (pipe.processor().hasChatTemplate()) {
            return Request.of(List.of(user(cat, text("Who is this?"))), SHORT);
        }
        String prompt = pipe.processor().tasks().isEmpty() ? "This is" : "<CAPTION>";
        Map<String, Object> json = Map.of(
                "text", prompt,
                "images", List.of(resource("/assets/images/chelsea.png").toString()),
                "generate", Map.of("max_new_tokens", 3, "do_sample", false));
        return Request.parse(new HashMap<>(json), Path.of("."));
    }

    @Test
    void underGeneratingThreads() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        long end = System.nanoTime() + Integer.getInteger("fovea.closing.seconds", 0) * 1_000_000_000L;
        Map<String, String> expected = new HashMap<>();
        int round = 0;
        do {
            closeUnderGeneratingThreads(KITS.get(round % KITS.size()), random.nextInt(THREADS), expected);
            round++;
        } while (round < 2 || System.nanoTime() < end);
    }

    private static void closeUnderGeneratingThreads(String kit, int answersBefore, Map<String, String> expected)
            throws InterruptedException, ExecutionException {
        Set<Thread> before = computing();
        Pipeline pipe = open(kit);
        Request question = question(pipe);
        String right = expected.computeIfAbsent(kit, _ -> pipe.answer(question).text());
        Semaphore answers = new Semaphore(0);
        try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Boolean>> askers = IntStream.range(0, THREADS)
                    .mapToObj(_ -> pool.submit(() -> asksUntilClosed(pipe, question, right, answers)))
                    .toList();
            answers.acquire(answersBefore);
            pipe.close();
            for (Future<Boolean> asker : askers) {
                assertThat(asker.get()).as(kit).isTrue();
            }
        }
        Set<Thread> after = computing();
        after.removeAll(before);
        for (Thread thread : after) {
            thread.join(60_000);
            assertThat(thread.isAlive()).isFalse();
        }
    }

    /** Whether each answer was right. */
    private static boolean asksUntilClosed(Pipeline pipe, Request question, String right, Semaphore answers) {
        boolean all = true;
        while (true) {
            try {
                all &= pipe.answer(question).text().equals(right);
                answers.release();
            } catch (ClosedException e) {
                answers.release(THREADS);
                return all;
            }
        }
    }

    private static Set<Thread> computing() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("fovea-cpu-"))
                .collect(Collectors.toCollection(HashSet::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gemma3/base", "florence2/native"})
    void anAnswerThatHasBegunEndsAsUsual(String kit) {
        Pipeline pipe = open(kit);
        Request question = question(pipe);
        Answer right = pipe.answer(question);
        Answer closedMeanwhile = pipe.answer(question, GenerateOptions.DEFAULT.withListener(new Listener() {
            @Override
            public void token(int index, int id) {
                pipe.close();
            }
        }));
        assertThat(closedMeanwhile.text()).isEqualTo(right.text());
        assertThatThrownBy(() -> pipe.answer(question)).hasMessageStartingWith("this pipeline is closed");
    }

    @Test
    void aTextThatIsHeardIsHeardToItsEnd() {
        Pipeline pipe = open("gemma3/base");
        StringBuilder heard = new StringBuilder();
        Answer answer = pipe.answer(question(pipe), piece -> {
            heard.append(piece);
            pipe.close();
        });
        assertThat(heard).isNotEmpty().hasToString(answer.text());
        assertThatThrownBy(() -> pipe.answer(question(pipe), _ -> {})).isInstanceOf(ClosedException.class);
    }

    @Test
    void afterTheCloseEveryCallSaysSo() {
        Pipeline pipe = open("gemma3/base");
        Request question = question(pipe);
        Model model = pipe.model();
        Processor processor = pipe.processor();
        Inputs inputs = pipe.inputs(question);
        var stream = processor.tokenizer().stream(true);
        pipe.close();
        pipe.close();
        List<ThrowingCallable> calls = List.of(
                () -> pipe.generate(question.messages()),
                () -> pipe.answer(question),
                () -> pipe.inputs(question),
                () -> pipe.pictures(question),
                () -> pipe.trace(question),
                () -> model.generate(inputs),
                () -> model.trace(inputs, new int[0], (_, _) -> {}),
                () -> processor.applyChatTemplate(question.messages()),
                () -> processor.open(question.messages(), Loader.LOAD_IMAGE),
                () -> processor.process("a", List.of()),
                () -> processor.decode(new int[] {1}),
                () -> processor.with(Map.of()).decode(new int[] {1}),
                () -> processor.postProcessGeneration("a", "<OD>", 1, 1),
                () -> processor.tokenizer().encode("a", true),
                () -> stream.add(1),
                () -> stream.flush());
        assertThat(calls)
                .allSatisfy(call -> assertThatThrownBy(call)
                        .isInstanceOf(ClosedException.class)
                        .hasMessageContaining(" is closed; "));
    }

    @Test
    void aForgottenPipelineLeavesNoThreads() throws InterruptedException {
        Set<Thread> before = computing();
        askAndForget();
        Garbage.collect(() -> before.containsAll(computing()));
    }

    private static void askAndForget() {
        Pipeline pipe = open("qwen2_5_vl/base");
        assertThat(pipe.answer(question(pipe)).text()).isNotEmpty();
    }

    /** Behind a pool that is busy with something else for as long as that takes. */
    @Test
    @Timeout(120)
    void neitherOpeningNorAnsweringWaitsForTheCommonPool() {
        CountDownLatch done = new CountDownLatch(1);
        List<Future<?>> busy = new ArrayList<>();
        for (int i = 0; i < 4 * ForkJoinPool.getCommonPoolParallelism(); i++) {
            busy.add(ForkJoinPool.commonPool().submit(() -> {
                done.await();
                return null;
            }));
        }
        try (Pipeline pipe = open("gemma3/base")) {
            assertThat(pipe.answer(question(pipe)).text()).isNotEmpty();
            assertThat(busy).noneMatch(Future::isDone);
        } finally {
            done.countDown();
        }
    }
}
