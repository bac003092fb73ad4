package dev.fovea;

import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.OptionException;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
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
