package dev.fovea.media.transforms;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native memory that machine code works in. It grows to the largest request and is used again by the same thread. */
final class Scratch {
    private static final long ALIGNMENT = 64;
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private MemorySegment memory = MemorySegment.NULL;

    private Scratch() {}

    /** At least so many bytes, until this thread asks again; contents undefined. */
    static MemorySegment bytes(long count) {
        Scratch own = OF_THREAD.get();
        if (own.memory.byteSize() < count) {
            own.memory = Arena.ofAuto().allocate(count, ALIGNMENT);
        }
        return own.memory;
    }

    /** So many bytes rounded up to where aligned memory may go on. */
    static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
