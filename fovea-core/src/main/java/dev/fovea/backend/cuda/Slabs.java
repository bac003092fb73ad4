package dev.fovea.backend.cuda;

import dev.fovea.error.ClosedException;
import dev.fovea.error.MemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;

/**
 * Device memory for scopes, kept for reuse when it comes back: allocating waits for the device, and a step asks for the same
 * sizes again and again. What is launched runs in one order, so memory may be handed out again before its last use has run.
 */
final class Slabs {
    /** Confined to a thread that is gone: addresses work as in any segment, every access by Java throws. */
    private static final Arena UNTOUCHABLE = untouchable();

    private final Device device;
    private final Set<Long> owned = new HashSet<>();
    private final TreeMap<Long, Deque<MemorySegment>> free = new TreeMap<>();
    private boolean closed;

    Slabs(Device device) {
        this.device = device;
    }

    private static Arena untouchable() {
        Arena[] made = new Arena[1];
        Thread thread = Thread.ofPlatform().start(() -> made[0] = Arena.ofConfined());
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the backend starts", e);
        }
        return made[0];
    }

    synchronized MemorySegment take(long bytes) {
        if (closed) {
            throw ClosedException.of("backend");
        }
        var fit = free.ceilingEntry(bytes);
        if (fit != null && fit.getKey() <= bytes + bytes / 4) {
            MemorySegment slab = fit.getValue().pop();
            if (fit.getValue().isEmpty()) {
                free.remove(fit.getKey());
            }
            return slab;
        }
        long address = allocate(bytes);
        owned.add(address);
        return MemorySegment.ofAddress(address).reinterpret(bytes, UNTOUCHABLE, null);
    }

    /** Gives back what waits for reuse before it says that there is no more. */
    private long allocate(long bytes) {
        try {
            return device.allocate(bytes);
        } catch (MemoryException e) {
            if (free.isEmpty()) {
                throw e;
            }
            free.values().forEach(slabs -> slabs.forEach(s -> drop(s.address())));
            free.clear();
            return device.allocate(bytes);
        }
    }

    private void drop(long address) {
        owned.remove(address);
        device.free(address);
    }

    synchronized void giveBack(MemorySegment slab) {
        if (closed) {
            return;
        }
        if (!owned.contains(slab.address())) {
            throw new IllegalArgumentException("releaseSlab: " + slab + " is not a slab of this backend");
        }
        free.computeIfAbsent(slab.byteSize(), _ -> new ArrayDeque<>()).push(slab);
    }

    /** Frees everything, handed out or not. */
    synchronized void close() {
        closed = true;
        owned.forEach(device::free);
        owned.clear();
        free.clear();
    }
}
