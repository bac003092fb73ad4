package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.MemoryException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

class GeneratorTest {
    private static final List<int[]> PROMPTS = List.of(new int[] {5, 9, 3}, new int[] {8, 21});
    private static final GenerationConfig GREEDY = GenerationConfig.maxNewTokens(8);
    private static final GenerationConfig BEAMS = GREEDY.withNumBeams(3).withNumReturnSequences(2);

    private final HashModel model = new HashModel(40, 0, Map.of(), PROMPTS);

    private List<Sequence> generate(GenerationConfig config, BooleanSupplier cancelled, StopRule stops) {
        return Generator.generate(model, PROMPTS, config, Listener.NONE, cancelled, List.of(), stops);
    }

    private static BooleanSupplier afterAsking(int times) {
        AtomicInteger asked = new AtomicInteger();
        return () -> asked.incrementAndGet() > times;
    }

    @Test
    void aStopRuleEndsItsRowAndTheOthersGoOn() {
        StopRule rowOneAtThree = (row, ids, promptLength) -> row == 1 && ids.length - promptLength == 3;
        List<Sequence> answers = generate(GREEDY, () -> false, rowOneAtThree);
        assertThat(answers).extracting(Sequence::reason).containsExactly(FinishReason.LENGTH, FinishReason.STOP);
        assertThat(answers.get(0).ids()).hasSize(8);
        assertThat(answers.get(1).ids()).hasSize(3);
    }

    @Test
    void rowsThatAreDoneLeaveTheModel() {
        StopRule rowOneAtThree = (row, ids, promptLength) -> row == 1 && ids.length - promptLength == 3;
        generate(GREEDY, () -> false, rowOneAtThree);
        assertThat(model.rowsPerStep).containsExactly(2, 2, 1, 1, 1, 1, 1);
    }

    @Test
    void promptsWhoseBeamsAreDoneLeaveTheModel() {
        StopRule rowOneAtTwo = (row, ids, promptLength) -> row == 1 && ids.length - promptLength == 2;
        List<Sequence> answers = generate(BEAMS, () -> false, rowOneAtTwo);
        assertThat(model.rowsPerStep).containsExactly(6, 3, 3, 3, 3, 3, 3);
        assertThat(answers).extracting(a -> a.ids().length).containsExactly(8, 8, 2, 2);
        assertThat(answers)
                .extracting(Sequence::reason)
                .containsExactly(FinishReason.LENGTH, FinishReason.LENGTH, FinishReason.STOP, FinishReason.STOP);
    }

    @Test
    void aStopRuleSeesPromptAndAnswer() {
        List<String> seen = new ArrayList<>();
        StopRule rule = (row, ids, promptLength) -> {
            seen.add(row + " " + Arrays.equals(Arrays.copyOf(ids, promptLength), PROMPTS.get(row)) + " " + ids.length);
            return false;
        };
        generate(GREEDY.withMaxNewTokens(2), () -> false, rule);
        assertThat(seen).containsExactly("0 true 4", "1 true 3", "0 true 5", "1 true 4");
    }

    @Test
    void cancellingReturnsWhatThereIs() {
        List<Sequence> whole = generate(GREEDY, () -> false, StopRule.NEVER);
        HashModel again = new HashModel(40, 0, Map.of(), PROMPTS);
        List<Sequence> cut =
                Generator.generate(again, PROMPTS, GREEDY, Listener.NONE, afterAsking(3), List.of(), StopRule.NEVER);
        for (int i = 0; i < cut.size(); i++) {
            assertThat(cut.get(i).ids()).isEqualTo(Arrays.copyOf(whole.get(i).ids(), 3));
            assertThat(cut.get(i).reason()).isEqualTo(FinishReason.CANCELLED);
        }
    }

    @Test
    void cancellingBeforeTheFirstStepRunsNothing() {
        for (GenerationConfig config : List.of(GREEDY, BEAMS)) {
            List<Sequence> answers = generate(config, () -> true, StopRule.NEVER);
            assertThat(answers).allSatisfy(a -> {
                assertThat(a.ids()).isEmpty();
                assertThat(a.reason()).isEqualTo(FinishReason.CANCELLED);
            });
        }
        assertThat(model.rowsPerStep).isEmpty();
        model.prefill(); // has not been called
    }

