package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.ffi.Cleanup;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A computation whose result follows from its operand alone: a tower, for pictures of one size. The first time its calls run as they
 * come and are kept, with memory of their own; from then on the operand is copied to where it was, and they run as one
 * {@linkplain Device.Graph graph} of fewer launches ({@link Fusion}), without being asked for again.
 */
final class Replay extends Recording {
    /** The part of the device's memory that may be held for another time. */
    private static final int PART = 32;

    private List<Step.Call> calls = new ArrayList<>();
    private boolean isWhole; // whether the calls are all that there was
    private long drops; // of the pool, when the first call came
    private @Nullable Made made;
    private Device.@Nullable Graph graph;

    /** What the calls make of what: addresses, and what the result is. */
    private record Made(long operand, long result, DType dtype, Shape shape) {}

    Replay(Slabs slabs) {
        super(slabs);
    }

    // ------------------------------------------------------------------------------------------------ the first time

    void begin() {
        slabs.letGo(pool); // all runs as it comes
        forget();
        values.empty();
        drops = slabs.drops(pool);
        isWhole = true;
        isComputing = true;
    }

    @Override
    void add(Step.Call call) {
        calls.add(call);
        values.upload();
        call.on(device);
    }

    @Override
    void grow() {
        isWhole = calls.isEmpty();
    }

    /** All has run as it came. What somebody waits for may decide what comes next: that is not for another time. */
    @Override
    void run() {
        isWhole = false;
    }

    /** What was computed of what. */
    void made(Tensor operand, Tensor result) {
        made = new Made(Rows.address(operand), Rows.address(result), result.dtype(), result.shape());
    }

    /** Nothing further comes, all memory is given back. */
    void end() {
        isComputing = false;
        if (!isWhole || made == null || slabs.bytes(pool) > device.totalBytes() / PART) {
            forget();
            slabs.drop(pool);
        }
    }

    // -------------------------------------------------------------------------------------------------- another time

    /** The result for another operand, of the first one's shape; empty where the calls have to be made. */
    Optional<Tensor> again(Tensor x, Scope scope) {
        Made known = made;
        if (known == null || slabs.drops(pool) != drops) {
            return Optional.empty();
        }
        if (graph == null) {
            graph = graph(calls);
        }
        if (graph == null) {
            return Optional.empty();
        }
        captured();
        Tensor out = scope.allocate(known.dtype, known.shape);
        device.copy(Rows.address(x), known.operand, x.bytes());
        graph.replay();
        device.copy(known.result, Rows.address(out), out.bytes());
        return Optional.of(out);
    }

    private void forget() {
        made = null;
        calls = new ArrayList<>();
        Device.Graph all = graph;
        if (all != null) {
            graph = null;
            all.close();
        }
    }

    @Override
    void close() {
        Cleanup.all(this::forget, values::close);
    }
}
