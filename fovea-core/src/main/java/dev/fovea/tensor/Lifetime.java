package dev.fovea.tensor;

import dev.fovea.error.ClosedException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How long something lives that holds native memory, files or threads. Every call takes a lease; closing waits for no one:
 *
 * <pre>{@code
 * private final Lifetime lifetime = new Lifetime(memory::free);
 *
 * int read() {
 *     try (var _ = lifetime.use("reader")) { // throws where it is closed
 *         return memory.read(); // stays readable to the end of the block, whoever closes meanwhile
 *     }
 * }
 *
 * public void close() {
 *     lifetime.close();
 * }
 * }</pre>
 *
 * What is owned is freed once: by the closer where nobody has a lease, else by whoever gives back the last one. A thread that
 * has a lease may take further ones after the close, so that a call that has begun ends as usual. Where the owner is
 * forgotten without a close, a thread of the library frees what it owned.
 *
 * <p>Any thread may call. Nothing blocks.
 */
public final class Lifetime implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final ThreadLocal<@Nullable Lease> HELD = new ThreadLocal<>();

    private final State state;
    private final Cleaner.Cleanable cleanable;

    /** @param free frees what is owned; it must not refer to the owner, which could never be forgotten then */
    public Lifetime(Runnable free) {
        state = new State(free);
        cleanable = CLEANER.register(this, state);
    }

    /**
     * Keeps what is owned until the lease is closed, by the same thread.
     *
     * @param what is called, for the message: {@code model}
     * @throws ClosedException where it is closed, and this thread has no lease
     */
    public Lease use(String what) {
        if (!state.enter()) {
            if (!isHeld()) {
                throw ClosedException.of(what);
            }
            state.enterAgain();
        }
        return new Lease(this);
    }

    private boolean isHeld() {
        for (Lease lease = HELD.get(); lease != null; lease = lease.previous) {
            if (lease.lifetime == this) {
                return true;
            }
        }
        return false;
    }

    public boolean isClosed() {
        return state.isClosed();
    }

    /** Whether what was owned is gone: closed, and no call is left that uses it. */
    public boolean isOver() {
        return state.isOver();
    }

    /** Lets no further call begin. Idempotent. */
    @Override
    public void close() {
        cleanable.clean();
    }

    /** One call's right to what is owned. It keeps the lifetime reachable, so that nothing in use is ever taken for forgotten. */
    public static final class Lease implements AutoCloseable {
        private final Lifetime lifetime;
        private final Thread thread = Thread.currentThread();
        private @Nullable Lease previous;
        private boolean given;

        private Lease(Lifetime lifetime) {
            this.lifetime = lifetime;
            previous = HELD.get();
            HELD.set(this);
        }

        /** Gives it back; once more does nothing. */
        @Override
        public void close() {
            if (thread != Thread.currentThread()) {
                throw new IllegalStateException("a lease is given back by the thread that took it");
            }
            if (!given) {
                given = true;
                unlink();
                try {
                    lifetime.state.exit();
                } finally {
                    Reference.reachabilityFence(lifetime);
                }
            }
        }

        private void unlink() {
            Lease top = HELD.get();
            if (top == this) {
                if (previous == null) {
                    HELD.remove();
                } else {
                    HELD.set(previous);
                }
                return;
            }
            while (top != null && top.previous != this) {
                top = top.previous;
            }
            if (top != null) {
                top.previous = previous;
            }
        }
    }

    /** The number of leases, and in the sign whether it is closed. Apart from the lifetime, which the cleaner waits for. */
    private static final class State implements Runnable {
        private static final int CLOSED = Integer.MIN_VALUE;

        private final AtomicInteger word = new AtomicInteger();
        private final Runnable free;

        State(Runnable free) {
            this.free = free;
        }

        boolean enter() {
            for (int now = word.get(); now >= 0; now = word.get()) {
                if (word.compareAndSet(now, now + 1)) {
                    return true;
                }
            }
            return false;
        }

        /** Of a thread that has entered and not left: so the count is not zero, and nothing is freed meanwhile. */
        void enterAgain() {
            word.incrementAndGet();
        }

        void exit() {
            if (word.decrementAndGet() == CLOSED) {
                free.run();
            }
        }

        boolean isClosed() {
            return word.get() < 0;
        }

        boolean isOver() {
            return word.get() == CLOSED;
        }

        /** The close. */
        @Override
        public void run() {
            if (word.getAndUpdate(now -> now | CLOSED) == 0) {
                free.run();
            }
        }
    }
}
