package dev.fovea.models.batch;

import dev.fovea.error.BusyException;
import dev.fovea.error.MemoryException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Who is let in: a bounded queue in which clients take turns, before so many rows and so many bytes. Guarded by the engine's lock. */
final class Admission {
    private final Limits limits;
    private final Counter counter;
    private final Turns waiting = new Turns();
    private int running;
    private int rows;
    private long bytes;

    Admission(Limits limits, Counter counter) {
        this.limits = limits;
        this.counter = counter;
    }

    /** Calls that are in. */
    int running() {
        return running;
    }

    int waiting() {
        return waiting.size();
    }

    /** Of those that are in. */
    int rows() {
        return rows;
    }

    /** @throws MemoryException for a call that never fits */
    void requireFit(Call call) {
        if (call.bytes > limits.cacheBytes()) {
            throw new MemoryException(
                    String.format(
                            Locale.ROOT,
                            "keys and values of this request may need %.2f GB; the batch has %.2f GB",
                            call.bytes / 1e9,
                            limits.cacheBytes() / 1e9),
                    "lower max_new_tokens or num_beams, shorten the prompt, or give the batch more");
        }
    }

    void queue(Call call) {
        waiting.add(call);
    }

    /** @throws BusyException where a call has come for which there is no place to wait */
    void requirePlace(Call call) {
        if (call.admitted || waiting.size() <= limits.waiting()) {
            return;
        }
        waiting.remove(call);
        counter.refused++;
        Duration wait = counter.wait(waiting.size(), Math.max(1, running));
        throw new BusyException(
                waiting.size() + " requests wait, " + limits.waiting() + " may; this one found no place", wait);
    }

    /** Takes a call that waits no more out of the queue. */
    void withdraw(Call call) {
        waiting.remove(call);
    }

    /** Lets in whom there is room for, in turn: who is next waits for room rather than being passed by smaller ones. */
    List<Call> admit() {
        List<Call> in = new ArrayList<>();
        while (!waiting.isEmpty() && fits(waiting.peek())) {
            Call call = waiting.take();
            call.admitted = true;
            running++;
            rows += call.demand.rows();
            bytes += call.bytes;
            in.add(call);
        }
        return in;
    }

    private boolean fits(Call call) {
        return running == 0 || rows + call.demand.rows() <= limits.rows() && bytes + call.bytes <= limits.cacheBytes();
    }

    /** Gives back what a call that was let in has; nothing for another one. */
    void release(Call call) {
        if (call.admitted) {
            call.admitted = false;
            running--;
            rows -= call.demand.rows();
            bytes -= call.bytes;
            counter.done(System.nanoTime() - call.since);
        }
    }
}
