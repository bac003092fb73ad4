package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.device.LibraryProducts;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products that a library with wants gets copies for. */
class LibraryLinearTest {
    private static final int ROWS = 20;

    /** As cuBLASLt, but for who computes: takes what is aligned. */
    private static final class Library extends ForwardingDevice {
        private int products;

        Library() {
            super(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 26));
        }

        @Override
        public boolean multiplies(Product product, long x, long w, long y) {
            return LibraryProducts.isAligned(product, x, w, y);
        }

        @Override
        public void multiply(Product p, long x, long w, long bias, long y) {
            assertThat(multiplies(p, x, w, y)).isTrue();
            assertThat(bias % 16).isZero();
            assertThat(p.width()).isPositive();
            products++;
            int type = List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16).indexOf(p.dtype()) + 1;
            Arguments arguments = new Arguments()
                    .pointer(x)
                    .pointer(p.rowStride())
                    .integer(p.rows())
                    .pointer(w)
                    .pointer(p.width())
                    .pointer(1)
                    .pointer(bias)
                    .integer(p.biased() ? type : 0)
                    .pointer(y)
                    .integer(p.outputs())
                    .integer(p.width());
            Kernel kernel = new Kernel(Kernel.Module.of("gemm", p.dtype(), p.dtype()), "gemm", 256);
            launch(kernel, new Grid(Math.ceilDiv(p.rows(), 64), Math.ceilDiv(p.outputs(), 64), 1), arguments);
        }
    }

    /** In the midst of another vector. */
    @Test
    void copiesABiasThatIsNotAligned() {
        Library library = new Library();
        try (CudaBackend backend = new CudaBackend(library);
                Scope scope = Scope.open(backend)) {
            Tensor x = Tensor.of(backend, new float[ROWS * 8], ROWS, 8);
            Tensor w = Tensor.of(backend, new float[4 * 8], 4, 8);
            Tensor bias = Tensor.of(backend, new float[] {0, 1, 2, 3, 4}, 5).run(1, 4);
            Tensor out = scope.allocate(DType.FLOAT32, Shape.of(ROWS, 4));
            assertThat(new LibraryLinear(library, 0).multiply(x, w, bias, out)).isTrue();
            assertThat(out.toFloats()).startsWith(1, 2, 3, 4, 1);
        }
    }

    /** The library makes no matrix without columns. */
    @Test
    void aSumOfNothingIsTheBias() {
        try (CudaBackend backend = new CudaBackend(new Library());
                Scope _ = Scope.open(backend)) {
            for (DType dtype : List.of(DType.FLOAT32, DType.BFLOAT16)) {
                Tensor x = Tensor.of(backend, new float[0], ROWS, 0).to(dtype);
                Tensor w = Tensor.of(backend, new float[0], 8, 0).to(dtype);
                Tensor bias = Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 8)
                        .to(dtype);
                assertThat(backend.linear(x, w, bias).toFloats()).startsWith(1, 2, 3, 4, 5, 6, 7, 8, 1);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "BFLOAT16, BFLOAT16, 16, 24", // as it is
        "BFLOAT16, BFLOAT16, 11, 13",
        "BFLOAT16, BFLOAT16, 8, 13",
        "BFLOAT16, BFLOAT16, 11, 16",
        "FLOAT16, FLOAT16, 12, 20",
        "FLOAT32, BFLOAT16, 16, 8",
        "FLOAT32, FLOAT16, 15, 9",
        "FLOAT32, FLOAT32, 15, 9"
    })
    void copiesWhatTheLibraryDoesNotTake(DType rows, DType weights, int outputs, int width) {
        Library library = new Library();
        SplittableRandom random = new SplittableRandom(outputs * 31L + width);
        float[] x = values(random, ROWS * (width + 3));
        float[] w = values(random, outputs * width);
        float[] b = values(random, outputs);
        try (CudaBackend backend = new CudaBackend(library);
                Backend reference = new ReferenceBackend()) {
            float[] expected = linear(reference, null, rows, weights, x, w, b);
            float[] found = linear(backend, new LibraryLinear(library, 0), rows, weights, x, w, b);
            assertThat(library.products).isEqualTo(1);
            for (int i = 0; i < expected.length; i++) {
                assertThat(found[i]).isCloseTo(expected[i], Offset.offset(rows == DType.FLOAT32 ? 1e-5f : 0.04f));
            }
        }
    }

    private static float[] values(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return values;
    }

    /** Rows are those of a wider tensor. */
    private static float[] linear(
            Backend backend, @Nullable LibraryLinear by, DType rows, DType weights, float[] x, float[] w, float[] b) {
        int outputs = b.length;
        int width = w.length / outputs;
        try (Scope scope = Scope.open(backend)) {
            Tensor wide = Tensor.of(backend, x, ROWS, width + 3).to(rows).slice(1, 1, 1 + width);
            Tensor weight = Tensor.of(backend, w, outputs, width).to(weights);
            Tensor bias = Tensor.of(backend, b, outputs).to(weights);
            if (by == null) {
                return backend.linear(wide, weight, bias).toFloats();
            }
            Tensor out = scope.allocate(rows, Shape.of(ROWS, outputs));
            assertThat(by.multiply(wide, weight, bias, out)).isTrue();
            return out.toFloats();
        }
    }
}
