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
        List<Row> live = all;
        int[] sources = all.stream().mapToInt(row -> row.prompt).toArray();
        float[][] logits = task.decoding().prefill();
        for (int step = 1; ; step++) {
            boolean shared = live.size() > logits.length;
            List<Row> next = new ArrayList<>();
            int[] parents = new int[live.size()];
            for (int i = 0; i < live.size(); i++) {
                Row row = live.get(i);
                float[] scores = logits[sources[i]];
                if (!row.append(shared ? scores.clone() : scores)) {
                    parents[next.size()] = sources[i];
                    next.add(row);
                }
            }
            task.listener().progress(step, task.limit());
            if (next.isEmpty() || task.isCancelled()) {
                return;
            }
            live = next;
            logits = task.step(
                    Arrays.copyOf(parents, live.size()),
                    live.stream().mapToInt(Row::last).toArray());
            Arrays.setAll(sources, i -> i);
        }
    }

    private final class Row {
        final int index;
        final int prompt;
        private final SplittableRandom random;
        private final List<LogitsProcessor> processors;
        private int[] ids;
        private float[] logProbs = Task.NO_LOG_PROBS;
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

        /** Chooses the next token; true where it is the last one. */
        boolean append(float[] scores) {
            processors.forEach(p -> p.process(ids, scores));
            int token = task.config().doSample() ? draw(scores, random) : Scores.argmax(scores);
            if (task.config().outputScores()) {
                logProbs = Arrays.copyOf(logProbs, logProbs.length + 1);
                logProbs[logProbs.length - 1] = Scores.logProb(scores, token);
            }
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = token;
            task.listener().token(index, token);
            task.end(prompt, token, ids.length, () -> ids).ifPresent(end -> reason = end);
            return reason != FinishReason.CANCELLED;
        }

        Sequence sequence() {
            int[] answer = Arrays.copyOfRange(ids, task.prompts().get(prompt).length, ids.length);
            return new Sequence(prompt, answer, OptionalDouble.empty(), reason, logProbs);
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
