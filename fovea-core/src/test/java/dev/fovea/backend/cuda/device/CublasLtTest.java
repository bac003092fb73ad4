package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What of cuBLASLt needs no GPU: runs where the active environment has the library ({@code pip install nvidia-cublas}). */
class CublasLtTest {
    private static final int TYPE = 0;
    private static final int ROWS = 2;
    private static final int COLUMNS = 3;
    private static final int STRIDE = 4;

    private static NativeLibrary library;

    @BeforeAll
    static void findLibrary() {
        assumeThat(Libraries.cublasLt().value())
                .as("cuBLASLt: " + Libraries.cublasLt().line())
                .isPresent();
        library = Libraries.cublasLt().value().orElseThrow();
    }

    /** Computes what the descriptors say, by the header's definition of a product, and compares with {@code x wᵀ + bias}. */
    @ParameterizedTest
    @CsvSource({
        "FLOAT32, 5, 8, 3, 8, false, true",
        "BFLOAT16, 17, 6, 4, 11, false, false",
        "FLOAT16, 3, 5, 7, 9, true, true",
        "FLOAT32, 1, 1, 1, 1, true, false"
    })
    void descriptorsMeanTheProduct(
            DType dtype, int rows, int width, int outputs, long stride, boolean transposed, boolean biased) {
        Product product = new Product(dtype, rows, width, outputs, stride, transposed, biased);
        Random random = new Random(7);
        float[] x = random(random, (int) (rows * stride));
        float[] w = random(random, outputs * width);
        float[] bias = random(random, outputs);
        float[] y = new float[rows * outputs];
        LibraryProducts.Plan plan = LibraryProducts.Plan.of(product);
        run(plan, w, x, bias, y);
        for (int t = 0; t < rows; t++) {
            for (int n = 0; n < outputs; n++) {
                float expected = biased ? bias[n] : 0;
                for (int k = 0; k < width; k++) {
                    expected += x[(int) (t * stride) + k] * w[transposed ? k * outputs + n : n * width + k];
                }
                assertThat(y[t * outputs + n]).isCloseTo(expected, org.assertj.core.data.Offset.offset(1e-5f));
            }
        }
        int type = dtype == DType.FLOAT32 ? 0 : dtype == DType.BFLOAT16 ? 14 : 2;
        assertThat(layout(plan.w(), TYPE)).isEqualTo(type);
        assertThat(product(plan.product(), 0)).as("compute type").isEqualTo(68); // not one of those with TF32
        plan.destroy();
    }

    /** op(A) B by columns, plus the bias along the rows of the result. */
    private static void run(LibraryProducts.Plan plan, float[] a, float[] b, float[] bias, float[] d) {
        boolean transposeA = product(plan.product(), 3) == 1;
        assertThat(product(plan.product(), 4)).as("B is not transposed").isZero();
        long inner = layout(plan.x(), ROWS);
        assertThat(transposeA ? layout(plan.w(), ROWS) : layout(plan.w(), COLUMNS))
                .isEqualTo(inner);
        for (long i = 0; i < layout(plan.y(), ROWS); i++) {
            for (long j = 0; j < layout(plan.y(), COLUMNS); j++) {
                float sum = product(plan.product(), 7) == 4 ? bias[(int) i] : 0;
                for (long k = 0; k < inner; k++) {
                    long at = transposeA ? i * layout(plan.w(), STRIDE) + k : k * layout(plan.w(), STRIDE) + i;
                    sum += a[(int) at] * b[(int) (j * layout(plan.x(), STRIDE) + k)];
                }
                d[(int) (j * layout(plan.y(), STRIDE) + i)] = sum;
            }
        }
    }

    @Test
    void algorithmsMayNeitherSplitSumsNorRelyOnMuchAlignment() {
        long preference = CublasLt.preference(1L << 25, 16);
        assertThat(get("cublasLtMatmulPreferenceGetAttribute", preference, 1, 8))
                .isEqualTo(1L << 25);
        assertThat(get("cublasLtMatmulPreferenceGetAttribute", preference, 3, 4))
                .isZero();
        for (int alignment = 5; alignment <= 8; alignment++) {
            assertThat(get("cublasLtMatmulPreferenceGetAttribute", preference, alignment, 4))
                    .isEqualTo(16);
        }
        CublasLt.destroyPreference(preference);
    }

    @Test
    void theBiasIsADevicesAddress() {
        long product = CublasLt.product(true, true);
        CublasLt.setBias(product, 0x7f0012345600L);
        assertThat(get("cublasLtMatmulDescGetAttribute", product, 8, 8)).isEqualTo(0x7f0012345600L);
        CublasLt.destroyProduct(product);
    }

    @Test
    void withoutAGpuItSaysSo() {
        assumeThat(Cuda.usable()).isEmpty();
        assertThatThrownBy(CublasLt::handle)
                .isInstanceOf(NativeException.class)
                .hasMessageStartingWith("cuBLASLt: cublasLtCreate failed: CUBLAS_STATUS_NOT_INITIALIZED");
    }

    private static long product(long product, int attribute) {
        return get("cublasLtMatmulDescGetAttribute", product, attribute, 4);
    }

    private static long layout(long layout, int attribute) {
        return get("cublasLtMatrixLayoutGetAttribute", layout, attribute, attribute == TYPE ? 4 : 8);
    }

    private static long get(String function, long of, int attribute, long bytes) {
        MethodHandle getter = library.link(
                function, FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_LONG);
            MemorySegment written = arena.allocate(JAVA_LONG);
            int status = Call.of(() -> (int) getter.invokeExact(of, attribute, value, bytes, written));
            assertThat(status).isZero();
            assertThat(written.get(JAVA_LONG, 0)).isEqualTo(bytes);
            return value.get(JAVA_LONG, 0);
        }
    }

    private static float[] random(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextInt(-8, 9) / 4f;
        }
        return values;
    }
}
