package dev.fovea.models.batch;

import dev.fovea.models.RowDecoding;
import dev.fovea.models.Sequences;
import dev.fovea.models.Sequences.Next;
import java.util.ArrayList;
import java.util.List;

/** Tokens for the rows of several calls: one for each, and what is guessed to follow it. */
final class Steps {
    private final Sequences memory;

    Steps(Sequences memory) {
        this.memory = memory;
    }

    private record Row(Call call, RowDecoding decoding, Call.Step step, int index) {
        int sequence() {
            return decoding.sequences()[step.rows()[index]];
        }
    }

    /** Runs the steps that calls ask for; one that fails has its failure then, and the others what they would have had without it. */
    void run(List<Call> calls) {
        List<Row> rows = new ArrayList<>();
        for (Call call : calls) {
            RowDecoding decoding = call.prepared();
            Call.Step step = call.wanted();
            decoding.takeBack(step.takenBack());
            if (step.parents().length > 0) {
                decoding.select(step.parents());
            }
            for (int i = 0; i < step.tokens().length; i++) {
                rows.add(new Row(call, decoding, step, i));
            }
        }
        int[] sequences = rows.stream().mapToInt(Row::sequence).toArray();
        int to;
        for (int from = 0; from < sequences.length; from = to) {
            to = Sequences.passEnd(sequences, from);
            List<Row> group = rows.subList(from, to).stream()
                    .filter(row -> row.call.failure == null)
                    .toList();
            runGroup(group);
        }
    }

    private void runGroup(List<Row> group) {
        List<Call> calls = group.stream().map(Row::call).distinct().toList();
        try {
            feed(group);
        } catch (RuntimeException | Error e) {
            if (calls.size() == 1) {
                calls.getFirst().failure = e;
                return;
            }
            for (Call call : calls) {
                runGroup(group.stream().filter(row -> row.call == call).toList());
            }
        }
    }

    private void feed(List<Row> group) {
        int n = group.size();
        int[] sequences = new int[n];
        int[] tokens = new int[n];
        boolean[] greedy = new boolean[n];
        for (int i = 0; i < n; i++) {
            Row row = group.get(i);
            sequences[i] = row.sequence();
            tokens[i] = row.step.tokens()[row.index];
            greedy[i] = row.step.greedy();
        }
        Next[] next = n == 0 ? new Next[0] : memory.step(sequences, tokens, greedy);
        for (int i = 0; i < n; i++) {
            group.get(i).step.next()[group.get(i).index] = next[i];
        }
    }
}
