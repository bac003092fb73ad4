package dev.fovea;

import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.models.Inputs;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PipelineTest {
    private static final List<Message> QUESTION = List.of(user("How many people can you see, and where are they?"));
    private static final GenerationConfig GREEDY =
            GenerationConfig.maxNewTokens(40).withDoSample(false);

    private static Pipeline pipe;

    @BeforeAll
    static void open() throws URISyntaxException {
        pipe = Pipeline.imageTextToText(Path.of(PipelineTest.class
                .getResource("/oracle/qwen2_5_vl/base/checkpoint")
                .toURI()));
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    @Test
    void withoutALengthItHasTheReferencePipelinesDefault() {
        GenerationConfig neverEnds = GenerationConfig.EMPTY.withDoSample(false).withMinNewTokens(256);
        assertThat(pipe.generate(QUESTION, neverEnds).usage().completionTokens())
                .isEqualTo(256);
        assertThat(pipe.answer(Request.of(QUESTION, GREEDY.withMaxNewTokens(7)))
                        .usage()
                        .completionTokens())
                .isEqualTo(7);
    }

    @Test
    void generatedTextIsTheConversationWithTheAnswer() {
        Answer answer = pipe.generate(QUESTION, GREEDY);
        assertThat(answer.generatedText()).hasSize(2);
        assertThat(answer.generatedText().getLast()).isEqualTo(Message.assistant(answer.text()));
    }

    @Test
    void tokensAreHeardAsTheyCome() {
        List<Integer> heard = new ArrayList<>();
        Answer answer = pipe.answer(Request.of(QUESTION, GREEDY), GenerateOptions.DEFAULT.withListener(new Listener() {
            @Override
            public void token(int index, int token) {
                heard.add(token);
            }
        }));
        assertThat(heard)
                .containsExactly(IntStream.of(answer.sequences().getFirst().tokenIds())
                        .boxed()
                        .toArray(Integer[]::new));
    }

    /** Two with the same options run together, and the one between them, with two answers, by itself. */
    @Test
    void aListenerHearsOfAnswersInTheOrderOfTheRequests() {
        List<Request> requests = List.of(
                Request.of(QUESTION, GREEDY.withMaxNewTokens(3)),
                Request.of(QUESTION, GREEDY.withMaxNewTokens(4).withNumBeams(2).withNumReturnSequences(2)),
                Request.of(List.of(user("Hello")), GREEDY.withMaxNewTokens(3)));
        List<List<Integer>> heard =
                Stream.generate(() -> new ArrayList<Integer>()).limit(4).collect(Collectors.toUnmodifiableList());
        Set<Integer> rows = new TreeSet<>();
        GenerateOptions options = GenerateOptions.DEFAULT
                .withListener(new Listener() {
                    @Override
                    public void token(int index, int token) {
                        heard.get(index).add(token);
                    }
                })
                .withStopRule((row, _, _) -> {
                    rows.add(row);
                    return false;
                });
        List<int[]> ids = pipe.answer(requests, options).stream()
                .flatMap(a -> a.sequences().stream())
                .map(Answer.Candidate::tokenIds)
                .toList();
        assertThat(heard)
                .isEqualTo(
                        ids.stream().map(a -> IntStream.of(a).boxed().toList()).toList());
        assertThat(rows).containsExactly(0, 1, 2);
    }

    /** As {@code generate(…, stop_strings=[…], tokenizer=processor.tokenizer)}, beside a rule of the caller too. */
    @Test
    void aModelStopsAtTextsWhereItHasATokenizer() {
        Inputs inputs = pipe.processor().applyChatTemplateAndTokenize(QUESTION);
        String whole = pipe.generate(QUESTION, GREEDY).text();
        GenerationConfig stops = GREEDY.withStopStrings(whole.substring(8, 11));
        int[] expected = pipe.generate(QUESTION, stops).sequences().getFirst().tokenIds();
        assertThat(expected.length).isLessThan(40);
        GenerateOptions options =
                GenerateOptions.DEFAULT.withTokenizer(pipe.processor().tokenizer());
        for (GenerateOptions o : List.of(options, options.withStopRule((_, _, _) -> false))) {
            assertThat(pipe.model().generate(inputs, stops, o).trimmed().getFirst())
                    .isEqualTo(expected);
        }
        GenerateOptions without = GenerateOptions.DEFAULT.withStopRule((_, _, _) -> false);
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> pipe.model().generate(inputs, stops, without))
                .withMessageContaining("stop_strings needs a tokenizer");
    }

    /** As transformers' MaxTimeCriteria, which is asked behind each token. */
    @Test
    void maxTimeLeavesOneTokenAtLeast() {
        for (int beams : List.of(1, 2)) {
            Answer.Candidate answer = pipe.generate(
                            QUESTION, GREEDY.withNumBeams(beams).withMaxTime(0))
                    .sequences()
                    .getFirst();
            assertThat(answer.tokenIds()).hasSize(1);
            assertThat(answer.finishReason()).isEqualTo(FinishReason.DEADLINE);
        }
        assertThat(pipe.generate(QUESTION, GREEDY.withMaxTime(1e9)).text())
                .isEqualTo(pipe.generate(QUESTION, GREEDY).text());
    }

    @Test
    void aDeadlineLeavesHowLikelyTokensWere() {
        Answer.Candidate answer = answerWithin(250);
        for (int millis = 1_000; answer.tokenIds().length == 0 && millis < 100_000; millis *= 4) { // a busy machine
            answer = answerWithin(millis);
        }
        assertThat(answer.finishReason()).isEqualTo(FinishReason.DEADLINE);
        assertThat(answer.logprobs()).isNotEmpty().hasSameSizeAs(answer.tokenIds());
    }

    /** One that meets its deadline behind its second token, if not before. */
    private static Answer.Candidate answerWithin(int millis) {
        Instant deadline = Instant.now().plusMillis(millis);
        var options = GenerateOptions.DEFAULT.withDeadline(deadline).withListener(new Listener() {
            @Override
            public void progress(int steps, int limit) {
                while (steps == 2 && !Instant.now().isAfter(deadline)) {
                    Thread.onSpinWait();
                }
            }
        });
        return pipe.answer(Request.of(QUESTION, GREEDY.withLogprobs(1)), options)
                .sequences()
                .getFirst();
    }

    @Test
    void inputsWithoutRowsAreRefused() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> pipe.model().generate(new Inputs(List.of())))
                .withMessageContaining("no rows");
    }

    /** Nothing is fetched, so nothing is there to be interrupted; the thread keeps its mark. */
    @Test
    void anInterruptedThreadGetsItsAnswerAboutFiles() throws URISyntaxException {
        Path picture = Path.of(
                PipelineTest.class.getResource("/assets/images/hopper.png").toURI());
        List<Message> messages = List.of(
                user(Content.image(picture.toString()), Content.image(picture.toString()), Content.text("Which?")));
        GenerationConfig few = GREEDY.withMaxNewTokens(2);
        String expected = pipe.generate(messages, few).text();
        Thread.currentThread().interrupt();
        String text = pipe.generate(messages, few).text();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(text).isEqualTo(expected);
    }

    @Test
    void textIsHeardAsItComes() {
        List<String> pieces = new ArrayList<>();
        Answer answer = pipe.generate(QUESTION, GREEDY, pieces::add);
        assertThat(answer.text()).isEqualTo(pipe.generate(QUESTION, GREEDY).text());
        assertThat(pieces).hasSizeGreaterThan(10).doesNotContain("");
        assertThat(String.join("", pieces)).isEqualTo(answer.text());
        assertThat(pipe.generate(QUESTION, GREEDY.withNumBeams(2), pieces::add).text())
                .isEqualTo(String.join("", pieces).substring(answer.text().length()));
    }

    @Test
    void textOfSeveralAnswersIsNotMixed() {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> pipe.generate(QUESTION, GREEDY.withNumBeams(2).withNumReturnSequences(2), _ -> {}))
                .withMessageStartingWith("num_return_sequences is 2; the text of one answer can be heard");
    }

    @Test
    void modelsWithoutTasksSaySo() {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> pipe.run("<OD>", Path.of("street.jpg")))
                .withMessageStartingWith("this model knows no tasks; it answers in text");
    }

    @Test
    void cancellingKeepsWhatThereIs() {
        List<Integer> heard = new ArrayList<>();
        GenerateOptions options = GenerateOptions.DEFAULT
                .withListener(new Listener() {
                    @Override
                    public void token(int index, int token) {
                        heard.add(token);
                    }
                })
                .withCancelled(() -> heard.size() >= 5);
        Answer answer = pipe.answer(Request.of(QUESTION, GREEDY), options);
        assertThat(answer.sequences().getFirst().finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(answer.usage().completionTokens()).isEqualTo(5);
    }

    @Test
    void stopStringsEndAnAnswer() {
        String whole = pipe.generate(QUESTION, GREEDY).text();
        String stop = whole.substring(whole.length() / 2, whole.length() / 2 + 3);
        String cut = pipe.generate(QUESTION, GREEDY.withStopStrings(stop)).text();
        assertThat(cut).contains(stop).hasSizeLessThan(whole.length());
        assertThat(whole).startsWith(cut);
    }

    @Test
    void aLogitsProcessorOfTheCallerActs() {
        int first = pipe.generate(QUESTION, GREEDY).sequences().getFirst().tokenIds()[0];
        Answer without = pipe.answer(
                Request.of(QUESTION, GREEDY),
                GenerateOptions.DEFAULT.withLogitsProcessors((ids, scores) -> scores[first] = Float.NEGATIVE_INFINITY));
        assertThat(without.sequences().getFirst().tokenIds()).doesNotContain(first);
    }

    @Test
    void threadsShareAPipeline() throws Exception {
        String expected = pipe.generate(QUESTION, GREEDY).text();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<String>> calls = IntStream.range(0, 8)
                    .<Callable<String>>mapToObj(
                            _ -> () -> pipe.generate(QUESTION, GREEDY).text())
                    .toList();
            for (Future<String> answer : threads.invokeAll(calls)) {
                assertThat(answer.get()).isEqualTo(expected);
            }
        }
    }
}
