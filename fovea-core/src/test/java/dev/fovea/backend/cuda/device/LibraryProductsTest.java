package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.error.FoveaException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibraryProductsTest {
    @ParameterizedTest
    @CsvSource({
        "BFLOAT16, 64, 128, 64, false, 256, 512, 1024, true",
        "BFLOAT16, 64, 128, 64, false, 256, 528, 1024, true",
        "BFLOAT16, 64, 128, 64, false, 258, 512, 1024, false", // x
        "BFLOAT16, 64, 128, 64, false, 256, 520, 1024, false", // w
        "BFLOAT16, 64, 128, 64, false, 256, 512, 1032, false", // y
        "BFLOAT16, 60, 128, 64, false, 256, 512, 1024, false", // rows of w
        "BFLOAT16, 60, 128, 64, true, 256, 512, 1024, true",
        "BFLOAT16, 64, 126, 64, true, 256, 512, 1024, false", // rows of y and w
        "BFLOAT16, 64, 128, 68, false, 256, 512, 1024, false", // rows of x
        "FLOAT32, 60, 124, 68, false, 256, 512, 1024, true"
    })
    void takesWhatIsAlignedTo16Bytes(
            DType dtype,
            int width,
            int outputs,
            long stride,
            boolean transposed,
            long x,
            long w,
            long y,
            boolean taken) {
        Product product = new Product(dtype, 100, width, outputs, stride, transposed, false);
        assertThat(LibraryProducts.isAligned(product, x, w, y)).isEqualTo(taken);
    }

    /** Plans a product until it can be. */
    static final class Trial {
        private Trial() {}

        public static void main(String[] args) {
            Product product = new Product(DType.BFLOAT16, 100, 64, 128, 64, false, true);
            try (LibraryProducts products = new LibraryProducts(0, 0)) {
                while (!isKnown(products, product)) {
                    Thread.onSpinWait();
                }
            }
        }

        private static boolean isKnown(LibraryProducts products, Product product) {
            try {
                return products.knows(product);
            } catch (MemoryException _) {
                return false;
            }
        }
    }

    /** Multiplies twice. */
    static final class Products {
        private Products() {}

        public static void main(String[] args) {
            try (CudaBackend backend = new CudaBackend(Cuda.open(0, Warnings.none()));
                    Scope _ = Scope.open(backend)) {
                Tensor x = Tensor.of(backend, new float[20 * 64], 20, 64);
                for (int i = 0; i < 2; i++) {
                    try {
                        backend.linear(x, x, null);
                    } catch (FoveaException e) {
                        System.out.println(e.getMessage());
                    }
                }
            }
        }
    }

    /** The library does not know that the card is lost. */
    @Test
    void aProductOfACardThatIsLost(@TempDir Path folder) throws Exception {
        FakeDriver fakes = FakeDriver.compile(folder).with("fake_cublaslt.c", "libcublasLt.so.12");
        assertThat(fakes.told(Products.class, Map.of("FAKE_MATMUL", "13", "FAKE_FAIL", "cuStreamSynchronize 719")))
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("cuda:0 (Fake 90) is lost to this process: cuStreamSynchronize failed"),
                        line -> assertThat(line).startsWith("cuda:0 (Fake 90) failed before"));
    }

    /** Whichever call of it the library has no memory for. */
    @Test
    void aPlanThatFailsLeavesNothingBehind(@TempDir Path folder) throws Exception {
        FakeDriver fakes = FakeDriver.compile(folder).with("fake_cublaslt.c", "libcublasLt.so.12");
        assertThat(fakes.told(Trial.class, Map.of())).containsExactly("0 left after 15 attempts");
    }
}
