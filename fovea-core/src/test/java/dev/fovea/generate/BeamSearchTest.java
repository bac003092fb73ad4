package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Beam search against a slow one that keeps whole histories, sorts all continuations and knows neither caches nor reordering.
 */
class BeamSearchTest {
    @ParameterizedTest
    @MethodSource("seeds")
    void equalsTheSlowSearch(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int vocabSize = random.nextInt(12, 50);
        List<int[]> prompts = prompts(random, vocabSize);
        Map<Integer, Float> boost = Map.of(1, random.nextInt(4) * 0.7f);
        GenerationConfig config = config(random);
        HashModel model = new HashModel(vocabSize, 0, boost, prompts);

        List<Sequence> answers = Generator.generate(model, prompts, config);

        List<Sequence> expected = new ArrayList<>();
        for (int row = 0; row < prompts.size(); row++) {
            expected.addAll(new SlowBeamSearch(model, config, prompts.get(row), row).answers());
        }
        assertThat(answers).as("%s on %d prompts", config, prompts.size()).hasSameSizeAs(expected);
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).ids())
                    .as("%s, answer %d", config, i)
                    .isEqualTo(expected.get(i).ids());
            assertThat(answers.get(i).score()).isEqualTo(expected.get(i).score());
            assertThat(answers.get(i).row()).isEqualTo(expected.get(i).row());
            assertThat(answers.get(i).reason()).isEqualTo(expected.get(i).reason());
        }
    }

    static IntStream seeds() {
        return IntStream.range(0, 600);
    }

    private static List<int[]> prompts(SplittableRandom random, int vocabSize) {
        List<int[]> prompts = new ArrayList<>();
        for (int n = random.nextInt(1, 4); n > 0; n--) {
            prompts.add(random.ints(random.nextInt(1, 6), 0, vocabSize).toArray());
        }
        return prompts;
    }

    private static GenerationConfig config(SplittableRandom random) {
        int beams = random.nextInt(2, 6);
        double[] penalties = {-1, 0, 0.4, 1, 1, 2};
        List<EarlyStopping> stopping = List.of(EarlyStopping.TRUE, EarlyStopping.FALSE, EarlyStopping.NEVER);
        int[][] ends = {{}, {1}, {1, 4}, {1, 4, 7}};
        GenerationConfig config = GenerationConfig.maxNewTokens(random.nextInt(1, 13))
                .withNumBeams(beams)
                .withNumReturnSequences(random.nextInt(1, beams + 1))
                .withEarlyStopping(stopping.get(random.nextInt(3)))
                .withLengthPenalty(penalties[random.nextInt(penalties.length)])
                .withEosTokenId(ends[random.nextInt(ends.length)]);
        if (random.nextInt(3) == 0) {
            config = config.withNoRepeatNgramSize(random.nextInt(1, 4));
        }
        if (random.nextInt(3) == 0) {
            config = config.withMinNewTokens(random.nextInt(1, 6));
        }
        if (random.nextInt(4) == 0) {
            config = config.withForcedBosTokenId(0);
        }
        if (random.nextInt(4) == 0) {
            config = config.withForcedEosTokenId(1);
        }
        return random.nextInt(4) == 0 ? config.withRepetitionPenalty(1.3) : config;
    }

    /** The search as transformers' _beam_search writes it down, for one prompt. */
    private static final class SlowBeamSearch {
        private record Hypothesis(List<Integer> ids, float score, boolean done) {}

        private final HashModel model;
        private final GenerationConfig config;
        private final int row;
        private final int promptLength;
        private final int maxLength;
        private final int beams;
        private List<Hypothesis> running;
        private List<Hypothesis> finished;

        SlowBeamSearch(HashModel model, GenerationConfig config, int[] prompt, int row) {
            this.model = model;
            this.config = config;
            this.row = row;
            promptLength = prompt.length;
            maxLength = promptLength + config.maxNewTokens().orElseThrow();
            beams = config.numBeams();
            List<Integer> ids = Arrays.stream(prompt).boxed().toList();
            running = new ArrayList<>(Collections.nCopies(beams, new Hypothesis(ids, -1e9f, false)));
            running.set(0, new Hypothesis(ids, 0, false));
            finished = new ArrayList<>(Collections.nCopies(beams, new Hypothesis(ids, -1e9f, false)));
        }

        List<Sequence> answers() {
            search();
            return finished.subList(0, config.numReturnSequences()).stream()
                    .map(h -> new Sequence(
                            row,
                            h.ids.stream().skip(promptLength).mapToInt(i -> i).toArray(),
                            OptionalDouble.of(h.score),
                            h.ids.size() > promptLength && config.eosTokenId().contains(h.ids.getLast())
                                    ? FinishReason.STOP
                                    : FinishReason.LENGTH,
                            new float[0]))
                    .toList();
        }

        private void search() {
            boolean improvable = true;
            for (int length = promptLength; ; length++) {
                List<Hypothesis> all = new ArrayList<>();
                for (Hypothesis beam : running) {
                    float[] logProbs = logProbs(beam.ids);
                    for (int token = 0; token < logProbs.length; token++) {
                        all.add(new Hypothesis(plus(beam.ids, token), logProbs[token] + beam.score, false));
                    }
                }
                List<Hypothesis> top =
                        best(all, Math.max(2, 1 + config.eosTokenId().size()) * beams);
                List<Boolean> stops = new ArrayList<>();
                for (Hypothesis h : top) {
                    stops.add(config.eosTokenId().contains(h.ids.getLast()) || length + 1 >= maxLength);
                }
                List<Hypothesis> next = new ArrayList<>();
                List<Hypothesis> merged = new ArrayList<>(finished);
                boolean allDone = finished.stream().allMatch(Hypothesis::done);
                for (int c = 0; c < top.size(); c++) {
                    Hypothesis h = top.get(c);
                    boolean finishes = c < beams && stops.get(c);
                    float score = h.score / power(length + 1 - promptLength);
                    score += config.earlyStopping() == EarlyStopping.TRUE && allDone ? -1e9f : 0;
                    score += improvable ? 0 : -1e9f;
                    score += finishes ? 0 : -1e9f;
                    merged.add(new Hypothesis(h.ids, score, finishes));
                    next.add(new Hypothesis(h.ids, h.score + (stops.get(c) ? -1e9f : 0), false));
                }
                running = best(next, beams);
                finished = best(merged, beams);
                boolean toTheEnd = config.earlyStopping() == EarlyStopping.NEVER && config.lengthPenalty() > 0;
                float bestRunning =
                        running.getFirst().score / power((toTheEnd ? maxLength : length + 1) - promptLength);
                float worst = (float)
                        finished.stream().mapToDouble(Hypothesis::score).min().orElseThrow();
                boolean any = false;
                for (Hypothesis h : finished) {
                    any |= bestRunning > (h.done ? worst : -1e9f);
                }
                improvable &= any;
                boolean full = config.earlyStopping() == EarlyStopping.TRUE
                        && finished.stream().allMatch(Hypothesis::done);
                if (!improvable || full || !stops.contains(false)) {
                    return;
                }
            }
        }

        private float[] logProbs(List<Integer> ids) {
            float[] scores = model.logits(ids.stream().mapToInt(i -> i).toArray());
            double sum = 0;
            float max = Float.NEGATIVE_INFINITY;
            for (float s : scores) {
                max = Math.max(max, s);
            }
            for (float s : scores) {
                sum += Math.exp(s - max);
            }
            for (int t = 0; t < scores.length; t++) {
                scores[t] = scores[t] - max - (float) Math.log(sum);
            }
            process(ids, scores);
            return scores;
        }

        private void process(List<Integer> ids, float[] scores) {
            float penalty = (float) config.repetitionPenalty();
            ids.stream()
                    .distinct()
                    .forEach(id -> scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty);
            int n = config.noRepeatNgramSize();
            if (n > 0) {
                Map<List<Integer>, List<Integer>> seen = new HashMap<>();
                for (int i = 0; i + n <= ids.size(); i++) {
                    seen.computeIfAbsent(ids.subList(i, i + n - 1), _ -> new ArrayList<>())
                            .add(ids.get(i + n - 1));
                }
                if (ids.size() >= n) {
                    seen.getOrDefault(ids.subList(ids.size() - n + 1, ids.size()), List.of())
                            .forEach(id -> scores[id] = Float.NEGATIVE_INFINITY);
                }
            }
            if (config.minNewTokens().isPresent()
                    && ids.size() < promptLength + config.minNewTokens().getAsInt()) {
                config.eosTokenId().forEach(id -> scores[id] = Float.NEGATIVE_INFINITY);
            }
            if (config.forcedBosTokenId().isPresent() && ids.size() == 1) {
                Arrays.fill(scores, Float.NEGATIVE_INFINITY);
                scores[config.forcedBosTokenId().getAsInt()] = 0;
            }
            if (!config.forcedEosTokenId().isEmpty() && ids.size() == maxLength - 1) {
                Arrays.fill(scores, Float.NEGATIVE_INFINITY);
                scores[config.forcedEosTokenId().getFirst()] = 0;
            }
        }

        private float power(int length) {
            return (float) Math.pow(length, config.lengthPenalty());
        }

        private static List<Integer> plus(List<Integer> ids, int token) {
            List<Integer> longer = new ArrayList<>(ids);
            longer.add(token);
            return longer;
        }

        /** Stable: of equal ones the first. */
        private static List<Hypothesis> best(List<Hypothesis> hypotheses, int n) {
            return hypotheses.stream()
                    .sorted(Comparator.comparingDouble(Hypothesis::score).reversed())
                    .limit(n)
                    .toList();
        }
    }
}
