package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.tensor.DType;
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
}
