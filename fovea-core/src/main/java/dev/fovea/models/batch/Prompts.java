package dev.fovea.models.batch;

import dev.fovea.models.RowDecoding;
import dev.fovea.models.Sequences;
import dev.fovea.tensor.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Prompts that are to run, part by part and in turn. The ends of short ones run together. Guarded by the engine's lock, but for {@link #run}. */
final class Prompts {
    /** A pass waits for further prompts, for this share of the last one's time since one has come, and four times as long in all. */
    private static final int GRACE_SHARE = 64;

    private static final long MOST_GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int GRACES = 4;

    private final Sequences memory;
    private final Turns waiting = new Turns();
    private long first; // when the oldest of those who wait came
    private long last;
    private long graceNanos;

    Prompts(Sequences memory) {
        this.memory = memory;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    void add(Call call) {
        last = System.nanoTime();
        first = waiting.isEmpty() ? last : first;
        waiting.add(call);
    }

    /** How long a pass waits for prompts that come at the same time: they cost little more together than one alone. */
    long grace() {
        if (memory.sharedRows() == 0 || waiting.size() >= Backend.FEW_ROWS) {
            return 0;
        }
        return Math.max(0, Math.min(last + graceNanos, first + GRACES * graceNanos) - System.nanoTime());
    }

    /** Puts one whose prompt has further parts in front of its client's others. */
    void putBack(Call call) {
        waiting.putBack(call);
    }

    void remove(Call call) {
        waiting.remove(call);
    }

    /** Those whose turn it is: one, or several that share a pass. There is one. */
    List<Call> take() {
        List<Call> calls = new ArrayList<>();
        int most = memory.sharedRows();
        int rows = 0;
        do {
            Call call = waiting.take();
            calls.add(call);
            int own = call.prepared().sharedRows();
            rows += own == 0 ? most : own;
        } while (calls.size() < Backend.FEW_ROWS && fits(most - rows));
        return calls;
    }

    private boolean fits(int room) {
        if (waiting.isEmpty()) {
            return false;
        }
        int rows = waiting.peek().prepared().sharedRows();
        return rows > 0 && rows <= room;
    }

    /**
     * Runs the next part of each; one that fails has its failure then, and the others what they would have had without it.
     *
     * @return in how many passes
     */
    int run(List<Call> calls) {
        long start = System.nanoTime();
        int passes = passes(calls);
        graceNanos = Math.min(MOST_GRACE_NANOS, (System.nanoTime() - start) / passes / GRACE_SHARE);
        return passes;
    }

    private int passes(List<Call> calls) {
        if (calls.size() > 1 && together(calls)) {
            calls.forEach(call -> call.promptDone = true);
            return 1;
        }
        for (Call call : calls) {
            try {
                call.promptDone = call.prepared().advance();
            } catch (RuntimeException | Error e) {
                call.failure = e;
            }
        }
        return calls.size();
    }

    private boolean together(List<Call> calls) {
        List<RowDecoding> decodings = calls.stream().map(Call::prepared).toList();
        try {
            memory.advance(decodings);
            return true;
        } catch (RuntimeException e) {
            return false; // whose fault it is shows when each runs alone
        }
    }
}
