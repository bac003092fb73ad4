package dev.fovea.backend.cpu.machine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A fixed pool of platform threads that work through the pieces of one job at a time, together with the thread that brings
 * it. Jobs of several threads take turns; a job brought from inside a piece runs on the thread that brings it.
 *
 * <p>Pieces are independent outputs, handed out as threads become free, so no result depends on how many threads there are.
 */
public final class Workers implements AutoCloseable {
    /** Rounds of waiting before a thread sleeps: some tens of microseconds, longer than the gaps within a layer. */
    private static final int SPINS = 2000;

    private final Thread[] threads;
    private final Sleeper[] sleepers;
    private final ReentrantLock turn = new ReentrantLock();
    private final LongAdder busy = new LongAdder();
    private final LongAdder shared = new LongAdder();
    private volatile @Nullable Job job;
    private volatile boolean closed;

    public Workers(int count) {
        threads = new Thread[count - 1];
        sleepers = new Sleeper[count - 1];
        for (int i = 0; i < threads.length; i++) {
            Sleeper sleeper = new Sleeper();
            sleepers[i] = sleeper;
            threads[i] = Thread.ofPlatform().daemon().name("fovea-cpu-", i + 1).start(() -> serve(sleeper));
        }
    }

    /** Threads that work on a job, the one that brings it included. */
    public int count() {
        return threads.length + 1;
    }

    /** Nanoseconds that threads have worked on shared jobs, all threads together. */
    public long busyNanos() {
        return busy.sum();
    }

    /** Nanoseconds from the begin of shared jobs to their end. What a call takes beside them, its thread does alone. */
    public long sharedNanos() {
        return shared.sum();
    }

    /**
     * Runs pieces 0 to count - 1, and returns when all are done.
     *
     * @throws RuntimeException or Error: the first that a piece threw; the others run nevertheless
     */
    public void run(int count, IntConsumer piece) {
        if (count <= 1 || threads.length == 0 || turn.isHeldByCurrentThread() || isWorker()) {
            for (int i = 0; i < count; i++) {
                piece.accept(i);
            }
            return;
        }
        turn.lock();
        try {
            share(new Job(count, piece, Thread.currentThread()));
        } finally {
            turn.unlock();
        }
    }

    /** Runs a piece for each block of so many of the n items; the piece gets its first item and the one past its last. */
    public void blocks(int n, int size, Block block) {
        int count = Math.ceilDiv(n, size);
        run(count, i -> block.run(i * size, Math.min(n, (i + 1) * size)));
    }

    private void share(Job next) {
        long start = System.nanoTime();
        job = next;
        int helpers = Math.min(threads.length, next.count - 1);
        for (int i = 0; i < helpers; i++) {
            if (sleepers[i].asleep) {
                LockSupport.unpark(threads[i]);
            }
        }
        serve(next);
        next.await();
        job = null;
        shared.add(System.nanoTime() - start);
        next.rethrow();
    }

    private boolean isWorker() {
        Thread current = Thread.currentThread();
        for (Thread thread : threads) {
            if (thread == current) {
                return true;
            }
        }
        return false;
    }

    private void serve(Sleeper self) {
        while (!closed) {
            Job next = awaitWork(self);
            if (next != null) {
                serve(next);
            }
        }
    }

    /**
     * A fault of a mapped page may reach a thread some instructions late, behind the piece that met it. The thread lives on: who
     * brought the job checks its files when the answer is done.
     */
    private void serve(Job next) {
        long start = System.nanoTime();
        try {
            next.work();
        } catch (InternalError e) {
            next.failure = e;
        }
        busy.add(System.nanoTime() - start);
    }

    /** The current job while it has pieces left; null now and then. */
    private @Nullable Job awaitWork(Sleeper self) {
        for (int i = 0; i < SPINS; i++) {
            Job next = job;
            if (next != null && next.hasPieces()) {
                return next;
            }
            Thread.onSpinWait();
        }
        self.asleep = true;
        Job next = job;
        if ((next == null || !next.hasPieces()) && !closed) {
            LockSupport.park(this);
        }
        self.asleep = false;
        return null;
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }

    /** Items from..to. */
    public interface Block {
        public void run(int from, int to);
    }

    private static final class Sleeper {
        private volatile boolean asleep;
    }

    private static final class Job {
        private final int count;
        private final IntConsumer piece;
        private final Thread owner;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private volatile boolean ownerAsleep;
        private volatile @Nullable Throwable failure;

        Job(int count, IntConsumer piece, Thread owner) {
            this.count = count;
            this.piece = piece;
            this.owner = owner;
        }

        boolean hasPieces() {
            return next.get() < count;
        }

        void work() {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                try {
                    piece.accept(i);
                } catch (RuntimeException | Error e) {
                    failure = e;
                } finally {
                    if (done.incrementAndGet() == count && ownerAsleep) {
                        LockSupport.unpark(owner);
                    }
                }
            }
        }

        void await() {
            for (int i = 0; i < SPINS && done.get() < count; i++) {
                Thread.onSpinWait();
            }
            ownerAsleep = true;
            while (done.get() < count) {
                LockSupport.park(this);
            }
        }

        void rethrow() {
            switch (failure) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }
}
