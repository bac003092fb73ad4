package dev.fovea.models.batch;

import dev.fovea.models.Inputs;
import dev.fovea.models.RowDecoding;
import dev.fovea.models.Sequences;
import dev.fovea.models.Sequences.Next;
import dev.fovea.models.Tenant;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.tensor.Backend;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What runs a batch: a thread that decodes, in turn a step of all rows whose callers are ready and a part of one prompt, and one that
 * encodes pictures beside it. Callers wait for them; nothing is worked on whose caller is not waiting, so that the model is theirs to
 * keep open.
 */
final class Engine {
    /** How often who waits for a place or a prompt looks whether he is still wanted. */
    private static final long ASKING_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** A step waits for callers who were there for the last one, for an eighth of its time, within these bounds. */
    private static final long LEAST_GRACE_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private static final long MOST_GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int GRACE_SHARE = 8;

    private final VisionLanguageModel model;
    private final Sequences memory;
    private final Steps steps;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition pictures = lock.newCondition();
    private final Deque<Call> toEncode = new ArrayDeque<>();
    private final Prompts prompts;
    private final Set<Call> running = new LinkedHashSet<>(); // those whose prompt is done
    private final List<RowDecoding> left = new ArrayList<>();
    private final Counter counter = new Counter();
    private final Admission admission;
    private boolean promptsTurn;
    private long lastEnd;
    private long graceNanos = LEAST_GRACE_NANOS;
    private boolean stopped;

    Engine(VisionLanguageModel model, Limits limits, Set<Integer> turnEnds) {
        this.model = model;
        admission = new Admission(limits, counter);
        memory = model.newSequences(limits.prefixBytes(), turnEnds);
        steps = new Steps(memory);
        prompts = new Prompts(memory);
    }

    /** Its threads, which end with {@link #stop}. */
    void start() {
        Thread.ofPlatform().daemon().name("fovea-batch").start(this::decode);
        Thread.ofPlatform().daemon().name("fovea-batch-pictures").start(this::encode);
    }

    Condition newCondition() {
        return lock.newCondition();
    }

    // ---------------------------------------------------------------------------------------------------- callers

    /** Waits for a place and until the pictures are encoded. */
    Call enter(Inputs inputs, Demand demand, BooleanSupplier cancelled) {
        Call call = new Call(
                this, inputs, demand, memory.bytes(inputs, demand.rows(), demand.positions()), memory.vocabSize());
        admission.requireFit(call);
        lock.lock();
        try {
            admission.queue(call);
            admit();
            admission.requirePlace(call);
        } finally {
            lock.unlock();
        }
        try {
            if (!await(call, () -> call.admitted, cancelled)) {
                return call;
            }
            if (hasPictures(inputs)) {
                await(call, () -> call.decoding != null, cancelled);
            } else {
                prepare(call);
            }
        } catch (RuntimeException | Error e) {
            leave(call);
            throw e;
        }
        return call;
    }

    private static boolean hasPictures(Inputs inputs) {
        return inputs.rows().stream()
                .anyMatch(row -> !row.images().isEmpty() || !row.videos().isEmpty());
    }

    /** Waits until the prompt has run; its logits, or none where it was cancelled. */
    float[][] prefill(Call call, BooleanSupplier cancelled) {
        lock.lock();
        try {
            if (call.decoding == null) {
                return new float[0][]; // cancelled before
            }
            prompts.add(call);
            work.signal();
        } finally {
            lock.unlock();
        }
        if (!await(call, () -> call.promptDone, cancelled)) {
            return new float[0][];
        }
        return call.prepared().promptLogits();
    }

    /** Of a prompt that has run. */
    int[] cachedTokens(Call call) {
        lock.lock();
        try {
            return call.decoding == null ? new int[call.inputs.rows().size()] : call.decoding.cachedTokens();
        } finally {
            lock.unlock();
        }
    }

    /** Tokens that a call may feed beside one for each of its rows: of the places that a pass has left, an equal share. */
    int room() {
        lock.lock();
        try {
            int left = Backend.FEW_ROWS - admission.rows();
            return Math.max(0, left) / Math.max(1, admission.running());
        } finally {
            lock.unlock();
        }
    }

