package dev.fovea.backend.cpu.machine;

import dev.fovea.error.ClosedException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.x86.Pages;
import dev.fovea.tensor.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Memory for scopes, kept for reuse when it comes back: a step asks for the same sizes again and again, and fresh memory
 * costs a page fault and zeros for every 4 KiB. What waits never makes the memory held more than what was once handed out
 * together: before other sizes are taken from the system, those that wait longest go back to it.
 */
public final class Slabs implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    /** Bytes from which on memory comes straight from the system: Java would fill it with zeros that it has already, in one thread. */
    private static final long LARGE = 8L << 20;

    /** Bytes that a thread has the system fill with zeros at once: whole pages of 2 MB. */
    private static final long CLEARED_AT_ONCE = LARGE;

    /** Bytes that a scope takes at once for many small tensors: no more is handed out for them, since others are as large. */
    private static final long SHARED = 4L << 20;

    private final long keptLimit;
    private final Map<Long, Arena> owners = new HashMap<>();
    private final TreeMap<Long, Deque<MemorySegment>> free = new TreeMap<>(); // by size, the last that came back first
    private final Set<MemorySegment> waiting = new LinkedHashSet<>(); // the same, those that wait longest first
    private @Nullable MemorySegment last; // came back last, and waits apart: most often it is the next to go
    private long kept;
    private long handedOut;
    private long mostHandedOut;
    private boolean closed;

    /** @param keptLimit bytes that may wait for reuse; what comes back beyond goes to the system */
    public Slabs(long keptLimit) {
        this.keptLimit = keptLimit;
    }

    /** @throws dev.fovea.error.MemoryException where there is less, with what waits for reuse given up */
    public MemorySegment take(long bytes) {
        return take(bytes, bytes > SHARED ? 3 * bytes : bytes / 4);
    }

    /**
     * The same for what stays: a picture's rows that are kept in one of its tower's largest slabs would make the next tower
     * take another.
     */
    public MemorySegment takeLasting(long bytes) {
        return take(bytes, bytes / 4);
    }

    /**
     * @param spare how much more than is asked for may be handed out: for one large tensor of a step, what a tower's later stages
     *     leave of its first one's
     */
    private synchronized MemorySegment take(long bytes, long spare) {
        if (closed) {
            throw ClosedException.of("backend");
        }
        MemorySegment latest = last;
        if (latest != null && latest.byteSize() == bytes) {
            last = null;
            kept -= bytes;
            return counted(latest);
        }
        enlist();
        Map.Entry<Long, Deque<MemorySegment>> fit = free.ceilingEntry(bytes);
        if (fit != null && fit.getKey() <= bytes + spare) {
            MemorySegment slab = fit.getValue().getFirst();
            waitsNoMore(slab);
            return counted(slab);
        }
        while (kept > 0 && handedOut + bytes + kept > mostHandedOut) {
            releaseLongestWaiting();
        }
        Arena arena = Arena.ofShared();
        MemorySegment slab = allocate(arena, bytes);
        owners.put(slab.address(), arena);
        return counted(slab);
    }

    /** Has the one that came back last wait among the others. */
    private void enlist() {
        MemorySegment slab = last;
        if (slab != null) {
            free.computeIfAbsent(slab.byteSize(), _ -> new ArrayDeque<>()).push(slab);
            waiting.add(slab);
            last = null;
        }
    }

    private MemorySegment counted(MemorySegment slab) {
        handedOut += slab.byteSize();
        mostHandedOut = Math.max(mostHandedOut, handedOut);
        return slab;
    }

    private MemorySegment allocate(Arena arena, long bytes) {
        try {
            return fresh(arena, bytes);
        } catch (MemoryException e) {
            if (kept == 0) {
                throw e;
            }
            while (kept > 0) {
                releaseLongestWaiting();
            }
            return fresh(arena, bytes);
        }
    }

    private static MemorySegment fresh(Arena arena, long bytes) {
        if (bytes < LARGE || !Pages.isPresent()) {
            return HostMemory.allocate(arena, bytes, ALIGNMENT);
        }
        return HostMemory.allocate(bytes, () -> pages(arena, bytes));
    }

    private static MemorySegment pages(Arena arena, long bytes) {
        try {
            long at = Pages.map(bytes);
            MemorySegment slab = MemorySegment.ofAddress(at)
                    .reinterpret(bytes, arena, memory -> Pages.unmap(memory.address(), bytes));
            return commit(at, bytes) ? slab : slab.fill((byte) 0);
        } catch (NativeException e) {
            throw (Error) new OutOfMemoryError(e.problem()).initCause(e);
        }
    }

    /** By all processors: one alone fills memory with zeros at half of what it takes, or less. */
    private static boolean commit(long at, long bytes) {
        Pages.enlarge(at, bytes);
        return LongStream.range(0, Math.ceilDiv(bytes, CLEARED_AT_ONCE))
                .parallel()
                .allMatch(i -> {
                    long from = i * CLEARED_AT_ONCE;
                    return Pages.commit(at + from, Math.min(CLEARED_AT_ONCE, bytes - from));
                });
    }

    private void releaseLongestWaiting() {
        MemorySegment slab = waiting.iterator().next();
        waitsNoMore(slab);
        release(slab);
    }

    private void waitsNoMore(MemorySegment slab) {
        waiting.remove(slab);
        Deque<MemorySegment> size = Objects.requireNonNull(free.get(slab.byteSize()));
        size.remove(slab);
        if (size.isEmpty()) {
            free.remove(slab.byteSize());
        }
        kept -= slab.byteSize();
    }

    private void release(MemorySegment slab) {
        Objects.requireNonNull(owners.remove(slab.address())).close();
    }

    public synchronized void giveBack(MemorySegment slab) {
        if (closed) {
            return;
        }
        if (!owners.containsKey(slab.address())) {
            throw new IllegalArgumentException(slab + " is not a slab of this backend");
        }
        handedOut -= slab.byteSize();
        if (kept + slab.byteSize() > keptLimit) {
            release(slab);
            return;
        }
        kept += slab.byteSize();
        enlist();
        last = slab;
    }

    /** Frees everything, handed out or not. */
    @Override
    public synchronized void close() {
        closed = true;
        owners.values().forEach(Arena::close);
        owners.clear();
        free.clear();
        waiting.clear();
        last = null;
        kept = 0;
    }
}
