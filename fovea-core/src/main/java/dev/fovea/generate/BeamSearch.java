package dev.fovea.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Beam search over a batch of prompts, with or without sampling: transformers' _beam_search. Each prompt has its {@link Beams}
 * and leaves the model when they are done.
 */
final class BeamSearch {
    private final Task task;

    BeamSearch(Task task) {
        this.task = task;
    }

    List<Sequence> run() {
        List<Beams> all = new ArrayList<>();
        for (int row = 0; row < task.prompts().size(); row++) {
            all.add(new Beams(task, row));
        }
        if (!task.isCancelled()) {
            write(all);
        }
        List<Sequence> answers =
                all.stream().flatMap(beams -> beams.answers().stream()).toList();
        for (int i = 0; i < answers.size(); i++) {
            Sequence answer = answers.get(i);
            for (int t = 0; t < answer.ids().length; t++) {
                if (t < answer.logprobs().size()) {
                    task.listener().logprob(i, answer.logprobs().get(t));
                }
                task.listener().token(i, answer.ids()[t]);
            }
        }
        return answers;
    }

    private void write(List<Beams> all) {
        List<Beams> live = all;
        int beams = 1; // rows per prompt in the logits: one after the prefill, then num_beams
        float[][] logits = task.decoding().prefill(task.cancelled());
        if (logits.length == 0) {
            return;
        }
        for (int step = 1; ; step++) {
            List<Beams> next = new ArrayList<>();
            int[] parents = new int[live.size() * task.config().numBeams()];
            int rows = 0;
            for (int i = 0; i < live.size(); i++) {
                Beams item = live.get(i);
                item.advance(Arrays.copyOfRange(logits, i * beams, (i + 1) * beams));
                if (!item.isOver()) {
                    next.add(item);
                    for (int parent : item.parents()) {
                        parents[rows++] = i * beams + Math.min(parent, beams - 1);
                    }
                }
            }
            task.listener().progress(step, task.limit());
            if (next.isEmpty() || task.isCancelled()) {
                return;
            }
            live = next;
            beams = task.config().numBeams();
            int[] tokens = live.stream().flatMapToInt(Beams::tokens).toArray();
            task.select(Arrays.copyOf(parents, rows));
            logits = task.decoding().step(tokens);
        }
    }
}