    /** Waits until a step has fed a call's tokens. */
    Next[] step(Call call, Call.Step wanted) {
        lock.lock();
        try {
            count(call);
            call.step = wanted;
            call.late = false;
            work.signal();
            while (call.step != null && call.failure == null) {
                call.news.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        rethrow(call);
        return wanted.next();
    }

    /** Frees what a call has. */
    void leave(Call call) {
        lock.lock();
        try {
            withdraw(call);
            while (call.busy) {
                call.news.awaitUninterruptibly();
            }
            count(call);
            RowDecoding decoding = call.decoding;
            running.remove(call);
            call.step = null;
            if (decoding != null) {
                decoding.closePrompts();
                call.decoding = null;
                left.add(decoding);
            }
            admission.release(call);
            admit();
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private void withdraw(Call call) {
        admission.withdraw(call);
        toEncode.remove(call);
        prompts.remove(call);
    }

    /** Waits for something; false where the caller is not wanted any more, and nothing works on the call. */
    private boolean await(Call call, BooleanSupplier done, BooleanSupplier cancelled) {
        boolean interrupted = false;
        try {
            while (true) {
                boolean unwanted = cancelled.getAsBoolean();
                lock.lock();
                try {
                    if (call.failure != null) {
                        rethrow(call);
                    }
                    if (done.getAsBoolean()) {
                        return true;
                    }
                    if (unwanted && !call.busy) {
                        withdraw(call);
                        return false;
                    }
                    call.news.awaitNanos(ASKING_NANOS);
                } catch (InterruptedException e) {
                    interrupted = true; // kept for whoever asks for it
                } finally {
                    lock.unlock();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void rethrow(Call call) {
        switch (call.failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    Counts counts() {
        lock.lock();
        try {
            return new Counts(
                    admission.running(),
                    admission.waiting(),
                    admission.rows(),
                    counter.steps,
                    counter.tokens,
                    counter.promptPasses,
                    counter.promptTokens,
                    counter.refused,
                    memory.prefixHits(),
                    memory.prefixTokens(),
                    memory.prefixBytes(),
                    memory.bytes());
        } finally {
            lock.unlock();
        }
    }

    /** When no call is left. */
    void stop() {
        lock.lock();
        try {
            stopped = true;
            work.signal();
            pictures.signal();
        } finally {
            lock.unlock();
        }
        memory.close();
    }

    // ------------------------------------------------------------------------------------------------- under the lock

    /** Lets in whom there is room for, and their pictures be encoded. */
    private void admit() {
        for (Call call : admission.admit()) {
            if (hasPictures(call.inputs)) {
                toEncode.add(call);
                pictures.signal();
            }
            call.news.signal();
        }
    }

    /** Counts what the last step fed, but for what was guessed wrong: only now is that known, and a count never falls. */
    private void count(Call call) {
        counter.tokens += call.fed;
        call.fed = 0;
    }

    // -------------------------------------------------------------------------------------------------- its threads

    private void encode() {
        for (Call call = nextPictures(); call != null; call = nextPictures()) {
            prepare(call);
        }
    }

    private @Nullable Call nextPictures() {
        lock.lock();
        try {
            while (toEncode.isEmpty() && !stopped) {
                pictures.awaitUninterruptibly();
            }
            Call call = toEncode.poll();
            if (call != null) {
                call.busy = true;
            }
            return call;
        } finally {
            lock.unlock();
        }
    }

    private void prepare(Call call) {
        RowDecoding decoding = null;
        Throwable failure = null;
        try {
            decoding = Tenant.as(call.client(), () -> model.start(call.inputs, memory, false));
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        lock.lock();
        try {
            call.busy = false;
            call.decoding = decoding;
            call.failure = failure;
            call.news.signal();
            rethrowToOwn(call);
        } finally {
            lock.unlock();
        }
    }

    /** Where the caller itself has prepared it. */
    private static void rethrowToOwn(Call call) {
        if (!hasPictures(call.inputs)) {
            rethrow(call);
        }
    }

    private void decode() {
        for (Runnable next = next(); next != null; next = next()) {
            next.run();
        }
    }

    /** What to do next; null where there is nothing any more. */
    private @Nullable Runnable next() {
        lock.lock();
        try {
            while (!stopped) {
                left.forEach(RowDecoding::close);
                left.clear();
                long grace = grace();
                if (grace > 0 && !(promptsTurn && !prompts.isEmpty())) {
                    work.awaitNanos(grace);
                } else if (hasSteps() && !(promptsTurn && !prompts.isEmpty())) {
                    return takeStep();
                } else if (!prompts.isEmpty()) {
                    long gathering = prompts.grace();
                    if (gathering == 0) {
                        return takePrompts();
                    }
                    work.awaitNanos(gathering);
                } else {
                    work.awaitUninterruptibly();
                }
            }
            return null;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }

    private boolean hasSteps() {
        return running.stream().anyMatch(c -> c.step != null);
    }

    /** How long a step waits for callers that are still thinking about the last one. */
    private long grace() {
        boolean complete = running.stream().allMatch(c -> c.step != null || c.late);
        return complete ? 0 : Math.max(0, lastEnd + graceNanos - System.nanoTime());
    }

    private Runnable takeStep() {
        List<Call> ready = new ArrayList<>();
        for (Call call : running) {
            call.late = call.step == null;
            call.busy = !call.late;
            if (call.busy) {
                ready.add(call);
            }
        }
        promptsTurn = true;
        return () -> step(ready);
    }

    private void step(List<Call> ready) {
        long start = System.nanoTime();
        Throwable failure = null;
        try {
            steps.run(ready);
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        lock.lock();
        try {
            for (Call call : ready) {
                call.fed = call.step == null ? 0 : call.step.tokens().length;
                call.step = null;
                call.busy = false;
                call.failure = failure == null ? call.failure : failure;
                call.news.signal();
            }
            counter.steps++;
            lastEnd = System.nanoTime();
            graceNanos = Math.clamp((lastEnd - start) / GRACE_SHARE, LEAST_GRACE_NANOS, MOST_GRACE_NANOS);
        } finally {
            lock.unlock();
        }
    }

    private Runnable takePrompts() {
        List<Call> calls = prompts.take();
        calls.forEach(call -> call.busy = true);
        promptsTurn = false;
        return () -> run(calls);
    }

    private void run(List<Call> calls) {
        int passes = prompts.run(calls);
        lock.lock();
        try {
            counter.promptPasses += passes;
            for (Call call : calls) {
                call.busy = false;
                if (call.promptDone) {
                    counter.promptTokens += call.inputs.inputIds().stream()
                            .mapToInt(ids -> ids.length)
                            .sum();
                    running.add(call);
                } else if (call.failure == null) {
                    prompts.putBack(call);
                }
                call.news.signal();
            }
            lastEnd = System.nanoTime();
        } finally {
            lock.unlock();
        }
    }
}
