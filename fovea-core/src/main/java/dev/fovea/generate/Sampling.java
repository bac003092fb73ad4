package dev.fovea.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/** The search without beams: greedy or drawn, one token per row and step. transformers' _sample. */
final class Sampling {
    private final Task task;

    Sampling(Task task) {
        this.task = task;
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
        int[] sources = all.stream().mapToInt(row -> row.prompt).toArray();
        Next next = Next.of(task.decoding().prefill(task.cancelled()));
        if (next.rows() == 0) {
            return;
        }
        for (int step = 1; ; step++) {
            boolean shared = live.size() > next.rows();
            List<Row> unfinished = new ArrayList<>();
            int[] parents = new int[live.size()];
            for (int i = 0; i < live.size(); i++) {
                Row row = live.get(i);
                if (!row.append(next, sources[i], shared)) {
                    parents[unfinished.size()] = sources[i];
                    unfinished.add(row);
                }
            }
            task.listener().progress(step, task.limit());
            if (unfinished.isEmpty() || task.isCancelled()) {
                return;
            }
            live = unfinished;
            int[] kept = Arrays.copyOf(parents, live.size());
            int[] last = live.stream().mapToInt(Row::last).toArray();
            next = plain ? Next.of(task.next(kept, last)) : Next.of(task.step(kept, last));
            Arrays.setAll(sources, i -> i);
        }
    }

    /** What follows each row of the model: logits, or the token of the greatest where nobody needs to see them. */
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

        Row(int index, int prompt, SplittableRandom random) {
            this.index = index;
            this.prompt = prompt;
            this.random = random;
            processors = task.processors(prompt);
            ids = task.prompts().get(prompt);
        }

        int last() {
            return ids[ids.length - 1];
        }

        /** Whether the greatest logit is the next token, and nothing else is asked. */
        boolean isPlain() {
            return processors.isEmpty()
                    && !task.config().doSample()
                    && !task.config().outputScores()
                    && task.config().logprobs().isEmpty();
        }

        /**
         * Takes the next token of a row of the model; true where it is the last one.
         *
         * @param shared where other answers read the same logits
         */
        boolean append(Next next, int source, boolean shared) {
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
            total += Math.exp(s - max);
        }
        if (!(total > 0 && total < Double.POSITIVE_INFINITY)) {
            throw Scores.noDistribution(max);
        }
        double target = random.nextDouble() * total;
        int drawn = -1;
        for (int i = 0; i < scores.length && target >= 0; i++) {
            double weight = Math.exp(scores[i] - max);
            if (weight > 0) {
                drawn = i;
                target -= weight;
            }
        }
        return drawn;
    }
}
