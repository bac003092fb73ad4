package dev.fovea.backend.cpu;

import dev.fovea.backend.cpu.attention.Attention;
import dev.fovea.backend.cpu.codes.CodeProduct;
import dev.fovea.backend.cpu.codes.Codes;
import dev.fovea.backend.cpu.codes.QuantizedProducts;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Slabs;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.Depthwise;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.products.Gemv;
import dev.fovea.backend.cpu.products.Maps;
import dev.fovea.backend.cpu.products.Weight;
import dev.fovea.backend.cpu.rows.Elementwise;
import dev.fovea.backend.cpu.rows.Greatest;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Movement;
import dev.fovea.backend.cpu.rows.Norms;
import dev.fovea.backend.cpu.rows.Rotations;
import dev.fovea.backend.cpu.rows.RowMath;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import dev.fovea.ffi.UntilExit;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Contract;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Lifetime;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The processor at hand.
 *
 * <pre>{@code
 * try (var backend = CpuBackend.create(CpuBackend.Options.defaults()); var step = Scope.open(backend)) {
 *     Tensor y = backend.linear(x, weight, null);
 * }
 * }</pre>
 *
 * Shared by any number of threads: their operations take turns on one pool. All memory of operands is native.
 */
public final class CpuBackend implements Backend {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";
    private static final List<String> FORCING = List.of("fovea.isa", "fovea.vectorBits", "fovea.gemm");
    private static final long KEPT_BYTES = 1L << 30;

    private final Workers workers;
    private final Slabs slabs = new Slabs(KEPT_BYTES);
    private final Gemv gemv;
    private final Gemm gemm;
    private final QuantizedProducts quantized;
    private final Elementwise elementwise;
    private final Norms norms;
    private final Rotations rotations;
    private final Movement movement;
    private final Greatest greatest;
    private final Attention attention;
    private final Maps maps;
    private final Depthwise depthwise;
    private final Lifetime lifetime;

    private CpuBackend(Options options) {
        workers = new Workers(options.threads());
        gemv = new Gemv(workers, options.gemm() == GemmChoice.JAVA);
        gemm = gemm(options.gemm(), workers);
        quantized = new QuantizedProducts(workers, gemm, options.gemm() == GemmChoice.JAVA);
        boolean code = options.gemm() != GemmChoice.JAVA && DotCode.Found.here().code() != null;
        elementwise = new Elementwise(workers, code);
        norms = new Norms(workers, elementwise, code);
        rotations = new Rotations(workers, code);
        movement = new Movement(workers);
        greatest = new Greatest(workers);
        attention = new Attention(workers, gemm, options.gemm() == GemmChoice.JAVA, options.gemm() == GemmChoice.AUTO);
        maps = new Maps(workers);
        depthwise = new Depthwise(workers, code);
        lifetime = new Lifetime(new Owned(workers, gemm, quantized, slabs)::free);
    }

    private static Gemm gemm(GemmChoice choice, Workers workers) {
        try {
            return Chooser.gemm(choice, workers);
        } catch (RuntimeException e) {
            workers.close();
            throw e;
        }
    }

    /** What a backend that is closed or forgotten leaves. */
    private record Owned(Workers workers, Gemm gemm, QuantizedProducts quantized, Slabs slabs) {
        void free() {
            workers.close();
            gemm.close();
            quantized.close();
            slabs.close();
        }
    }

    /** What multiplies matrices of many rows. */
    public enum GemmChoice {
        /** Machine code where it runs, beside it oneDNN where it loads for what it has none for, else Java. */
        AUTO,
        ONEDNN,
        JAVA;

        /** The system property {@code fovea.gemm}: {@code auto} (or not set), {@code onednn} or {@code java}. */
        public static GemmChoice ofProperty() {
            String value = System.getProperty("fovea.gemm", "auto");
            return switch (value) {
                case "auto" -> AUTO;
                case "onednn" -> ONEDNN;
                case "java" -> JAVA;
                default -> throw new OptionException("fovea.gemm is \"" + value + "\"; expected auto, onednn or java");
            };
        }
    }

    /**
     * @param threads that compute, at least 1; the calling thread is one of them
     */
    public record Options(int threads, GemmChoice gemm) {
        public Options {
            if (threads < 1) {
                throw new OptionException("threads is " + threads + "; expected at least 1");
            }
        }

