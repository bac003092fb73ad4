package dev.fovea.backend.cpu.machine;

import dev.fovea.tensor.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Aligned native scratch memory that grows to the largest request and is reused; freed with its owner. */
public final class Buffer {
    private static final long ALIGNMENT = 64;

    private MemorySegment memory = MemorySegment.NULL;

    /** The address of at least so many bytes; contents undefined. */
    public long bytes(long count) {
        if (memory.byteSize() < count) {
            memory = HostMemory.allocate(Arena.ofAuto(), count, ALIGNMENT);
        }
        return memory.address();
    }

    public long floats(long count) {
        return bytes(count * Float.BYTES);
    }
}
