package dev.fovea.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A device whose calls are kept, inside {@link #repeat}, until somebody waits for their result: then all of them run as one,
 * where they are those of last time. Outside, and for other threads, calls go to the device at once.
 */
final class Recorder extends ForwardingDevice {
    private static final int KEPT = 8;

    /** The step that a thread records, of whatever device. */
    private static final ThreadLocal<@Nullable Step> OPEN = new ThreadLocal<>();

    /** Unless the system property {@code fovea.cuda.graphs} is false. */
    private static final boolean RECORDING = !"false".equals(System.getProperty("fovea.cuda.graphs"));

    private final Device device;
    private final Slabs slabs;
    private final Slabs.Pool common = new Slabs.Pool();

    /** Steps by key, the one used longest ago first. */
    private final Map<Object, Step> steps = new LinkedHashMap<>(16, 0.75f, true);

    Recorder(Device device, Slabs slabs) {
        super(device);
        this.device = device;
        this.slabs = slabs;
    }

    /**
     * Runs a computation whose calls are probably those of the last time under this key. They are kept until {@link #flush}.
     * Where another thread is in the midst of such a step, the calls run at once.
     */
    <T> T repeat(Object key, Supplier<T> computation) {
        Step other = OPEN.get();
        if (other != null) {
            close(other);
        }
        Step step = RECORDING ? take(key) : null;
        if (step == null) {
            return computation.get();
        }
        step.begin();
        OPEN.set(step);
        try {
            return computation.get();
        } catch (RuntimeException | Error e) {
            if (OPEN.get() == step) {
                OPEN.remove();
                step.discard();
            }
            throw e;
        } finally {
            step.isComputing = false;
        }
    }

    private synchronized @Nullable Step take(Object key) {
        Step step = steps.computeIfAbsent(key, _ -> new Step(device, slabs));
        if (!step.acquire()) {
            return null;
        }
        if (steps.size() > KEPT) {
            var all = steps.values().iterator();
            Step eldest = all.next();
            if (eldest.acquire()) {
                all.remove();
                eldest.close();
                slabs.drop(eldest.pool);
            }
        }
        return step;
    }

    /** Whether its device is of a kind. */
    boolean isOn(Class<? extends Device> kind) {
        return kind.isInstance(device);
    }

    /** What this thread records of this device. */
    private @Nullable Step open() {
        Step step = OPEN.get();
        return step != null && step.device() == device ? step : null;
    }

    /** Lets what this thread has kept run. */
    void flush() {
        Step step = open();
        if (step != null) {
            close(step);
        }
    }

    private static void close(Step step) {
        OPEN.remove();
        step.run();
    }

    /** Whose memory this thread's tensors take. */
    Slabs.Pool pool() {
        Step step = open();
        return step == null ? common : step.pool;
    }

    /** Memory of this thread is given back: what was kept for its result, and not asked for in time, runs now. */
    void released() {
        Step step = open();
        if (step != null && !step.isComputing) {
            close(step);
        }
    }

    /** Where the integers of this thread's operations go, while it records. */
    @Nullable
    Tables tables() {
        return open();
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Arguments arguments) {
        Step step = open();
        if (grid.isEmpty()) {
            return;
        }
        if (step == null) {
            device.launch(kernel, grid, arguments);
        } else {
            step.add(new Step.Launch(kernel, grid, arguments));
        }
    }

    @Override
    public void multiply(Product product, long x, long w, long bias, long y) {
        Step step = open();
        if (step == null) {
            device.multiply(product, x, w, bias, y);
        } else {
            step.add(new Step.Multiply(product, x, w, bias, y));
        }
    }

    @Override
    public void copy(long from, long to, long bytes) {
        Step step = open();
        if (bytes == 0) {
            return;
        }
        if (step == null) {
            device.copy(from, to, bytes);
        } else {
            step.add(new Step.Copy(from, to, bytes));
        }
    }

    @Override
    public void upload(MemorySegment from, long to) {
        Step step = open();
        if (from.byteSize() == 0) {
            return;
        }
        if (step == null) {
            device.upload(from, to);
        } else {
            step.add(new Step.Copy(step.stage(from), to, from.byteSize()));
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

    @Override
    public synchronized void close() {
        steps.values().forEach(Step::close);
        steps.clear();
        device.close();
    }
}
