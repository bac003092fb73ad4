package dev.fovea.serve;

import dev.fovea.BatchOptions;
import dev.fovea.BatchStats;
import dev.fovea.Pipeline;
import dev.fovea.error.FoveaException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A model that is served, and the places of those who wait for it. */
final class Served {
    private final String id;
    private final long created = System.currentTimeMillis() / 1000;
    private final int parallel;
    private final int all;
    private final Semaphore places;
    private final Semaphore slots;
    private volatile @Nullable Pipeline pipeline;
    private volatile @Nullable Throwable failure;

    Served(String id, BatchOptions limits) {
        this.id = id;
        this.parallel = limits.rows();
        this.all = limits.rows() + limits.queue();
        this.places = new Semaphore(all);
        this.slots = new Semaphore(parallel, true);
    }

    String id() {
        return id;
    }

    /** When it was asked for, in seconds. */
    long created() {
        return created;
    }

    void opened(Pipeline pipeline) {
        this.pipeline = pipeline;
    }

    void failed(Throwable failure) {
        this.failure = failure;
    }

    boolean isReady() {
        return pipeline != null;
    }

    Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** @throws Problem where it is not open yet, or cannot be opened */
    Pipeline pipeline() {
        Pipeline open = pipeline;
        if (open != null) {
            return open;
        }
        Throwable why = failure;
        if (why != null) {
            throw Problem.unavailable(
                    "model_unavailable",
                    "the model " + id + " could not be opened"
                            + (why instanceof FoveaException ? "; the server's log says why" : ""),
                    60);
        }
        throw Problem.unavailable("model_loading", "the model " + id + " is being opened", 2);
    }

    /** Takes a place among those who wait. @throws Problem where there is none */
    void enter() {
        if (!places.tryAcquire()) {
            throw Problem.busy("as many requests wait for the model " + id + " as may", 1);
        }
    }

    void leave() {
        places.release();
    }

    /** What its batch does; empty where it is not open, or answers one by one. */
    Optional<BatchStats> stats() {
        Pipeline open = pipeline;
        return open == null ? Optional.empty() : open.batchStats();
    }

    /** Waits for its turn, where it has no batch that lets requests wait by itself. @return whether it came, rather than the end of the request */
    boolean begin(BooleanSupplier cancelled) throws InterruptedException {
        if (stats().isPresent()) {
            return true;
        }
        while (!cancelled.getAsBoolean()) {
            if (slots.tryAcquire(50, TimeUnit.MILLISECONDS)) {
                return true;
            }
        }
        return false;
    }

    void end() {
        if (stats().isEmpty()) {
            slots.release();
        }
    }

    /** Answers that are being made. */
    int running() {
        return stats().map(BatchStats::running).orElseGet(() -> parallel - slots.availablePermits());
    }

    /** Answers that wait for their turn. */
    int waiting() {
        return Math.max(0, all - places.availablePermits() - running());
    }

    void close() {
        Pipeline open = pipeline;
        if (open != null) {
            open.close();
        }
    }
}
