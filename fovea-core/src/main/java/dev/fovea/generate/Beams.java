package dev.fovea.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The beams of one prompt: those running and the best finished answers. Follows _beam_search of transformers 5 step by step, in
 * float32 and with its constants, since a search that is only equivalent on paper chooses other answers. What the reference does
 * to prompts of a batch that are done while others go on has no counterpart: here a prompt that is done leaves.
 */
final class Beams {
    /** Stands for minus infinity in sums: the reference's value, finite so that such beams keep an order. */
    private static final float DISCARDED = -1e9f;

    /**
     * A running beam, or a slot for a finished answer.
     *
     * @param ids prompt and answer
     * @param score running: sum of log-probabilities; finished: divided by length to the power of length_penalty
     * @param parent the beam it continued
     * @param end why it ended; empty where it did not
     */
    private record Beam(
            int[] ids,
            float score,
            int parent,
            Optional<FinishReason> end,
            float[] logProbs,
            List<TokenLogprob> logprobs) {}

    /** A beam with one more token. */
    private record Candidate(int beam, int token, float score, Optional<FinishReason> end) {}

    private final Task task;
    private final int row;
    private final int promptLength;
    private final int numBeams;
    private final int numCandidates;
    private final List<LogitsProcessor> processors;
    private final SplittableRandom random;

    private List<Beam> running;
    private List<Beam> finished;
    private boolean over;

    /** The model's own log-probabilities of this step, for each row of its logits; empty where nobody asks for them. */
    private float[][] own = {};

    Beams(Task task, int row) {
        this.task = task;
        this.row = row;
        int[] prompt = task.prompts().get(row);
        promptLength = prompt.length;
        numBeams = task.config().numBeams();
        // As many as there can be ends, so that enough candidates go on.
        numCandidates = Math.max(2, 1 + task.config().eosTokenId().size()) * numBeams;
        processors = task.processors(row);
        random = task.random();
        Beam empty = new Beam(prompt, DISCARDED, 0, Optional.empty(), Task.NO_LOG_PROBS, List.of());
        finished = Collections.nCopies(numBeams, empty);
        // All beams begin equal: only the first may count, or they would stay equal.
        running = new ArrayList<>(finished);
        running.set(0, new Beam(prompt, 0, 0, Optional.empty(), Task.NO_LOG_PROBS, List.of()));
    }

    /** For each running beam, the beam that it continues. */
    int[] parents() {
        return running.stream().mapToInt(Beam::parent).toArray();
    }

    /** For each running beam, its last token. */
    IntStream tokens() {
        return running.stream().mapToInt(beam -> beam.ids[beam.ids.length - 1]);
    }

    /**
     * One step of the search.
     *
     * @param logits a row per running beam, or one that stands for all; overwritten
     */
    void advance(float[][] logits) {
        float[][] logProbs = logProbs(logits);
        List<Candidate> candidates = candidates(logProbs);
        int length = running.getFirst().ids.length + 1;
        List<Beam> goingOn = goingOn(candidates, logProbs);
        finished = finishing(candidates, logProbs, length - promptLength);
        running = goingOn;
        boolean full = task.config().earlyStopping() == EarlyStopping.TRUE
                && finished.stream().allMatch(beam -> beam.end.isPresent());
        over = full || !canImprove(length - promptLength) || candidates.stream().allMatch(c -> c.end.isPresent());
    }

    /** Whether the search is at its end. */
    boolean isOver() {
        return over;
    }

    /** The best answers: num_return_sequences of them. A search that was cancelled fills up with running beams. */
    List<Sequence> answers() {
        Stream<Beam> best = over
                ? finished.stream()
                : Stream.concat(
                        finished.stream().filter(b -> b.end.isPresent()),
                        running.stream().map(this::normalised));
        return best.limit(task.config().numReturnSequences())
                .map(beam -> new Sequence(
                        row,
                        Arrays.copyOfRange(beam.ids, promptLength, beam.ids.length),
                        OptionalDouble.of(beam.score),
                        over ? beam.end.orElse(FinishReason.LENGTH) : FinishReason.CANCELLED,
                        beam.logProbs,
                        beam.logprobs))
                .toList();
    }

    private float[][] logProbs(float[][] logits) {
        own = new float[task.config().logprobs().isPresent() ? logits.length : 0][];
        for (int b = 0; b < logits.length; b++) {
            Scores.logSoftmax(logits[b]);
            if (own.length > 0) {
                own[b] = logits[b].clone();
            }
            for (LogitsProcessor processor : processors) {
                processor.process(running.get(b).ids, logits[b]);
            }
        }
        float[][] logProbs = new float[numBeams][];
        Arrays.setAll(logProbs, b -> logits[Math.min(b, logits.length - 1)]);
        return logProbs;
    }