    @Test
    void cancellingBeamsReturnsFinishedAnswersOfPromptsThatAreDone() {
        StopRule rowOneAtTwo = (row, ids, promptLength) -> row == 1 && ids.length - promptLength == 2;
        List<Sequence> answers = generate(BEAMS, afterAsking(4), rowOneAtTwo);
        assertThat(answers)
                .extracting(Sequence::reason)
                .containsExactly(FinishReason.CANCELLED, FinishReason.CANCELLED, FinishReason.STOP, FinishReason.STOP);
        assertThat(answers).extracting(a -> a.ids().length).containsExactly(4, 4, 2, 2);
    }

    @Test
    void theListenerHearsEveryToken() {
        for (GenerationConfig config : List.of(GREEDY, BEAMS)) {
            List<List<Integer>> heard = new ArrayList<>();
            List<String> progress = new ArrayList<>();
            Listener listener = new Listener() {
                @Override
                public void token(int index, int token) {
                    while (heard.size() <= index) {
                        heard.add(new ArrayList<>());
                    }
                    heard.get(index).add(token);
                }

                @Override
                public void progress(int steps, int limit) {
                    progress.add(steps + "/" + limit);
                }
            };
            List<Sequence> answers = Generator.generate(
                    new HashModel(40, 0, Map.of(), PROMPTS),
                    PROMPTS,
                    config,
                    listener,
                    () -> false,
                    List.of(),
                    StopRule.NEVER);
            assertThat(heard)
                    .isEqualTo(answers.stream()
                            .map(a -> Arrays.stream(a.ids()).boxed().toList())
                            .toList());
            assertThat(progress).hasSize(8).startsWith("1/8").endsWith("8/8");
        }
    }

    @Test
    void customProcessorsTakePart() {
        LogitsProcessor onlyTwelve = (_, scores) -> {
            Arrays.fill(scores, Float.NEGATIVE_INFINITY);
            scores[12] = 0;
        };
        List<Sequence> answers = Generator.generate(
                model,
                PROMPTS,
                GREEDY.withMaxNewTokens(3),
                Listener.NONE,
                () -> false,
                List.of(onlyTwelve),
                StopRule.NEVER);
        assertThat(answers).allSatisfy(a -> assertThat(a.ids()).containsExactly(12, 12, 12));
    }

    @Test
    void theDefaultLengthKeepsToTheModelsPositions() {
        List<Sequence> answers = Generator.generate(
                model,
                PROMPTS,
                GenerationConfig.EMPTY,
                length -> Lengths.of(GenerationConfig.EMPTY, length, 10),
                Listener.NONE,
                () -> false,
                List.of(),
                StopRule.NEVER);
        assertThat(answers).extracting(a -> a.ids().length).containsExactly(7, 8);
    }

    @Test
    void promptsMustFitTheDecoding() {
        assertThatThrownBy(() -> Generator.generate(model, List.of(new int[] {1}), GREEDY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 rows for 1 prompts");
    }

    @Test
    void moreScoresThanTheHeapHoldsAreRefusedBeforeAnythingIsComputed() {
        Decoding endless = new Decoding() {
            @Override
            public float[][] prefill(BooleanSupplier cancelled) {
                throw new AssertionError("asked before memory was counted");
            }

            @Override
            public int vocabSize() {
                return Integer.MAX_VALUE;
            }

            @Override
            public int[] cachedTokens() {
                return new int[1];
            }

            @Override
            public int rows() {
                return 1;
            }

            @Override
            public void select(int[] parents) {}

            @Override
            public float[][] step(int[] rows, int[] tokens) {
                return new float[0][];
            }

            @Override
            public int[] next(int[] rows, int[] tokens) {
                return new int[0];
            }

            @Override
            public void takeBack(int[] counts) {}

            @Override
            public int room() {
                return 0;
            }

            @Override
            public void close() {}
        };
        GenerationConfig many = GenerationConfig.resolve(
                GenerationConfig.of(Map.of("num_beams", 1000), "test"),
                GenerationConfig.EMPTY,
                GenerationConfig.EMPTY,
                GenerationConfig.EMPTY);
        assertThatThrownBy(() -> Generator.generate(endless, List.of(new int[] {1}), many))
                .isInstanceOf(MemoryException.class)
                .hasMessageContainingAll("1000 answers at once to 1 prompts", "GB", "lower num_return_sequences");
    }
}