        /** All processors; what the system property {@code fovea.gemm} says, or AUTO. */
        public static Options defaults() {
            return new Options(Runtime.getRuntime().availableProcessors(), GemmChoice.ofProperty());
        }
    }

    /**
     * Does what {@link #create} does for the first backend of a process alone, where nothing is missing and no property forces
     * kernels: such a process is a trial, whose wrong values are for the caller of {@code create} to hear of, and {@code java} is to load
     * nothing. A process that ends waits for it.
     */
    public static boolean prepare() {
        return FORCING.stream().noneMatch(property -> System.getProperty(property) != null)
                && UntilExit.run(CpuBackend::prepareNow);
    }

    private static boolean prepareNow() {
        boolean found = hasVectors() && Chooser.isComplete();
        if (found) {
            create(new Options(1, GemmChoice.AUTO)).close();
        }
        return found;
    }

    private static boolean hasVectors() {
        return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
    }

    /**
     * @throws OptionException if the JVM runs without the Vector API module
     */
    public static CpuBackend create(Options options) {
        if (!hasVectors()) {
            throw new OptionException(
                    "the Java module " + VECTOR_MODULE + " is not there; the CPU backend needs it",
                    "start java with --add-modules " + VECTOR_MODULE);
        }
        requireNativeAccess();
        return new CpuBackend(options);
    }

    /** Kernels read through addresses, which a JVM may deny; whether it does is known by trying alone. */
    private static void requireNativeAccess() {
        try {
            MemorySegment.NULL.reinterpret(1);
        } catch (IllegalCallerException e) {
            throw new NativeException(
                    "this JVM denies native access; the CPU backend needs it",
                    "start java with --enable-native-access=ALL-UNNAMED",
                    e);
        }
    }

    @Override
    public String name() {
        return "cpu";
    }

    /** One line for people: threads, vector width, what multiplies matrices and why nothing else does. */
    public String describe() {
        return workers.count() + " threads, " + Lanes.SHAPE.vectorBitSize() + "-bit vectors, matrices by "
                + gemm.describe();
    }

    /** What the machine is to the kernels: AVX2, AVX-512, …, AMX; one line for people. */
    public String kind() {
        return Isa.describe(gemm::has);
    }

    /**
     * The kernels of a kind of work.
     *
     * @param work for people
     * @param kernel what does it, and why nothing better does
     */
    public record Choice(String work, String kernel) {}

    /** Nanoseconds that threads have worked on shared jobs, all threads together. */
    public long busyNanos() {
        return workers.busyNanos();
    }

    /** Nanoseconds from the begin of shared jobs to their end. */
    public long sharedNanos() {
        return workers.sharedNanos();
    }

    /** Which kernels were chosen. */
    public List<Choice> choices() {
        List<Choice> choices = new ArrayList<>();
        for (DType dtype : List.of(DType.BFLOAT16, DType.FLOAT16, DType.FLOAT32)) {
            String few = gemm.takesFew(dtype, dtype) ? gemm.describeFew() : gemv.describe(dtype);
            choices.add(new Choice("few rows in " + dtype.torchName(), few));
        }
        for (DType dtype : List.of(DType.BFLOAT16, DType.FLOAT16, DType.FLOAT32)) {
            choices.add(new Choice("many rows in " + dtype.torchName(), gemm.describe(dtype)));
        }
        choices.add(new Choice("attention", attention.describe()));
        return choices;
    }

    @Override
    public MemorySegment allocateSlab(long bytes) {
        return slabs.take(bytes);
    }

    @Override
    public MemorySegment allocateLastingSlab(long bytes) {
        return slabs.takeLasting(bytes);
    }

    @Override
    public void releaseSlab(MemorySegment slab) {
        slabs.giveBack(slab);
    }

    @Override
    public Lifetime.Lease use() {
        return lifetime.use("backend");
    }

    @Override
    public void close() {
        lifetime.close();
    }

    private Tensor allocate(Tensor like, Shape shape) {
        return Scope.current(this).allocate(like.dtype(), shape);
    }

    // -------------------------------------------------------------------------------------------------- products

