package dev.fovea.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The search without beams, greedy or drawn: transformers' _sample. With {@link PromptLookup} a step feeds a row guesses behind its
 * last token. Each token is chosen from the logits at its own place, with the row's own draws, for as long as they are what was
 * guessed: so an answer is what it is without.
 */
final class Sampling {
    private static final int[] NONE = {};

    /** Math.exp of less is zero, which is nearly all of a vocabulary at a low temperature. */
    private static final float VANISHING = -746;

    private final Task task;
    private final Optional<PromptLookup> lookup;

    Sampling(Task task) {
        this.task = task;
        lookup = PromptLookup.of(task.config(), task.decoding().vocabSize());
    }

    List<Sequence> run() {
        List<Row> all = rows();
        if (!task.isCancelled()) {
            write(all);
        }
        return all.stream().map(Row::sequence).toList();
    }

    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (int prompt = 0; prompt < task.prompts().size(); prompt++) {
            SplittableRandom seeds = task.random();
            for (int i = 0; i < task.config().numReturnSequences(); i++) {
                rows.add(new Row(rows.size(), prompt, seeds.split()));
            }
        }
        return rows;
    }

    private void write(List<Row> all) {
        boolean plain = all.stream().allMatch(Row::isPlain);
        List<Row> live = all;
        Next next = Next.of(task.decoding().prefill(task.cancelled()));
        if (next.rows() == 0) {
            return;
        }
        while (true) {
            boolean shared = live.size() > next.rows();
            List<Row> unfinished = new ArrayList<>();
            for (Row row : live) {
                if (!row.take(next, shared)) {
                    unfinished.add(row);
                }
            }
            takeBack(live);
            task.listener().progress(live.stream().mapToInt(Row::written).max().orElse(0), task.limit());
            if (unfinished.isEmpty() || task.isCancelled()) {
                return;
            }
            live = unfinished;
            next = feed(live, plain);
        }
    }

    /** What was guessed wrong. */
    private void takeBack(List<Row> live) {
        if (live.stream().anyMatch(row -> row.refused > 0)) {
            int[] counts = new int[task.decoding().rows()];
            live.forEach(row -> counts[row.source] = row.refused);
            task.decoding().takeBack(counts);
        }
    }

    /** Feeds each row its last token, and guesses behind it. */
    private Next feed(List<Row> live, boolean plain) {
        task.select(live.stream().mapToInt(row -> row.source).toArray());
        int room = lookup.isPresent() ? task.decoding().room() / live.size() : 0;
        IntStream.Builder rows = IntStream.builder();
        IntStream.Builder tokens = IntStream.builder();
        int count = 0;
        for (int i = 0; i < live.size(); i++) {
            Row row = live.get(i);
            row.guess(room);
            row.source = i;
            row.first = count;
            rows.add(i);
            tokens.add(row.last());
            for (int guess : row.guesses) {
                rows.add(i);
                tokens.add(guess);
            }
            count += 1 + row.guesses.length;
        }
        int[] of = rows.build().toArray();
        int[] fed = tokens.build().toArray();
        Decoding decoding = task.decoding();
        return plain ? Next.of(decoding.next(of, fed)) : Next.of(decoding.step(of, fed));
    }

    /** What follows each token that was fed: logits, or the token of the greatest where nobody needs to see them. */
    private record Next(float[][] logits, int[] tokens) {
        static Next of(float[][] logits) {
            return new Next(logits, new int[0]);
        }

        static Next of(int[] tokens) {
            return new Next(new float[0][], tokens);
        }

        int rows() {
            return Math.max(logits.length, tokens.length);
        }
    }

    private final class Row {
        final int index;
        final int prompt;
        private final SplittableRandom random;
        private final List<LogitsProcessor> processors;
        private int[] ids;
        private float[] logProbs = Task.NO_LOG_PROBS;
        private final List<TokenLogprob> logprobs = new ArrayList<>();
        private FinishReason reason = FinishReason.CANCELLED;

        /** Its row of the model. */
        int source;

        /** Where its results begin. */
        int first;

        /** How many guesses may come next. */
        private int reach = 1;

        int[] guesses = NONE;

        /** Of the guesses, the last ones. */
        int refused;

        Row(int index, int prompt, SplittableRandom random) {
            this.index = index;
            this.prompt = prompt;
            this.random = random;
            processors = task.processors(prompt);
            ids = task.prompts().get(prompt);
            source = prompt;
            first = prompt;
        }

        int last() {
            return ids[ids.length - 1];
        }

        int written() {
            return ids.length - task.prompts().get(prompt).length;
        }

        /** Of what may follow, all but the last token, which would be fed for nothing. */
        void guess(int room) {
            Lengths lengths = task.lengths().get(prompt);
            int left = Math.min(lengths.max() - 1, lengths.positions()) - ids.length;
            guesses = lookup.map(l -> l.guess(ids, Math.min(reach, Math.min(room, left))))
                    .orElse(NONE);
        }

        /**
         * Takes what follows its last token, and its guesses as far as they are right; true where the answer ends.
         *
         * @param shared where other answers read the same logits
         */
        boolean take(Next next, boolean shared) {
            int right = 0;
            boolean end = append(next, first, shared);
            while (!end && right < guesses.length && last() == guesses[right] && !task.isCancelled()) {
                right++;
                end = append(next, first + right, shared);
            }
            refused = guesses.length - right;
            if (guesses.length > 0) {
                reach = lookup.orElseThrow().next(guesses.length, refused == 0);
            }
            return end;
        }

        /** Whether the greatest logit is the next token, and nothing else is asked. */
        boolean isPlain() {
            return processors.isEmpty()
                    && !task.config().doSample()
                    && !task.config().outputScores()
                    && task.config().logprobs().isEmpty();
        }

        /** Takes the token that follows one that was fed; true where it is the last one. */
        private boolean append(Next next, int source, boolean shared) {
            if (next.tokens.length > 0) {
                return append(Scores.found(next.tokens[source]));
            }
            float[] scores = shared ? next.logits[source].clone() : next.logits[source];
            float[] own = task.ownLogprobs(scores);
            processors.forEach(p -> p.process(ids, scores));
            int token = task.config().doSample() ? draw(scores, random) : Scores.argmax(scores);
            if (task.config().outputScores()) {
                logProbs = Arrays.copyOf(logProbs, logProbs.length + 1);
                logProbs[logProbs.length - 1] = Scores.logProb(scores, token);
            }
            if (own.length > 0) {
                logprobs.add(TokenLogprob.of(token, own, task.topLogprobs(own)));
                task.listener().logprob(index, logprobs.getLast());
            }
            return append(token);
        }

        private boolean append(int token) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = token;
            task.listener().token(index, token);
            task.end(prompt, token, ids.length, () -> ids).ifPresent(end -> reason = end);
            return reason != FinishReason.CANCELLED;
        }

        Sequence sequence() {
            int[] answer = Arrays.copyOfRange(ids, task.prompts().get(prompt).length, ids.length);
            return new Sequence(prompt, answer, OptionalDouble.empty(), reason, logProbs, logprobs);
        }
    }

    /** One draw from the softmax of the scores. */
    static int draw(float[] scores, SplittableRandom random) {
        float max = Scores.max(scores);
        double total = 0;
        for (float s : scores) {
            if (!vanishes(s, max)) {
                total += Math.exp(s - max);
            }
        }
        if (!(total > 0 && total < Double.POSITIVE_INFINITY)) {
            throw Scores.noDistribution(max);
        }
        double target = random.nextDouble() * total;
        int drawn = -1;
        for (int i = 0; i < scores.length && target >= 0; i++) {
            double weight = vanishes(scores[i], max) ? 0 : Math.exp(scores[i] - max);
            if (weight > 0) {
                drawn = i;
                target -= weight;
            }
        }
        return drawn;
    }

    private static boolean vanishes(float score, float max) {
        return score - max < VANISHING;
    }
}
