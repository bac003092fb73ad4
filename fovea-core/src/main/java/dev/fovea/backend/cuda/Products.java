package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A launch of {@code few.cu} or {@code codes.cu}: a few rows (rows, width) times matrices (outputs, width).
 *
 * @param x where the rows are
 * @param stride elements between rows
 * @param isEarly whether weights may be read before the launch before has ended
 * @param matrices at most {@value #MOST}; of a gated kernel, the gate and what it gates
 */
record Products(Kernel kernel, long x, long stride, int rows, int width, boolean isEarly, List<Matrix> matrices) {
    static final int MOST = 3;
    private static final String GATED = "_gated";

    /** Addresses of a weight's parts, by the source whose kernels read them. */
    private static final Map<String, Integer> PARTS = Map.of("few", 1, CodesLinear.SOURCE, 4);

    /**
     * A matrix.
     *
     * @param out where the products (rows, outputs) go
     * @param further what becomes of the products, and where it goes
     */
    record Matrix(Weight w, Bias bias, long out, int outputs, Further further) {
        /** The same, to go on with its products. */
        Matrix with(Further what) {
            return new Matrix(w, bias, out, outputs, what);
        }
    }

    /**
     * Where a weight is.
     *
     * @param parts the addresses of what it consists of; 0 for what it lacks
     * @param group columns that share a scale; 0 of a dense one
     */
    record Weight(List<Long> parts, int group) {
        static Weight dense(long address) {
            return new Weight(List.of(address), 0);
        }
    }

    /**
     * What is added to products.
     *
     * @param address 0 where there is none
     * @param type as {@code element} of the prelude has it
     */
    record Bias(long address, int type) {
        static Bias of(@Nullable Tensor bias) {
            return bias == null ? new Bias(0, 0) : new Bias(Rows.address(bias), Linear.type(bias.dtype()));
        }
    }

    /**
     * A function of products.
     *
     * @param function its number in the prelude
     * @param factor of a scaling
     * @param out where its values (rows, outputs) go; 0 where there is none
     */
    record Further(int function, float factor, long out) {
        static final Further NONE = new Further(0, 0, 0);
    }

    /** What a call launches; empty where it is no launch of these kernels. */
    static Optional<Products> of(Step.Call call) {
        if (!(call instanceof Step.Launch launch
                && PARTS.containsKey(launch.kernel().module().source()))) {
            return Optional.empty();
        }
        int parts = parts(launch.kernel());
        Arguments.Reader read = launch.arguments().read();
        long x = read.pointer();
        long stride = read.pointer();
        int rows = read.integer();
        int width = read.integer();
        int count = read.integer();
        boolean early = read.integer() != 0;
        List<Matrix> matrices = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            matrices.add(matrix(read, parts));
        }
        return Optional.of(new Products(launch.kernel(), x, stride, rows, width, early, matrices));
    }

    private static int parts(Kernel kernel) {
        return Objects.requireNonNull(PARTS.get(kernel.module().source()));
    }

    private static Matrix matrix(Arguments.Reader read, int parts) {
        List<Long> addresses = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            addresses.add(read.pointer());
        }
        long bias = read.pointer();
        long out = read.pointer();
        long further = read.pointer();
        int outputs = read.integer();
        int biasType = read.integer();
        Further what = new Further(read.integer(), read.real(), further);
        Weight w = new Weight(List.copyOf(addresses), parts > 1 ? read.integer() : 0);
        return new Matrix(w, new Bias(bias, biasType), out, outputs, what);
    }

    Step.Launch launch() {
        return new Step.Launch(kernel, Grid.of(blocks()), arguments());
    }

    /** The structure {@code Products} of the source. */
    Arguments arguments() {
        Arguments arguments = new Arguments()
                .pointer(x)
                .pointer(stride)
                .integer(rows)
                .integer(width)
                .integer(matrices.size())
                .integer(isEarly ? 1 : 0);
        int parts = parts(kernel);
        Matrix absent = new Matrix(new Weight(Collections.nCopies(parts, 0L), 0), Bias.of(null), 0, 0, Further.NONE);
        for (int i = 0; i < MOST; i++) {
            add(arguments, i < matrices.size() ? matrices.get(i) : absent, parts > 1);
        }
        return arguments;
    }

    private static void add(Arguments arguments, Matrix m, boolean grouped) {
        m.w.parts.forEach(arguments::pointer);
        arguments
                .pointer(m.bias.address)
                .pointer(m.out)
                .pointer(m.further.out)
                .integer(m.outputs)
                .integer(m.bias.type)
                .integer(m.further.function)
                .real(m.further.factor);
        if (grouped) {
            arguments.integer(m.w.group);
        }
        arguments.pad();
    }

    /** Blocks of outputs. */
    int blocks() {
        int each = Form.outputs(kernel.entry());
        return (isGated() ? matrices.subList(0, 1) : matrices)
                .stream().mapToInt(m -> Math.ceilDiv(m.outputs, each)).sum();
    }

    boolean isGated() {
        return kernel.entry().endsWith(GATED);
    }

    /** The same rows with other matrices. */
    Products with(List<Matrix> others) {
        return new Products(kernel, x, stride, rows, width, isEarly, List.copyOf(others));
    }

    /** The gate and what it gates, by the kernel that goes on with both. */
    Products gated(Matrix gate, Matrix up) {
        Kernel gated = new Kernel(kernel.module(), Form.of(kernel.entry()).gated, kernel.threads());
        return new Products(gated, x, stride, rows, width, isEarly, List.of(gate, up));
    }

    /** The same, to read its weights early. */
    Products early() {
        return new Products(kernel, x, stride, rows, width, true, matrices);
    }

    /** Whether the same kernel takes the same rows. */
    boolean sharesRows(Products other) {
        return kernel.equals(other.kernel)
                && x == other.x
                && stride == other.stride
                && rows == other.rows
                && width == other.width;
    }

    /** Where nothing has become of the products yet: their only matrix. */
    Optional<Matrix> plain() {
        return matrices.size() == 1 && matrices.getFirst().further.out == 0
                ? Optional.of(matrices.getFirst())
                : Optional.empty();
    }

    /** The name that the prelude has for the type of rows and products. */
    String type() {
        return kernel.module().macro("X");
    }

    /** Bytes of the rows. */
    Bytes input() {
        return Bytes.of(type(), x, (rows - 1) * stride + width);
    }

    /** Bytes that are written for a matrix. */
    List<Bytes> outputs(Matrix m) {
        long n = elements(m);
        Bytes out = Bytes.of(type(), m.out, n);
        return m.further.out == 0 ? List.of(out) : List.of(out, Bytes.of(type(), m.further.out, n));
    }

    /** Products of a matrix in all. */
    long elements(Matrix m) {
        return (long) rows * m.outputs;
    }
}
