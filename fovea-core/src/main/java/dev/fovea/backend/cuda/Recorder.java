package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.ffi.Cleanup;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A device whose calls are kept, inside {@link #repeat}, until somebody waits for their result: then all of them run as one,
 * where they are those of last time. Inside {@link #replay} they run and are kept, to run as one without being made again.
 * Outside, and for other threads, calls go to the device at once.
 */
final class Recorder extends ForwardingDevice {
    private static final int MOST_STEPS = 8;
    private static final int MOST_REPLAYS = 4;

    /** What a thread records of this device; other devices have their own, which neither wait for this one nor fail with it. */
    @SuppressWarnings("ThreadLocalUsage") // not of the thread alone
    private final ThreadLocal<@Nullable Recording> open = new ThreadLocal<>();

    /** Unless the system property {@code fovea.cuda.graphs} is false. */
    private static final boolean RECORDING = !"false".equals(System.getProperty("fovea.cuda.graphs"));

    private final Device device;
    private final Slabs slabs;

    /** Steps by key, the one used longest ago first. */
    private final Map<Object, Step> steps = new LinkedHashMap<>(16, 0.75f, true);

    private final Map<Object, Replay> replays = new LinkedHashMap<>(16, 0.75f, true);

    Recorder(Slabs slabs) {
        super(slabs.device());
        device = slabs.device();
        this.slabs = slabs;
    }

    /**
     * Runs a computation whose calls are probably those of the last time under this key. They are kept until {@link #flush}.
     * Where another thread is in the midst of such a step, the calls run at once.
     */
    <T> T repeat(Object key, Supplier<T> computation) {
        flush();
        Step step = RECORDING ? take(steps, MOST_STEPS, key, () -> new Step(slabs)) : null;
        if (step == null) {
            return computation.get();
        }
        step.begin();
        open.set(step);
        try {
            return computation.get();
        } catch (RuntimeException | Error e) {
            if (open.get() == step) {
                open.remove();
                step.discard();
            }
            throw e;
        } finally {
            if (open.get() == step) { // else it has run, and may be another thread's by now
                step.computed();
            }
        }
    }

    /**
     * Runs a computation whose result follows from its operand, the key and nothing else that ever differs; where it ran under this key
     * before, without asking for its calls.
     *
     * @return densely packed, in the scope that is open
     */
    Tensor replay(Object key, Tensor x, UnaryOperator<Tensor> computation) {
        Replay replay =
                RECORDING && open.get() == null ? take(replays, MOST_REPLAYS, key, () -> new Replay(slabs)) : null;
        if (replay == null) {
            return computation.apply(x);
        }
        try {
            Scope scope = Scope.current(x.backend());
            return replay.again(x, scope).orElseGet(() -> record(replay, x, computation, scope));
        } finally {
            replay.release();
        }
    }

    private Tensor record(Replay replay, Tensor x, UnaryOperator<Tensor> computation, Scope scope) {
        replay.begin();
        open.set(replay);
        try (Scope own = Scope.open(x.backend())) {
            Tensor operand = own.allocate(x.dtype(), x.shape());
            device.copy(Rows.address(x), Rows.address(operand), x.bytes());
            Tensor result = computation.apply(operand).contiguous();
            open.remove();
            Tensor out = scope.allocate(result.dtype(), result.shape());
            device.copy(Rows.address(result), Rows.address(out), out.bytes());
            replay.made(operand, result);
            return out;
        } finally {
            open.remove();
            replay.end();
        }
    }

    /** A recording that is nobody else's now, and worth its while; of more than there may be, one that nobody uses goes. */
    private synchronized <R extends Recording> @Nullable R take(
            Map<Object, R> kept, int most, Object key, Supplier<R> make) {
        R one = kept.computeIfAbsent(key, _ -> make.get());
        if (!one.acquire()) {
            return null;
        }
        if (kept.size() > most) {
            kept.entrySet().stream()
                    .filter(entry -> entry.getValue().acquire()) // the one used longest ago comes first
                    .findFirst()
                    .ifPresent(entry -> discard(kept, entry));
        }
        if (!one.isWorthwhile()) {
            one.release();
            return null;
        }
        return one;
    }

    private <R extends Recording> void discard(Map<Object, R> kept, Map.Entry<Object, R> eldest) {
        R recording = eldest.getValue();
        kept.remove(eldest.getKey());
        Cleanup.all(recording::close, () -> slabs.drop(recording.pool()), () -> slabs.letGo(recording.pool()));
    }

    /** Lets what this thread has kept run. */
    void flush() {
        Recording recording = open.get();
        if (recording != null) {
            close(recording);
        }
    }

    private void close(Recording recording) {
        open.remove();
        recording.run();
    }

    /** Whose memory this thread's tensors take. */
    Slabs.Pool pool() {
        Recording recording = open.get();
        return recording == null ? slabs.common() : recording.pool();
    }

    /** Memory of this thread is given back: what was kept for its result, and not asked for in time, runs now. */
    void released() {
        Recording recording = open.get();
        if (recording != null && !recording.isComputing()) {
            close(recording);
        }
    }

    /** Where the integers of this thread's operations go, while it records. */
    @Nullable
    Tables tables() {
        return open.get();
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Arguments arguments) {
        Recording recording = open.get();
        if (grid.isEmpty()) {
            return;
        }
        if (recording == null) {
            device.launch(kernel, grid, arguments);
        } else {
            recording.add(new Step.Launch(kernel, grid, arguments));
        }
    }

    @Override
    public void multiply(Product product, long x, long w, long bias, long y) {
        Recording recording = open.get();
        if (recording == null) {
            device.multiply(product, x, w, bias, y);
        } else {
            recording.add(new Step.Multiply(product, x, w, bias, y));
        }
    }

    @Override
    public void copy(long from, long to, long bytes) {
        Recording recording = open.get();
        if (bytes == 0) {
            return;
        }
        if (recording == null) {
            device.copy(from, to, bytes);
        } else {
            recording.add(new Step.Copy(from, to, bytes));
        }
    }

    @Override
    public void upload(MemorySegment from, long to) {
        Recording recording = open.get();
        if (from.byteSize() == 0) {
            return;
        }
        if (recording == null) {
            device.upload(from, to);
        } else {
            recording.add(new Step.Copy(recording.stage(from), to, from.byteSize()));
        }
    }

    @Override
    public void download(long from, MemorySegment to) {
        flush();
        device.download(from, to);
    }

    @Override
    public void await() {
        flush();
        device.await();
    }
}
