package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.error.MemoryException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What a thread's calls go to, while {@link Recorder} keeps them, instead of the device. Memory that is asked for comes from its own
 * pool, so that the same calls have the same addresses, and nobody else gets it before they have run.
 *
 * <p>Used by one thread at a time, who has {@linkplain #acquire acquired} it.
 */
abstract sealed class Recording implements Tables permits Step, Replay {
    protected final Device device;
    protected final Slabs slabs;
    protected final Slabs.Pool pool = new Slabs.Pool();
    protected final StagedValues values;
    protected boolean isComputing;
    private final Patience patience = new Patience();
    private final AtomicBoolean taken = new AtomicBoolean();

    Recording(Slabs slabs) {
        device = slabs.device();
        this.slabs = slabs;
        values = new StagedValues(device, this::grow);
    }

    /** Whether nobody else is in the midst of it; then the caller is, until it is {@linkplain #release released}. */
    final boolean acquire() {
        boolean isOurs = taken.compareAndSet(false, true);
        if (isOurs) {
            slabs.hold(pool);
        }
        return isOurs;
    }

    final void release() {
        slabs.letGo(pool);
        taken.set(false);
    }

    final Slabs.Pool pool() {
        return pool;
    }

    /** False for a while after there was no memory for graphs: then its calls had better run as they come. */
    final boolean isWorthwhile() {
        return patience.isOver();
    }

    /** Some of its calls as one; null where there is no memory for that. */
    final Device.@Nullable Graph graph(List<Step.Call> some) {
        Fusion.Place place = new Fusion.Place(address -> slabs.isOf(pool, address), device.multiprocessors());
        List<Step.Call> fused = Fusion.of(some, place);
        try {
            return device.capture(() -> fused.forEach(call -> call.on(device)));
        } catch (MemoryException _) {
            patience.refused();
            return null;
        }
    }

    /** There was memory for graphs of all its calls: of some is not enough. */
    final void captured() {
        patience.granted();
    }

    /** Whether its calls are still being made. */
    final boolean isComputing() {
        return isComputing;
    }

    /** Where host memory, as it is now, will lie on the device. */
    final long stage(MemorySegment from) {
        return values.stage(from);
    }

    @Override
    public final long address(int[] table) {
        return values.address(table);
    }

    abstract void add(Step.Call call);

    /** A larger block of staged values follows: addresses in the one before are no longer good. */
    abstract void grow();

    /** Somebody waits for what was called: all of it runs, and nothing further is recorded. */
    abstract void run();

    /** Frees what it holds beside its pool. */
    abstract void close();
}
