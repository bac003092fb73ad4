package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rows of (T, K) times a weight (N, K) in codes of few bits, by {@code codes.cu}: up to {@value Backend#FEW_ROWS} rows at once, some
 * more in passes. Many rows meet the weight's values, rounded to their dtype into memory that all weights of a model take in
 * turn.
 */
final class CodesLinear {
    /** The source whose kernels read codes. */
    static final String SOURCE = "codes";

    private static final String WIDENING = "widen";
    private static final int THREADS = 256;
    private static final List<Integer> ROOMS = List.of(8, Backend.FEW_ROWS); // for rows of x

    /** A pass reads half a byte or one for each code; widening writes two or four, and they are read again. */
    private static final int ROWS_IN_PASSES = 4 * Backend.FEW_ROWS;

    /** A head of a great vocabulary is not widened. */
    private static final long MOST_WIDENED = 256L << 20;

    private final Device device;
    private final Linear dense;
    private final Map<Asked, Kernel.Module> known = new ConcurrentHashMap<>();
    private final Set<Variant> met = ConcurrentHashMap.newKeySet();

    /** @param dense for what is widened */
    CodesLinear(Device device, Linear dense) {
        this.device = device;
        this.dense = dense;
    }

    /** What kernels are compiled for. */
    private record Variant(DType x, int bits, DType scales) {
        static Variant of(Tensor x, QuantizedMatrix w) {
            return new Variant(x.dtype(), w.form().bits(), w.scales().dtype());
        }

        private List<String> macros() {
            return List.of("X=" + Kernel.Module.type(x), "BITS=" + bits, "SCALES=" + Kernel.Module.type(scales));
        }

        Kernel.Module few(int room) {
            List<String> macros = new ArrayList<>(macros());
            macros.add("ROWS=" + room);
            return new Kernel.Module(SOURCE, macros);
        }

        Kernel.Module widening() {
            return new Kernel.Module(WIDENING, macros());
        }

        Stream<Kernel.Module> modules() {
            return Stream.concat(ROOMS.stream().map(this::few), Stream.of(widening()));
        }
    }

    /** A module for so many rows, which launches need not make again. */
    private record Asked(Variant variant, int room) {
        Kernel.Module module() {
            return variant.few(room);
        }
    }

    /** {@link Backend#linear(Tensor, QuantizedMatrix, Tensor)} into a densely packed tensor. */
    void multiply(Tensor x, QuantizedMatrix w, @Nullable Tensor bias, Tensor out) {
        if (out.shape().size() == 0) {
            return;
        }
        if (met.add(Variant.of(x, w))) {
            device.prepare(Variant.of(x, w).modules().toList());
            device.prepare(Kernels.of(x.dtype(), x.dtype())); // the model has only begun to run
        }
        if (w.order().isEmpty()) {
            multiplySorted(x, w, bias, out);
            return;
        }
        try (Scope scope = Scope.open(x.backend())) {
            Tensor sorted = scope.allocate(x.dtype(), x.shape());
            sort(x, w.order().get(), sorted);
            multiplySorted(sorted, w, bias, out);
        }
    }

    /** Columns of x in the order of codes. */
    private void sort(Tensor x, Tensor order, Tensor to) {
        long n = to.shape().size();
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.stride(x))
                .pointer(Rows.address(order))
                .pointer(Rows.address(to))
                .pointer(n)
                .integer(x.dim(1));
        device.launch(Copies.kernel("columns", x.dtype(), x.dtype()), Elementwise.blocks(n), arguments);
    }

    private void multiplySorted(Tensor x, QuantizedMatrix w, @Nullable Tensor bias, Tensor out) {
        int rows = x.dim(0);
        if (rows > ROWS_IN_PASSES && (long) w.rows() * w.columns() * x.dtype().bytes() <= MOST_WIDENED) {
            try (Scope scope = Scope.open(x.backend())) {
                Tensor values = scope.allocate(x.dtype(), Shape.of(w.rows(), w.columns()));
                widen(w, values);
                dense.multiply(x, values, bias, out);
            }
            return;
        }
        for (int from = 0; from < rows; from += Backend.FEW_ROWS) {
            int to = Math.min(rows, from + Backend.FEW_ROWS);
            few(Form.ofCodes(w.rows()), x.rows(from, to), w, bias, out.rows(from, to));
        }
    }

    /** At most {@link Backend#FEW_ROWS} rows, each by itself. */
    void few(Form form, Tensor x, QuantizedMatrix w, @Nullable Tensor bias, Tensor out) {
        int room = ROOMS.stream().filter(r -> r >= x.dim(0)).findFirst().orElseThrow();
        Kernel.Module module = known.computeIfAbsent(new Asked(Variant.of(x, w), room), Asked::module);
        List<Long> parts = List.of(
                Rows.address(w.codes()),
                Rows.address(w.scales()),
                w.zeros().map(Rows::address).orElse(0L),
                Rows.address(w.factors()));
        Products.Matrix matrix = new Products.Matrix(
                new Products.Weight(parts, w.form().group()),
                Products.Bias.of(bias),
                Rows.address(out),
                w.rows(),
                Products.Further.NONE);
        Kernel kernel = new Kernel(module, form.entry, THREADS);
        new Products(kernel, Rows.address(x), Rows.stride(x), x.dim(0), w.columns(), false, List.of(matrix))
                .launch()
                .on(device);
    }

    private void widen(QuantizedMatrix w, Tensor to) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(w.codes()))
                .pointer(Rows.address(w.scales()))
                .pointer(w.zeros().map(Rows::address).orElse(0L))
                .pointer(Rows.address(w.factors()))
                .pointer(Rows.address(to))
                .integer(w.rows())
                .integer(w.columns())
                .integer(w.form().group());
        Kernel.Module module = Variant.of(to, w).widening();
        long threads =
                (long) QuantizedMatrix.tiles(w.rows()) * QuantizedMatrix.TILE * QuantizedMatrix.blocks(w.columns());
        device.launch(new Kernel(module, WIDENING, THREADS), Elementwise.blocks(threads), arguments);
    }

    /** All that there is for activations of a dtype. */
    static List<Kernel.Module> modules(DType x) {
        return Stream.of(4, 8)
                .flatMap(bits -> Stream.of(DType.UINT8, DType.FLOAT32).map(scales -> new Variant(x, bits, scales)))
                .flatMap(Variant::modules)
                .toList();
    }

    /** Whether a module is one of these. */
    static boolean isOf(Kernel.Module module) {
        return module.source().equals(SOURCE) || module.source().equals(WIDENING);
    }
}
