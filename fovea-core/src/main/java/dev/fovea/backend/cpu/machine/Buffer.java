package dev.fovea.backend.cpu.machine;

import dev.fovea.tensor.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Aligned native scratch memory that grows with the largest request, by half of what it was at least, and is reused; freed with its owner.
 * What it has outgrown stays until the garbage collector comes by: steps of a little each would leave far more than is used.
 */
public final class Buffer {
    private static final long ALIGNMENT = 64;

    private MemorySegment memory = MemorySegment.NULL;

    /** The address of at least so many bytes; contents undefined. */
    public long bytes(long count) {
        if (memory.byteSize() < count) {
            memory = HostMemory.allocate(Arena.ofAuto(), Math.max(count, memory.byteSize() * 3 / 2), ALIGNMENT);
        }
        return memory.address();
    }

    public long floats(long count) {
        return bytes(count * Float.BYTES);
    }
}
