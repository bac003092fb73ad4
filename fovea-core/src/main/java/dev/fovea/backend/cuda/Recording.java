package dev.fovea.backend.cuda;

import java.lang.foreign.MemorySegment;

/**
 * What a thread's calls go to, while {@link Recorder} keeps them, instead of the device. Memory that is asked for comes from its own
 * pool, so that the same calls have the same addresses.
 */
sealed interface Recording extends Tables permits Step, Replay {
    /** Whether nobody else is in the midst of it; then the caller is. */
    boolean acquire();

    Device device();

    Slabs.Pool pool();

    /** Whether its calls are still being made. */
    boolean isComputing();

    void add(Step.Call call);

    /** Where host memory, as it is now, will lie on the device. */
    long stage(MemorySegment from);

    /** Somebody waits for what was called: all of it runs, and nothing further is recorded. */
    void run();

    /** Frees what it holds beside its pool. */
    void close();
}