    private List<Candidate> candidates(float[][] logProbs) {
        int vocabSize = logProbs[0].length;
        TopK top = new TopK(Math.min(numCandidates, numBeams * vocabSize));
        for (int b = 0; b < numBeams; b++) {
            float score = running.get(b).score;
            top.offer(task.config().doSample() ? perturbed(logProbs[b]) : logProbs[b], score, b * vocabSize);
        }
        return Arrays.stream(top.sorted())
                .mapToObj(i -> candidate(i / vocabSize, i % vocabSize, logProbs))
                .toList();
    }

    private Candidate candidate(int beam, int token, float[][] logProbs) {
        Beam source = running.get(beam);
        var end = task.end(row, token, source.ids.length + 1, () -> ids(beam, token));
        return new Candidate(beam, token, logProbs[beam][token] + source.score, end);
    }

    /**
     * Adds Gumbel noise: the k largest sums are k draws without replacement from the softmax, in the order of drawing (arXiv
     * 1903.06059).
     */
    private float[] perturbed(float[] logProbs) {
        float[] sums = logProbs.clone();
        for (int i = 0; i < sums.length; i++) {
            if (sums[i] > Float.NEGATIVE_INFINITY) {
                sums[i] -= (float) Math.log(-Math.log(random.nextDouble(Double.MIN_NORMAL, 1)));
            }
        }
        return sums;
    }

    /** The best candidates that have not ended. */
    private List<Beam> goingOn(List<Candidate> candidates, float[][] logProbs) {
        float[] scores = new float[candidates.size()];
        for (int c = 0; c < scores.length; c++) {
            scores[c] = candidates.get(c).score + (candidates.get(c).end.isPresent() ? DISCARDED : 0);
        }
        return best(scores)
                .mapToObj(c -> beam(candidates.get(c), scores[c], Optional.empty(), logProbs))
                .toList();
    }

    /** The best of the answers finished before and the candidates that end now, of which only the first num_beams count. */
    private List<Beam> finishing(List<Candidate> candidates, float[][] logProbs, int generated) {
        float[] scores = new float[numBeams + candidates.size()];
        for (int i = 0; i < scores.length; i++) {
            if (i < numBeams) {
                scores[i] = finished.get(i).score;
            } else {
                scores[i] = candidates.get(i - numBeams).score / lengthNorm(generated);
                scores[i] += ends(candidates, i - numBeams).isPresent() ? 0 : DISCARDED;
            }
        }
        return best(scores)
                .mapToObj(i -> i < numBeams
                        ? finished.get(i)
                        : beam(candidates.get(i - numBeams), scores[i], ends(candidates, i - numBeams), logProbs))
                .toList();
    }

    private Optional<FinishReason> ends(List<Candidate> candidates, int rank) {
        return rank < numBeams ? candidates.get(rank).end : Optional.empty();
    }

    private Beam beam(Candidate c, float score, Optional<FinishReason> end, float[][] logProbs) {
        float[] path = Task.NO_LOG_PROBS;
        if (task.config().outputScores()) {
            float[] before = running.get(c.beam).logProbs;
            path = Arrays.copyOf(before, before.length + 1);
            path[before.length] = logProbs[c.beam][c.token];
        }
        return new Beam(ids(c.beam, c.token), score, c.beam, end, path, logprobs(c));
    }

    private List<TokenLogprob> logprobs(Candidate c) {
        if (own.length == 0) {
            return List.of();
        }
        float[] row = own[Math.min(c.beam, own.length - 1)];
        List<TokenLogprob> path = new ArrayList<>(running.get(c.beam).logprobs);
        path.add(TokenLogprob.of(c.token, row, task.topLogprobs(row)));
        return path;
    }

    private int[] ids(int beam, int token) {
        int[] before = running.get(beam).ids;
        int[] ids = Arrays.copyOf(before, before.length + 1);
        ids[before.length] = token;
        return ids;
    }

    /** Whether the best running beam could still beat the worst finished answer; an estimate unless early_stopping is never. */
    private boolean canImprove(int generated) {
        boolean longest = task.config().earlyStopping() == EarlyStopping.NEVER
                && task.config().lengthPenalty() > 0;
        float best = running.getFirst().score
                / lengthNorm(longest ? task.lengths().get(row).maxNew() : generated);
        float worst = finished.getLast().score; // sorted, best first
        return finished.stream().anyMatch(beam -> best > (beam.end.isPresent() ? worst : DISCARDED));
    }

    private Beam normalised(Beam beam) {
        int generated = beam.ids.length - promptLength;
        float score = generated == 0 ? 0 : beam.score / lengthNorm(generated);
        return new Beam(beam.ids, score, beam.parent, beam.end, beam.logProbs, beam.logprobs);
    }

    private float lengthNorm(int generated) {
        return (float) Math.pow(generated, task.config().lengthPenalty());
    }

    private IntStream best(float[] scores) {
        TopK top = new TopK(Math.min(numBeams, scores.length));
        top.offer(scores, 0, 0);
        return Arrays.stream(top.sorted());
    }
}