    @Override
    public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
        Tensor out = allocate(x, Contract.linear(x, w, bias));
        multiply(Rows.of(x), Weight.of(w), bias, Rows.of(out));
        return out;
    }

    @Override
    public Tensor linear(Tensor x, QuantizedMatrix w, @Nullable Tensor bias) {
        Tensor out = allocate(x, Contract.linear(x, w, bias));
        quantized.multiply(Rows.of(x), List.of(product(w, bias, out)));
        return out;
    }

    @Override
    public Tensor linear(Tensor x, LosslessMatrix w, @Nullable Tensor bias) {
        Tensor out = allocate(x, Contract.linear(x, w, bias));
        multiply(Rows.of(x), Weight.of(w), bias, Rows.of(out));
        return out;
    }

    private static CodeProduct product(QuantizedMatrix w, @Nullable Tensor bias, Tensor out) {
        return new CodeProduct(Codes.of(w), bias == null ? null : Rows.ofLast(bias), Rows.of(out));
    }

    /** Few rows meet dense weights as one job, and codes as another: x is widened or rounded once, and threads meet once. */
    @Override
    public List<Tensor> linear(Tensor x, List<Projection> projections) {
        Rows rows = Rows.of(x);
        List<Tensor> results = new ArrayList<>(projections.size());
        List<Gemv.Product> few = new ArrayList<>(projections.size());
        List<CodeProduct> codes = new ArrayList<>(projections.size());
        for (Projection p : projections) {
            Tensor out = allocate(x, Contract.linear(x, p.weight(), p.bias()));
            results.add(out);
            switch (p.weight()) {
                case QuantizedMatrix w -> codes.add(product(w, p.bias(), out));
                case LosslessMatrix w -> multiply(rows, product(Weight.of(w), p.bias(), out), few);
                case Tensor w -> multiply(rows, product(Weight.of(w), p.bias(), out), few);
            }
        }
        if (!few.isEmpty()) {
            gemv.multiply(rows, few);
        }
        if (!codes.isEmpty()) {
            quantized.multiply(rows, codes);
        }
        return results;
    }

    private void multiply(Rows x, Gemv.Product product, List<Gemv.Product> few) {
        if (isFew(x, product.w())) {
            few.add(product);
        } else {
            gemm.multiply(x, product.w(), product.bias(), product.out());
        }
    }

    private static Gemv.Product product(Weight w, @Nullable Tensor bias, Tensor out) {
        return new Gemv.Product(w, bias == null ? null : Rows.ofLast(bias), Rows.of(out));
    }

    /** A thread that has both products of some outputs gates them. */
    @Override
    public Tensor gatedLinear(Tensor x, Projection gate, Projection up, Activation f) {
        Shape shape = Contract.linear(x, gate.weight(), gate.bias());
        Rows rows = Rows.of(x);
        if (!isFew(rows, gate.weight()) || !isFew(rows, up.weight())) {
            return Backend.super.gatedLinear(x, gate, up, f);
        }
        Tensor g = allocate(x, shape);
        Tensor u = allocate(x, Contract.linear(x, up.weight(), up.bias()));
        Tensor out = allocate(x, Contract.gated(g, u));
        Rows gated = Rows.ofLast(g);
        Rows ups = Rows.ofLast(u);
        Rows outs = Rows.ofLast(out);
        Workers.Block both = (from, to) -> elementwise.gated(gated, ups, outs, f, from, to);
        Weight one = values(gate.weight());
        Weight other = values(up.weight());
        if (one != null && other != null) {
            gemv.multiply(rows, product(one, gate.bias(), g), product(other, up.bias(), u), both);
            return out;
        }
        if (gate.weight() instanceof QuantizedMatrix ofGate
                && up.weight() instanceof QuantizedMatrix ofUp
                && quantized.multiply(rows, product(ofGate, gate.bias(), g), product(ofUp, up.bias(), u), both)) {
            return out;
        }
        return Backend.super.gatedLinear(x, gate, up, f);
    }

    private boolean isFew(Rows x, Matrix w) {
        Weight values = values(w);
        return values == null ? x.count() <= FEW_ROWS : isFew(x, values);
    }

    /** A weight but for codes. */
    private static @Nullable Weight values(Matrix w) {
        return switch (w) {
            case Tensor dense -> Weight.of(dense);
            case LosslessMatrix lossless -> Weight.of(lossless);
            case QuantizedMatrix _ -> null;
        };
    }

    private boolean isFew(Rows x, Weight w) {
        boolean few = x.count() <= FEW_ROWS && !gemm.takesFew(x.dtype(), w.dtype());
        return few || w.inputs() == 0 || w.outputs() == 0 || x.count() == 0;
    }

    private void multiply(Rows x, Weight w, @Nullable Tensor bias, Rows out) {
        Rows b = bias == null ? null : Rows.ofLast(bias);
        if (isFew(x, w)) {
            gemv.multiply(x, List.of(new Gemv.Product(w, b, out)));
        } else {
            gemm.multiply(x, w, b, out);
        }
    }

    @Override
    public SharedRows sharedRows(DType dtype) {
        return gemm.sharedRows(dtype);
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
        if (!(scale > 0)) {
            throw new IllegalArgumentException("attention: scale is " + scale + "; expected more than 0");
        }
        Tensor out = allocate(q, Contract.attention(q, k, v, mask));
        var heads = new Attention.Heads(q.dim(1), k.dim(1), q.dim(2));
        attention.run(new Attention.Call(Rows.of(q), Rows.of(k), Rows.of(v), Rows.of(out), heads, mask, scale));
        return out;
    }

    @Override
    public Tensor conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups) {
        Tensor out = allocate(x, Contract.conv2d(x, w, bias, stride, padding, groups));
        var window = new Maps.Window(w.dim(2), w.dim(3), stride, padding);
        try (Scope _ = Scope.open(this)) {
            Tensor kernel = copy(w.permute(0, 2, 3, 1), w.dtype()); // (O, ky, kx, C / groups)
            if (groups == x.dim(2) && groups == w.dim(0)) {
                depthwise(x, kernel, bias, window, out);
            } else {
                convolve(x, kernel, bias, window, out, groups);
            }
        }
        return out;
    }

    private void depthwise(Tensor x, Tensor kernel, @Nullable Tensor bias, Maps.Window window, Tensor out) {
        int channels = x.dim(2);
        Tensor taps = copy(kernel.reshape(channels, -1).transpose(), kernel.dtype()); // (ky kx, C)
        Rows rows = Rows.of(taps);
        int pitch = Lanes.padded(channels);
        float[] values = new float[rows.count() * pitch];
        for (int i = 0; i < rows.count(); i++) {
            Lanes.load(rows.dtype(), rows.row(i), values, i * pitch, channels);
        }
        float[] start = Maps.biasOf(bias == null ? null : Rows.ofLast(bias), channels);
        depthwise.run(Maps.Plane.of(x), window, values, start, Maps.Plane.of(out));
    }

    private void convolve(Tensor x, Tensor kernel, @Nullable Tensor bias, Maps.Window window, Tensor out, int groups) {
        int inputs = kernel.dim(3);
        int outputs = kernel.dim(0) / groups;
        Tensor patches = allocate(x, Shape.of(out.dim(0) * out.dim(1), window.height() * window.width() * inputs));
        for (int g = 0; g < groups; g++) {
            maps.unfold(Maps.Plane.of(x), window, g * inputs, inputs, out.dim(1), Rows.of(patches));
            Tensor w = kernel.rows(g * outputs, (g + 1) * outputs).reshape(outputs, -1);
            Tensor b = bias == null ? null : bias.rows(g * outputs, (g + 1) * outputs);
            Tensor result = out.reshape(-1, out.dim(2)).slice(1, g * outputs, (g + 1) * outputs);
            multiply(Rows.of(patches), Weight.of(w), b, Rows.of(result));
        }
    }

    // ----------------------------------------------------------------------------------------------------- norms

    @Override
    public Tensor rmsNorm(Tensor x, Tensor weight, float eps) {
        Tensor out = allocate(x, Contract.rmsNorm(x, weight));
        norms.rmsNorm(Rows.ofLast(x), Rows.ofLast(weight), Rows.ofLast(out), eps);
        return out;
    }

    @Override
    public Tensor rmsNormPlusOne(Tensor x, Tensor weight, float eps) {
        Tensor out = allocate(x, Contract.rmsNormPlusOne(x, weight));
        norms.rmsNormPlusOne(Rows.ofLast(x), Rows.ofLast(weight), Rows.ofLast(out), eps);
        return out;
    }

    @Override
    public Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, float eps) {
        Tensor out = allocate(x, Contract.layerNorm(x, weight, bias));
        norms.layerNorm(Rows.ofLast(x), Rows.ofLast(weight), Rows.ofLast(bias), Rows.ofLast(out), eps);
        return out;
    }

    // ----------------------------------------------------------------------------------------------- elementwise

    @Override
    public Tensor rope(Tensor x, Tensor cos, Tensor sin) {
        Tensor out = allocate(x, Contract.rope(x, cos, sin));
        boolean stepwise = cos.dtype() == x.dtype();
        rotations.rope(Rows.of(x), Rows.ofLast(cos), Rows.ofLast(sin), Rows.of(out), x.dim(1), stepwise);
        return out;
    }

    @Override
    public Tensor activation(Tensor x, Activation f) {
        Tensor out = allocate(x, Contract.activation(x));
        elementwise.activation(Rows.ofLast(x), Rows.ofLast(out), f);
        return out;
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        Tensor out = allocate(gate, Contract.gated(gate, up));
        elementwise.gated(Rows.ofLast(gate), Rows.ofLast(up), Rows.ofLast(out), f);
        return out;
    }

    @Override
    public Tensor add(Tensor x, Tensor y) {
        Tensor out = allocate(x, Contract.add(x, y));
        if (y.shape().equals(x.shape())) {
            elementwise.add(Rows.ofLast(x), Rows.ofLast(y), Rows.ofLast(out));
        } else {
            elementwise.addRow(Rows.ofLast(x), Rows.ofLast(y), Rows.ofLast(out));
        }
        return out;
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        Tensor out = allocate(x, Contract.scale(x));
        elementwise.values(Rows.ofLast(x), Rows.ofLast(out), (a, n) -> RowMath.scale(a, factor, n));
        return out;
    }

    // --------------------------------------------------------------------------------------------------- movement

    @Override
    public Tensor copy(Tensor x, DType dtype) {
        Tensor out = Scope.current(this).allocate(dtype, Contract.copy(x, dtype));
        if (x.dtype() == dtype) {
            movement.pack(x, out);
        } else if (x.isContiguous()) {
            cast(x, out);
        } else {
            try (Scope _ = Scope.open(this)) {
                cast(copy(x, x.dtype()), out);
            }
        }
        return out;
    }

    private void cast(Tensor x, Tensor out) {
        elementwise.cast(Rows.ofLast(x), Rows.ofLast(out));
    }

    @Override
    public Tensor concat(List<Tensor> parts) {
        Tensor out = allocate(parts.getFirst(), Contract.concat(parts));
        long to = Rows.address(out);
        for (Tensor part : parts) {
            long bytes = part.shape().size() * part.dtype().bytes();
            movement.bytes(Rows.address(part), to, bytes);
            to += bytes;
        }
        return out;
    }

    @Override
    public Tensor gatherRows(Tensor table, int[] ids, DType dtype) {
        Tensor out = Scope.current(this).allocate(dtype, Contract.gatherRows(table, ids, dtype));
        movement.gather(Rows.of(table), ids, Rows.of(out));
        return out;
    }

    @Override
    public void scatterRows(Tensor target, int[] ids, Tensor source) {
        Contract.scatterRows(target, ids, source);
        movement.scatter(Rows.of(source), ids, Rows.of(target));
    }

    @Override
    public Tensor avgPool2d(Tensor x, int size) {
        Tensor out = allocate(x, Contract.avgPool2d(x, size));
        maps.average(Maps.Plane.of(x), size, Maps.Plane.of(out));
        return out;
    }

    @Override
    public int[] argmax(Tensor x) {
        Contract.argmax(x);
        return greatest.columns(Rows.ofLast(x));
    }

    @Override
    public Tensor meanRows(Tensor x) {
        Tensor out = allocate(x, Contract.meanRows(x));
        maps.meanRows(Rows.of(x), Rows.of(out));
        return out;
    }
}
