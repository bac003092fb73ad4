package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.error.ClosedException;
import dev.fovea.error.MemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Device memory for scopes, kept for reuse when it comes back: allocating waits for the device, and a step asks for the same
 * sizes again and again. What is launched runs in one order, so memory may be handed out again before its last use has run.
 */
final class Slabs {
    private static final MemorySegment ALL = Untouchable.make();

    private final Device device;
    private final NavigableMap<Long, Owned> owners = new TreeMap<>();
    private boolean closed;

    Slabs(Device device) {
        this.device = device;
    }

    /** Slabs that wait to be handed out again. Whoever takes from one, in the same order each time, gets the same addresses. */
    static final class Pool {
        private final TreeMap<Long, Deque<MemorySegment>> free = new TreeMap<>();
        private long drops; // how often slabs of it were freed

        private @Nullable MemorySegment take(long bytes) {
            var fit = free.ceilingEntry(bytes);
            if (fit == null || fit.getKey() > bytes + bytes / 4) {
                return null;
            }
            MemorySegment slab = fit.getValue().pop();
            if (fit.getValue().isEmpty()) {
                free.remove(fit.getKey());
            }
            return slab;
        }

        private void put(MemorySegment slab) {
            free.computeIfAbsent(slab.byteSize(), _ -> new ArrayDeque<>()).push(slab);
        }
    }

    /** A slab, by its address. */
    private record Owned(Pool pool, long bytes) {}

    /** Every address, confined to a thread that is gone: slices work as those of any segment, every access by Java throws. */
    private static final class Untouchable implements Callable<MemorySegment> {
        static MemorySegment make() {
            FutureTask<MemorySegment> made = new FutureTask<>(new Untouchable());
            Thread.ofPlatform().start(made);
            try {
                return made.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the backend starts", e);
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public MemorySegment call() {
            return MemorySegment.NULL.reinterpret(Long.MAX_VALUE, Arena.ofConfined(), null);
        }
    }

    /** A slab that comes back to the pool. */
    synchronized MemorySegment take(long bytes, Pool pool) {
        if (closed) {
            throw ClosedException.of("backend");
        }
        MemorySegment slab = pool.take(bytes);
        if (slab == null) {
            slab = ALL.asSlice(allocate(bytes), bytes);
            owners.put(slab.address(), new Owned(pool, bytes));
        }
        return slab;
    }

    /** Whether an address lies in a slab of a pool, handed out or not. */
    synchronized boolean isOf(Pool pool, long address) {
        var below = owners.floorEntry(address);
        return below != null && below.getValue().pool == pool && address < below.getKey() + below.getValue().bytes;
    }

    /** Gives back what waits for reuse before it says that there is no more. */
    private long allocate(long bytes) {
        try {
            return device.allocate(bytes);
        } catch (MemoryException e) {
            Set<Pool> pools = owners.values().stream().map(Owned::pool).collect(Collectors.toSet());
            pools.forEach(this::drop);
            return device.allocate(bytes);
        }
    }

    /** Frees the slabs that wait in a pool. */
    synchronized void drop(Pool pool) {
        pool.drops++;
        pool.free
                .values()
                .forEach(slabs -> slabs.forEach(slab -> {
                    owners.remove(slab.address());
                    device.free(slab.address());
                }));
        pool.free.clear();
    }

    /** Changes whenever slabs of a pool are freed. */
    synchronized long drops(Pool pool) {
        return pool.drops;
    }

    /** Runs something while no slab of a pool is freed; false, without it, where some were since there were so many drops. */
    synchronized boolean whileKept(Pool pool, long drops, Runnable something) {
        boolean kept = pool.drops == drops && !closed;
        if (kept) {
            something.run();
        }
        return kept;
    }

    /** Bytes of a pool's slabs, handed out or not. */
    synchronized long bytes(Pool pool) {
        return owners.values().stream()
                .filter(owned -> owned.pool == pool)
                .mapToLong(Owned::bytes)
                .sum();
    }

    synchronized void giveBack(MemorySegment slab) {
        if (closed) {
            return;
        }
        Owned owned = owners.get(slab.address());
        if (owned == null) {
            throw new IllegalArgumentException("releaseSlab: " + slab + " is not a slab of this backend");
        }
        owned.pool.put(slab);
    }

    /** Frees everything, handed out or not. */
    synchronized void close() {
        closed = true;
        owners.keySet().forEach(device::free);
        owners.clear();
    }
}
