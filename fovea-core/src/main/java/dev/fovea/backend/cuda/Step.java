package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.ffi.Cleanup;
import java.util.ArrayList;
import java.util.List;

/**
 * The calls of a step that comes again and again. What differs from step to step (token ids, positions, masks, tables of rotary
 * angles) lies in one block of device memory, at the same places each time, and goes there in one copy; so the calls themselves
 * are equal. Where they are, they become {@linkplain Device.Graph graphs} of fewer launches ({@link Fusion}): of a first part, so that
 * the device begins while the rest is still being asked for, of a larger one, and of what is left. Where a step
 * differs (a cache has grown), what has not run yet runs call by call, and the next ones begin anew.
 */
final class Step extends Recording {
    /** Where parts end, in sixteenths: a device computes slower than calls are made, but not by much. */
    private static final int[] PARTS = {1, 5, 16};

    private static final int LONG = 64; // calls of a step that has parts

    private List<Call> calls = new ArrayList<>();
    private List<Call> before = List.of();
    private List<Part> parts = List.of(); // of the calls before, where they came twice

    private boolean isSame; // whether all calls so far are those before
    private int ranParts;
    private int ranCalls;

    /** The calls up to an end, as one. */
    private record Part(int end, Device.Graph graph) {}

    Step(Slabs slabs) {
        super(slabs);
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

    void begin() {
        isComputing = true;
        calls = new ArrayList<>(before.size());
        isSame = true;
        ranParts = 0;
        ranCalls = 0;
        values.empty();
    }

    /** All calls are made; they run when somebody asks for their result. */
    void computed() {
        isComputing = false;
    }

    @Override
    void add(Call call) {
        int at = calls.size();
        calls.add(call);
        isSame = isSame && at < before.size() && call.equals(before.get(at));
        if (isSame && ranParts < parts.size() && parts.get(ranParts).end == calls.size()) {
            replay();
        }
    }

    /** What was recorded with the smaller block runs now. */
    @Override
    void grow() {
        launch();
        calls.clear();
        ranCalls = 0;
        forget();
    }

    /** Runs what has not run yet; from the second time on that a step comes, as few things. */
    @Override
    void run() {
        try {
            if (!isSame || calls.size() != before.size()) {
                forget();
                launch();
            } else if (parts.isEmpty()) {
                parts = capture();
                parts.forEach(_ -> replay());
                launch(); // all of it, where there were no graphs
            }
            before = calls;
        } finally {
            release();
        }
    }

    private void launch() {
        values.upload();
        calls.subList(ranCalls, calls.size()).forEach(c -> c.on(device));
        ranCalls = calls.size();
    }

    /** None where there is no memory for graphs. */
    private List<Part> capture() {
        List<Part> all = new ArrayList<>();
        try {
            int from = 0;
            for (int sixteenths : calls.size() < LONG ? new int[] {16} : PARTS) {
                int end = calls.size() * sixteenths / 16;
                Device.Graph graph = graph(calls.subList(from, end));
                if (graph == null) {
                    close(all);
                    return List.of();
                }
                all.add(new Part(end, graph));
                from = end;
            }
            captured();
            return List.copyOf(all);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> close(all));
            throw e;
        }
    }

    private void replay() {
        values.upload();
        Part part = parts.get(ranParts++);
        part.graph.replay();
        ranCalls = part.end;
    }

    private void forget() {
        before = List.of();
        isSame = false;
        List<Part> old = parts;
        parts = List.of();
        close(old);
    }

    private static void close(List<Part> some) {
        Cleanup.each(some, part -> part.graph.close());
    }

    /** Drops what was recorded; its first parts may have run. */
    void discard() {
        calls = new ArrayList<>();
        release();
    }

    @Override
    void close() {
        Cleanup.all(this::forget, values::close);
    }
}
