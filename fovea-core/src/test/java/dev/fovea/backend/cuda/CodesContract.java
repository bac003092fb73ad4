package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.QuantizedCase;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products with weights in codes, by the kernels of a GPU: near the reference, and with bits that depend on a row alone. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CodesContract {
    private static final List<QuantizedMatrix.Form> FORMS =
            List.of(new QuantizedMatrix.Form(8, 32), new QuantizedMatrix.Form(4, 32), new QuantizedMatrix.Form(4, 128));

    private final Device device;
    private final Backend cuda;
    private final Backend reference = new ReferenceBackend();
    private final SplittableRandom random = new SplittableRandom(17);

    CodesContract(Device device) {
        this.device = device;
        cuda = new CudaBackend(device);
    }

    @AfterAll
    void close() {
        cuda.close();
        reference.close();
    }

    private QuantizedCase draw(QuantizedMatrix.Form form, int rows, int columns, int count) {
        return QuantizedCase.draw(random, form, rows, columns, count);
    }

    /** One row, two halves of a tensor core's columns, passes, and so many that the weight is widened. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
    void asTheReference(DType dtype) {
        for (QuantizedMatrix.Form form : FORMS) {
            for (int[] size :
                    new int[][] {{1, 1, 1}, {17, 32, 9}, {70, 100, 1}, {33, 1000, 3}, {20, 40, 40}, {20, 72, 70}}) {
                int count = size[2];
                QuantizedCase c = draw(form, size[0], size[1], count);
                float[] expected = c.linear(reference, dtype, 0, count);
                float[] found = c.linear(cuda, dtype, 0, count);
                double rounding = dtype == DType.BFLOAT16 ? 0x1p-8 : dtype == DType.FLOAT16 ? 0x1p-11 : 0;
                double inside = Math.max(1e-5, count > 4 * Backend.FEW_ROWS ? rounding : 0);
                double scale = 0;
                for (float y : expected) {
                    scale = Math.max(scale, Math.abs(y));
                }
                for (int i = 0; i < expected.length; i++) {
                    assertThat(Math.abs(found[i] - expected[i]))
                            .as(form + " " + Arrays.toString(size) + " at " + i + ": " + found[i] + ", " + expected[i])
                            .isLessThanOrEqualTo((float) (inside * scale + 1.01 * rounding * Math.abs(expected[i])));
                }
            }
        }
    }

    /** More blocks than are on their way at once, some over, and columns over. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FLOAT32", "BFLOAT16"})
    void aRowHasItsBitsAloneAndInEveryForm(DType dtype) {
        CodesLinear codes = new CodesLinear(device, new Linear(device));
        for (QuantizedMatrix.Form form : FORMS) {
            int width = 1400;
            int outputs = 35;
            QuantizedCase c = draw(form, outputs, width, Backend.FEW_ROWS);
            float[] together = c.linear(cuda, dtype, 0, Backend.FEW_ROWS);
            for (int row : new int[] {0, 6, 15}) {
                float[] expected = Arrays.copyOfRange(together, row * outputs, (row + 1) * outputs);
                assertThat(c.linear(cuda, dtype, row, row + 1)).isEqualTo(expected);
                try (Scope scope = Scope.open(cuda)) {
                    float[] values = Arrays.copyOfRange(c.x(), row * width, (row + 1) * width);
                    Tensor x = unaligned(dtype, values, width);
                    Tensor out = scope.allocate(dtype, Shape.of(1, outputs));
                    codes.few(
                            Form.TALL_CODES,
                            x,
                            c.on(cuda),
                            Tensor.of(cuda, c.bias(), outputs).to(dtype),
                            out);
                    assertThat(out.toFloats()).isEqualTo(expected);
                }
            }
        }
    }

    private Tensor unaligned(DType dtype, float[] values, int width) {
        float[] behind = new float[1 + width];
        System.arraycopy(values, 0, behind, 1, width);
        return Tensor.of(cuda, behind, 1 + width).to(dtype).rows(1, 1 + width).reshape(1, width);
    }

    /** Rows of the identity bring the widened weights to light. */
    @Test
    void manyRowsMeetTheVeryValues() {
        for (QuantizedMatrix.Form form : FORMS) {
            QuantizedCase c = draw(form, 37, 100, 100);
            Arrays.fill(c.x(), 0);
            Arrays.fill(c.bias(), 0);
            for (int k = 0; k < c.columns(); k++) {
                c.x()[k * c.columns() + k] = 1;
            }
            assertThat(c.linear(cuda, DType.FLOAT32, 0, 100)).isEqualTo(c.linear(reference, DType.FLOAT32, 0, 100));
        }
    }

    /** Columns in another order than codes, as GPTQ has them. */
    @Test
    void columnsInTheirOrder() {
        QuantizedCase c = draw(new QuantizedMatrix.Form(4, 128), 20, 256, 3);
        int[] order = random.ints(0, 256).distinct().limit(256).toArray();
        assertThat(sorted(c, cuda, order))
                .usingComparatorWithPrecision(1e-5f)
                .containsExactly(sorted(c, reference, order));
    }

    private static float[] sorted(QuantizedCase c, Backend b, int[] order) {
        try (Scope scope = Scope.open(b)) {
            QuantizedMatrix w = c.on(b);
            Tensor columns = scope.allocate(DType.INT32, Shape.of(order.length));
            b.write(MemorySegment.ofArray(order), columns);
            QuantizedMatrix turned = new QuantizedMatrix(
                    w.form(),
                    w.rows(),
                    w.columns(),
                    w.codes(),
                    w.scales(),
                    w.zeros(),
                    w.factors(),
                    Optional.of(columns));
            return b.linear(Tensor.of(b, c.x(), 3, w.columns()), turned, null).toFloats();
        }
    }

    @Test
    void whatIsNoNumberShowsInItsRowAlone() {
        for (QuantizedMatrix.Form form : FORMS) {
            for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT16}) {
                QuantizedCase c = draw(form, 20, 100, 2);
                c.x()[70] = Float.POSITIVE_INFINITY;
                float[] out = c.linear(cuda, dtype, 0, 2);
                for (int i = 0; i < out.length; i++) {
                    assertThat(Float.isFinite(out[i])).as(form + " " + i).isEqualTo(i >= 20);
                }
            }
        }
    }
}
