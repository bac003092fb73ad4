package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.error.ClosedException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.Cleanup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.WeakHashMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Device memory for scopes, kept for reuse when it comes back: allocating waits for the device, and a step asks for the same
 * sizes again and again. What is launched runs in one order, so memory may be handed out again before its last use has run.
 */
final class Slabs {
    private static final MemorySegment ALL = Untouchable.make();

    /** Of all backends: models may share a card. */
    private static final Set<Slabs> HERE = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private final Device device;
    private final NavigableMap<Long, Owned> owners = new TreeMap<>();
    private final Pool common = new Pool();
    private final Set<Pool> held = new HashSet<>();
    private final List<Late> late = new ArrayList<>();
    private boolean closed;

    Slabs(Device device) {
        Object card = device.card();
        this.device = new FrugalDevice(device, () -> reclaim(card));
        HERE.add(this);
    }

    /** Of whatever is no recording's. */
    Pool common() {
        return common;
    }

    /** The device, where memory that is short makes all models on its card give back what waits for reuse. */
    Device device() {
        return device;
    }

    private static void reclaim(Object card) {
        List<Slabs> all;
        synchronized (HERE) {
            all = List.copyOf(HERE);
        }
        for (Slabs slabs : all) {
            if (!slabs.device.card().equals(card)) {
                continue;
            }
            try {
                slabs.dropUnheld();
            } catch (NativeException _) {
                // of a card that is lost: its own calls say so
            }
        }
    }

    private synchronized void dropUnheld() {
        Set<Pool> pools = new HashSet<>();
        owners.values().forEach(owned -> pools.add(owned.pool));
        pools.removeAll(held);
        Cleanup.each(pools, this::drop);
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

    /** A slab that came back while pools were held: of these, those that still are. */
    private record Late(MemorySegment slab, Set<Pool> held) {
        boolean waitsNoMoreFor(Pool letGo) {
            return held.remove(letGo) && held.isEmpty();
        }
    }

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
    MemorySegment take(long bytes, Pool pool) {
        MemorySegment slab = kept(bytes, pool);
        return slab == null ? own(device.allocate(bytes), bytes, pool) : slab;
    }

    private synchronized @Nullable MemorySegment kept(long bytes, Pool pool) {
        requireOpen();
        return pool.take(bytes);
    }

    private synchronized MemorySegment own(long address, long bytes, Pool pool) {
        requireOpen();
        owners.put(address, new Owned(pool, bytes));
        return ALL.asSlice(address, bytes);
    }

    private void requireOpen() {
        if (closed) {
            throw ClosedException.of("backend");
        }
    }

    /**
     * Begins to hold a pool: calls are being kept that have not run yet. Until it is let go none of its slabs is freed, and what
     * comes back of common ones, which the calls may use, is nobody's.
     */
    synchronized void hold(Pool pool) {
        held.add(pool);
    }

    /** What was held may be freed, and what came back meanwhile be handed out; once more does nothing. */
    synchronized void letGo(Pool pool) {
        held.remove(pool);
        late.removeIf(one -> {
            boolean isFree = one.waitsNoMoreFor(pool);
            if (isFree) {
                common.put(one.slab);
            }
            return isFree;
        });
    }

    /** Whether an address lies in a slab of a pool, handed out or not. */
    synchronized boolean isOf(Pool pool, long address) {
        var below = owners.floorEntry(address);
        return below != null && below.getValue().pool == pool && address < below.getKey() + below.getValue().bytes;
    }

    /** Frees the slabs that wait in a pool. */
    synchronized void drop(Pool pool) {
        pool.drops++;
        List<Long> addresses = pool.free.values().stream()
                .flatMap(Deque::stream)
                .map(MemorySegment::address)
                .toList();
        pool.free.clear(); // first: what could not be freed is not handed out again either
        addresses.forEach(owners::remove);
        Cleanup.each(addresses, device::free);
    }

    /** Changes whenever slabs of a pool are freed. */
    synchronized long drops(Pool pool) {
        return pool.drops;
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
        if (owned.pool == common && !held.isEmpty()) {
            late.add(new Late(slab, new HashSet<>(held)));
        } else {
            owned.pool.put(slab);
        }
    }

    /** Hands out no more. What there is goes with the device. */
    synchronized void close() {
        closed = true;
        HERE.remove(this);
        owners.clear();
        late.clear();
    }
}
