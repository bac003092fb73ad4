package dev.fovea.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.error.OptionException;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import org.junit.jupiter.api.Test;

class GemmTest {

    private static String describe(CpuBackend.GemmChoice gemm) {
        try (CpuBackend backend = CpuBackend.create(new CpuBackend.Options(2, gemm))) {
            return backend.describe();
        }
    }

    @Test
    void describesWhatComputes() {
        assertThat(describe(CpuBackend.GemmChoice.JAVA))
                .contains("2 threads", Lanes.SHAPE.vectorBitSize() + "-bit vectors", "Java vectors (as chosen)");
        assertThat(describe(CpuBackend.GemmChoice.AUTO))
                .contains(
                        DotCode.Found.here().code() != null
                                ? "machine code"
                                : OneDnn.LIBRARY.isPresent() ? "oneDNN" : OneDnn.LIBRARY.where());
    }

    @Test
    void refusesOptionsThatMeanNothing() {
        assertThatThrownBy(() -> new CpuBackend.Options(0, CpuBackend.GemmChoice.AUTO))
                .isInstanceOf(OptionException.class)
                .hasMessage("threads is 0; expected at least 1");
        System.setProperty("fovea.gemm", "fortran");
        try {
            assertThatThrownBy(CpuBackend.Options::defaults)
                    .isInstanceOf(OptionException.class)
                    .hasMessageContaining("fortran")
                    .hasMessageContaining("auto, onednn or java");
        } finally {
            System.clearProperty("fovea.gemm");
        }
    }

    @Test
    void preparesNothingWhereAPropertyChooses() {
        assertThat(CpuBackend.prepare()).isEqualTo(Chooser.isComplete());
        System.setProperty("fovea.gemm", "java");
        try {
            assertThat(CpuBackend.prepare()).isFalse();
        } finally {
            System.clearProperty("fovea.gemm");
        }
    }

    /** oneDNN 3.13 reads beyond rows that lie apart, where their width is no multiple of its tiles. */
    @Test
    void whatStandsBetweenRowsDoesNotCount() {
        assumeTrue(OneDnn.LIBRARY.isPresent());
        try (CpuBackend backend = CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.ONEDNN));
                Scope scope = Scope.open(backend)) {
            for (int width : new int[] {9, 40, 72, 80, 100}) {
                Tensor wide = scope.allocate(DType.BFLOAT16, Shape.of(40, width + 32));
                wide.memory().fill((byte) -1); // NaN
                Tensor x = wide.slice(1, 0, width);
                Tensor ones = ones(backend, 40, width);
                int[] rows = java.util.stream.IntStream.range(0, 40).toArray();
                backend.scatterRows(x, rows, ones);
                float[] out = backend.linear(x, ones(backend, 48, width), null).toFloats();
                assertThat(out).as("width %d", width).containsOnly(width);
            }
        }
    }

    private static Tensor ones(CpuBackend backend, int rows, int columns) {
        float[] values = new float[rows * columns];
        java.util.Arrays.fill(values, 1);
        return backend.copy(Tensor.of(backend, values, rows, columns), DType.BFLOAT16);
    }
}
