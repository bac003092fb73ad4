package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.error.MemoryException;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Contract;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Lifetime;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The operation contract on a {@link Device}: checks operands, allocates results and launches kernels, in one order for all
 * threads. Each operation is one launch or a few; nothing waits but {@link #read}.
 */
public final class CudaBackend implements Backend {
    private static final int ARGMAX_THREADS = 1024;
    private static final long INTERPRETED_BYTES = 8L << 30;

    private final Recorder device;
    private final boolean isInterpreted;
    private final Slabs slabs;
    private final StagedTables tables;
    private final Elementwise elementwise;
    private final Norms norms;
    private final Movement movement;
    private final Copies copies;
    private final Linear linear;
    private final CodesLinear codes;
    private final Attention attention;
    private final Maps maps;
    private final ReentrantLock order = new ReentrantLock();
    private final Lifetime lifetime;

    /** Takes the device, and closes it when it is closed or forgotten. */
    public CudaBackend(Device device) {
        slabs = new Slabs(device);
        isInterpreted = device instanceof PtxDevice;
        this.device = new Recorder(slabs);
        tables = new StagedTables(slabs.device());
        elementwise = new Elementwise(this.device);
        norms = new Norms(this.device);
        movement = new Movement(this.device, this::address);
        copies = new Copies(this.device);
        linear = new Linear(this.device);
        codes = new CodesLinear(this.device, linear);
        attention = new Attention(this.device, this::address);
        maps = new Maps(this.device, linear);
        lifetime = new Lifetime(new Owned(device, slabs)::free);
    }

    /** The kernels of a GPU without one: see {@link PtxDevice}. */
    public static CudaBackend interpreted() {
        return new CudaBackend(new PtxDevice(KernelArchive.bundled()::ptx, INTERPRETED_BYTES));
    }

    /** Whether there is no GPU behind it. */
    public boolean isInterpreted() {
        return isInterpreted;
    }

    private long address(int[] values) {
        Tables recorded = device.tables();
        return (recorded == null ? tables : recorded).address(values);
    }

    /** What a backend that is closed or forgotten leaves. */
    private record Owned(Device device, Slabs slabs) {
        void free() {
            slabs.close();
            device.close();
        }
    }

    @Override
    public String name() {
        return "cuda";
    }

    /** For people: the card, what kernels are compiled for. */
    public String kind() {
        return device.name() + ", " + device.architecture();
    }

    /** One line for people: its kind and its memory. */
    public String describe() {
        return String.format(
                Locale.ROOT, "%s, %.2f of %.2f GB free", kind(), device.freeBytes() / 1e9, device.totalBytes() / 1e9);
    }

    /** Bytes of the device's memory that can be allocated now. */
    public long freeBytes() {
        return device.freeBytes();
    }

    @Override
    public MemorySegment allocateSlab(long bytes) {
        try {
            return slabs.take(bytes, device.pool());
        } catch (MemoryException e) {
            if (device.pool() == slabs.common()) {
                throw e;
            }
            device.flush(); // then what came back to the recording's pool may be freed
            return slabs.take(bytes, slabs.common());
        }
    }

    @Override
    public void releaseSlab(MemorySegment slab) {
        try {
            device.released();
        } finally {
            slabs.giveBack(slab);
        }
    }

    @Override
    public Lifetime.Lease use() {
        return lifetime.use("backend");
    }

    @Override
    public void close() {
        lifetime.close();
    }

    // ------------------------------------------------------------------------------------------- to and from the host

    @Override
    public boolean isHost() {
        return false;
    }

    @Override
    public void write(MemorySegment from, Tensor to) {
        device.upload(from.asSlice(0, to.bytes()), Rows.address(to));
    }

    @Override
    public void read(Tensor from, MemorySegment to) {
        device.download(Rows.address(from), to.asSlice(0, from.bytes()));
    }

    @Override
    public void move(Tensor from, Tensor to) {
        device.copy(Rows.address(from), Rows.address(to), from.bytes());
    }

    @Override
    public int[] argmax(Tensor x) {
        Contract.argmax(x);
        int[] columns = new int[x.dim(0)];
        try (Scope scope = Scope.open(this)) {
            Tensor found = scope.allocate(DType.INT32, Shape.of(columns.length));
            Arguments arguments = new Arguments()
                    .pointer(Rows.address(x))
                    .pointer(Rows.address(found))
                    .integer(x.dim(1));
            device.launch(
                    new Kernel(Kernel.Module.of("choose", x.dtype()), "argmax", ARGMAX_THREADS),
                    Device.Grid.of(columns.length),
                    arguments);
            read(found, MemorySegment.ofArray(columns));
        }
        return columns;
    }

    @Override
    public Tensor repeat(Object key, Supplier<Tensor> step) {
        return device.repeat(key, step);
    }

    @Override
    public Tensor replay(Object key, Tensor x, UnaryOperator<Tensor> computation) {
        return device.replay(key, x, computation);
    }

    /** Makes a result; what is launched for it is launched together. */
    private Tensor make(DType dtype, Shape shape, Consumer<Tensor> launches) {
        Tensor out = Scope.current(this).allocate(dtype, shape);
        run(() -> launches.accept(out));
        return out;
    }

    private void run(Runnable launches) {
        if (device.tables() != null) {
            launches.run();
            return;
        }
        order.lock();
        try {
            tables.begin();
            launches.run();
        } finally {
            order.unlock();
        }
    }

    // -------------------------------------------------------------------------------------------------- products

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        return make(x.dtype(), Contract.linear(x, w, bias), out -> linear.multiply(x, w, bias, out));
    }

    /** @throws UnsupportedOperationException always: such weights go up widened */
    @Override
    public Tensor linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias) {
        throw new UnsupportedOperationException("linear of " + x + " with " + w + " on " + name());
    }

    @Override
    public Tensor linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias) {
        return make(x.dtype(), Contract.linear(x, w, bias), out -> codes.multiply(x, w, bias, out));
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
        return make(q.dtype(), Contract.attention(q, k, v, mask), out -> attention.attend(q, k, v, mask, scale, out));
    }

    @Override
    public Tensor conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups) {
        Shape shape = Contract.conv2d(x, w, bias, stride, padding, groups);
        return make(x.dtype(), shape, out -> maps.conv2d(x, w, bias, stride, padding, groups, out));
    }

    // ----------------------------------------------------------------------------------------------------- norms

    @Override
    public Tensor rmsNorm(Tensor x, Tensor weight, float eps) {
        Shape shape = Contract.rmsNorm(x, weight);
        return make(x.dtype(), shape, out -> norms.norm("rms_norm", x, weight, null, out, eps));
    }

    @Override
    public Tensor rmsNormPlusOne(Tensor x, Tensor weight, float eps) {
        Shape shape = Contract.rmsNormPlusOne(x, weight);
        return make(x.dtype(), shape, out -> norms.norm("rms_norm_plus_one", x, weight, null, out, eps));
    }

    @Override
    public Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, float eps) {
        Shape shape = Contract.layerNorm(x, weight, bias);
        if (weight.dtype() != bias.dtype()) {
            return layerNorm(x, copy(weight, DType.FLOAT32), copy(bias, DType.FLOAT32), eps);
        }
        return make(x.dtype(), shape, out -> norms.norm("layer_norm", x, weight, bias, out, eps));
    }

    // ----------------------------------------------------------------------------------------------- elementwise

    @Override
    public Tensor rope(Tensor x, Tensor cos, Tensor sin) {
        return make(x.dtype(), Contract.rope(x, cos, sin), out -> elementwise.rope(x, cos, sin, out));
    }

    @Override
    public Tensor activation(Tensor x, Activation f) {
        return make(x.dtype(), Contract.activation(x), out -> elementwise.activation(x, f, out));
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        return make(gate.dtype(), Contract.gated(gate, up), out -> elementwise.gated(gate, up, f, out));
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        return make(x.dtype(), Contract.add(x, y), out -> elementwise.add(x, y, out));
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        return make(x.dtype(), Contract.scale(x), out -> elementwise.scale(x, factor, out));
    }

    // --------------------------------------------------------------------------------------------------- movement

    @Override
    public Tensor copy(Tensor x, DType dtype) {
        return make(dtype, Contract.copy(x, dtype), out -> copies.copy(x, out));
    }

    @Override
    public Tensor concat(List<Tensor> parts) {
        Shape shape = Contract.concat(parts);
        return make(parts.getFirst().dtype(), shape, out -> movement.concat(parts, out));
    }

    @Override
    public Tensor gatherRows(Tensor table, int[] ids, DType dtype) {
        return make(dtype, Contract.gatherRows(table, ids, dtype), out -> movement.gather(table, ids, out));
    }

    @Override
    public void scatterRows(Tensor target, int[] ids, Tensor source) {
        Contract.scatterRows(target, ids, source);
        run(() -> movement.scatter(target, ids, source));
    }

    @Override
    public Tensor avgPool2d(Tensor x, int size) {
        return make(x.dtype(), Contract.avgPool2d(x, size), out -> maps.avgPool2d(x, size, out));
    }

    @Override
    public Tensor meanRows(Tensor x) {
        return make(x.dtype(), Contract.meanRows(x), out -> movement.meanRows(x, out));
    }
}
