package dev.fovea.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The calls of a step that comes again and again. What differs from step to step (token ids, positions, masks, tables of rotary
 * angles) lies in one block of device memory, at the same places each time, and goes there in one copy; so the calls themselves
 * are equal. Where they are, they become {@linkplain Device.Graph graphs} of fewer launches ({@link Fusion}): of a first part, so that
 * the device begins while the rest is still being asked for, of a larger one, and of what is left. Where a step differs (a cache has grown), what has not run
 * yet runs call by call, and the next ones begin anew.
 *
 * <p>Used by one thread at a time, who has {@linkplain #acquire acquired} it.
 */
final class Step implements Tables {
    private static final int FIRST_BYTES = 1 << 20;
    private static final int ALIGNMENT = 64;
    private static final int SHORT_TABLE = 64;

    /** Where parts end, in sixteenths: a device computes slower than calls are made, but not by much. */
    private static final int[] PARTS = {1, 5, 16};

    private static final int LONG = 64; // calls of a step that has parts

    private final Device device;
    private final Slabs slabs;

    /** The step's own memory: nobody else gets it before the calls that use it have run, and it is the same each time. */
    final Slabs.Pool pool = new Slabs.Pool();

    /** Whether its calls are still being made. */
    boolean isComputing;

    private final AtomicBoolean taken = new AtomicBoolean();
    private byte[] staged = new byte[FIRST_BYTES];
    private long block;
    private int used;
    private final Map<Ints, Long> known = new HashMap<>();
    private List<Call> calls = new ArrayList<>();
    private List<Call> before = List.of();
    private List<Part> parts = List.of(); // of the calls before, where they came twice

    private boolean isSame; // whether all calls so far are those before
    private int ranParts;
    private int ranCalls;
    private int uploaded; // bytes of what is staged

    /** The calls up to an end, as one. */
    private record Part(int end, Device.Graph graph) {}

    Step(Device device, Slabs slabs) {
        this.device = device;
        this.slabs = slabs;
    }

    /** What a step asks of the device. */
    sealed interface Call {
        void on(Device device);
    }

    /** A launch; equal where kernel, grid and all bytes of the arguments are. */
    record Launch(Kernel kernel, Device.Grid grid, Arguments arguments) implements Call {
        @Override
        public void on(Device device) {
            device.launch(kernel, grid, arguments);
        }
    }

    /** A product by the device's library. */
    record Multiply(Product product, long x, long w, long bias, long y) implements Call {
        @Override
        public void on(Device device) {
            device.multiply(product, x, w, bias, y);
        }
    }

    /** A copy within the device. */
    record Copy(long from, long to, long bytes) implements Call {
        @Override
        public void on(Device device) {
            device.copy(from, to, bytes);
        }
    }

    /** Whether nobody else is in the midst of it; then the caller is until it {@linkplain #run runs} or is discarded. */
    boolean acquire() {
        return taken.compareAndSet(false, true);
    }

    Device device() {
        return device;
    }

    void begin() {
        isComputing = true;
        calls = new ArrayList<>(before.size());
        isSame = true;
        ranParts = 0;
        ranCalls = 0;
        empty();
    }

    private void empty() {
        used = 0;
        uploaded = 0;
        known.clear();
    }

    void add(Call call) {
        int at = calls.size();
        calls.add(call);
        isSame = isSame && at < before.size() && call.equals(before.get(at));
        if (isSame && ranParts < parts.size() && parts.get(ranParts).end == calls.size()) {
            replay();
        }
    }

    /** Where host memory, as it is now, will lie on the device when the step runs. */
    long stage(MemorySegment from) {
        int bytes = Math.toIntExact(from.byteSize());
        if (used + bytes > staged.length || block == 0) {
            grow(bytes);
        }
        MemorySegment.copy(from, 0, MemorySegment.ofArray(staged), used, bytes);
        long address = block + used;
        used += (bytes + ALIGNMENT - 1) & -ALIGNMENT;
        return address;
    }

    /** Layers share one copy of a long table. Short ones would be equal by chance, and then lie elsewhere than last time. */
    @Override
    public long address(int[] values) {
        if (values.length <= SHORT_TABLE) {
            return stage(MemorySegment.ofArray(values));
        }
        Ints key = new Ints(values);
        Long there = known.get(key);
        if (there == null) {
            there = stage(MemorySegment.ofArray(values));
            known.put(new Ints(values.clone()), there);
        }
        return there;
    }

    /** A larger block; what was recorded with the smaller one runs now. */
    private void grow(int bytes) {
        launch();
        calls.clear();
        ranCalls = 0;
        forget();
        if (block != 0) {
            device.free(block);
            staged = new byte[Math.max(2 * staged.length, bytes + FIRST_BYTES)];
        }
        block = device.allocate(staged.length);
        empty();
    }

    /** Runs what has not run yet; from the second time on that a step comes, as few things. */
    void run() {
        try {
            if (!isSame || calls.size() != before.size()) {
                forget();
                launch();
            } else if (parts.isEmpty()) {
                parts = capture();
                parts.forEach(_ -> replay());
            }
            before = calls;
        } finally {
            taken.set(false);
        }
    }

    private void launch() {
        upload();
        calls.subList(ranCalls, calls.size()).forEach(c -> c.on(device));
        ranCalls = calls.size();
    }

    private List<Part> capture() {
        List<Part> all = new ArrayList<>();
        int from = 0;
        for (int sixteenths : calls.size() < LONG ? new int[] {16} : PARTS) {
            int end = calls.size() * sixteenths / 16;
            List<Call> some = Fusion.of(calls.subList(from, end), address -> slabs.isOf(pool, address));
            all.add(new Part(end, device.capture(() -> some.forEach(c -> c.on(device)))));
            from = end;
        }
        return List.copyOf(all);
    }

    private void replay() {
        upload();
        Part part = parts.get(ranParts++);
        part.graph.replay();
        ranCalls = part.end;
    }

    private void upload() {
        if (used > uploaded) {
            device.upload(MemorySegment.ofArray(staged).asSlice(uploaded, used - uploaded), block + uploaded);
            uploaded = used;
        }
    }

    private void forget() {
        before = List.of();
        isSame = false;
        parts.forEach(part -> part.graph.close());
        parts = List.of();
    }

    /** Drops what was recorded; its first parts may have run. */
    void discard() {
        calls = new ArrayList<>();
        taken.set(false);
    }

    void close() {
        forget();
        if (block != 0) {
            device.free(block);
            block = 0;
        }
    }
}
