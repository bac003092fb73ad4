package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.Device.Grid;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A launch of {@code few.cu}: a few rows (rows, width) times matrices (outputs, width).
 *
 * @param x where the rows are
 * @param stride elements between rows
 * @param isEarly whether weights may be read before the launch before has ended
 * @param matrices at most {@value #MOST}; of a gated kernel, the gate and what it gates
 */
record Products(Kernel kernel, long x, long stride, int rows, int width, boolean isEarly, List<Matrix> matrices) {
    static final int MOST = 3;
    private static final String GATED = "_gated";

    /**
     * A matrix.
     *
     * @param biasType as {@code element} of the prelude has it
     * @param out where the products (rows, outputs) go
     * @param further what becomes of the products, and where it goes
     */
    record Matrix(long w, long bias, int biasType, long out, int outputs, Further further) {
        private static final Matrix ABSENT = new Matrix(0, 0, 0, 0, 0, Further.NONE);
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
                && launch.kernel().module().source().equals("few"))) {
            return Optional.empty();
        }
        Arguments.Reader read = launch.arguments().read();
        long x = read.pointer();
        long stride = read.pointer();
        int rows = read.integer();
        int width = read.integer();
        int count = read.integer();
        boolean early = read.integer() != 0;
        List<Matrix> matrices = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long w = read.pointer();
            long bias = read.pointer();
            long out = read.pointer();
            long further = read.pointer();
            int outputs = read.integer();
            int biasType = read.integer();
            Further what = new Further(read.integer(), read.real(), further);
            matrices.add(new Matrix(w, bias, biasType, out, outputs, what));
        }
        return Optional.of(new Products(launch.kernel(), x, stride, rows, width, early, matrices));
    }

    Step.Launch launch() {
        Arguments arguments = new Arguments()
                .pointer(x)
                .pointer(stride)
                .integer(rows)
                .integer(width)
                .integer(matrices.size())
                .integer(isEarly ? 1 : 0);
        for (int i = 0; i < MOST; i++) {
            Matrix m = i < matrices.size() ? matrices.get(i) : Matrix.ABSENT;
            arguments
                    .pointer(m.w)
                    .pointer(m.bias)
                    .pointer(m.out)
                    .pointer(m.further.out)
                    .integer(m.outputs)
                    .integer(m.biasType)
                    .integer(m.further.function)
                    .real(m.further.factor);
        }
        return new Step.Launch(kernel, Grid.of(blocks()), arguments);
    }

    private int blocks() {
        Linear.Form form = Linear.Form.of(kernel);
        return isGated()
                ? Math.ceilDiv(matrices.getFirst().outputs, form.outputsOfGated())
                : matrices.stream()
                        .mapToInt(m -> Math.ceilDiv(m.outputs, form.outputs(rows)))
                        .sum();
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
        Kernel gated = new Kernel(kernel.module(), kernel.entry() + GATED, kernel.threads(), kernel.sharedBytes());
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
