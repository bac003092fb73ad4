package dev.fovea.ffi;

import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Work in native libraries on threads that nobody waits for. While a process ends, its libraries take their tables down under
 * whoever still runs in them, so the end waits for what has begun, and nothing more begins. Safe for use by many threads.
 */
public final class UntilExit {
    private static final UntilExit PROCESS = new UntilExit();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(PROCESS::end, "fovea-end"));
    }

    private final ReentrantReadWriteLock running = new ReentrantReadWriteLock();

    /** Runs work of this process; where the process ends already, this never returns. */
    public static <T> T run(Supplier<T> work) {
        return PROCESS.call(work);
    }

    <T> T call(Supplier<T> work) {
        running.readLock().lock();
        try {
            return work.get();
        } finally {
            running.readLock().unlock();
        }
    }

    /** Waits for what has begun; what begins later waits for ever. */
    void end() {
        running.writeLock().lock();
    }
}
