package dev.fovea.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.codes.CodesCode;
import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Products with quantised weights against the reference: few rows and many, all dtypes, in vectors and in plain loops. */
class QuantizedLinearTest {
    private static final List<Form> FORMS = List.of(new Form(8, 32), new Form(4, 32), new Form(4, 128));

    private final SplittableRandom random = new SplittableRandom(16);
    private final long usual = Warmup.limit(0);

    @AfterEach
    void restore() {
        Warmup.limit(usual);
    }

    /** A weight and x as bytes, for any backend. */
    private record Case(Form form, int rows, int columns, byte[][] parts, float[] x, float[] bias) {
        QuantizedMatrix on(Backend b) {
            Shape scales = form.scales(rows, columns);
            Shape padded = Shape.of(QuantizedMatrix.tiles(rows) * QuantizedMatrix.TILE);
            return new QuantizedMatrix(
                    form,
                    rows,
                    columns,
                    tensor(b, DType.UINT8, form.codes(rows, columns), parts[0]),
                    tensor(b, parts[1].length == 4 * scales.size() ? DType.FLOAT32 : DType.UINT8, scales, parts[1]),
                    form.bits() == 4 ? Optional.of(tensor(b, DType.UINT8, scales, parts[2])) : Optional.empty(),
                    tensor(b, DType.FLOAT32, padded, parts[3]),
                    Optional.empty());
        }

        private static Tensor tensor(Backend b, DType dtype, Shape shape, byte[] bytes) {
            Tensor t = Scope.current(b).allocate(dtype, shape);
            b.write(MemorySegment.ofArray(bytes), t);
            return t;
        }

        float[] linear(Backend b, DType dtype, int from, int to) {
            try (Scope _ = Scope.open(b)) {
                float[] some = Arrays.copyOfRange(x, from * columns, to * columns);
                Tensor input = Tensor.of(b, some, to - from, columns).to(dtype);
                return b.linear(input, on(b), Tensor.of(b, bias, rows).to(dtype))
                        .toFloats();
            }
        }
    }

    private Case draw(Form form, int rows, int columns, int count) {
        int codes = (int) form.codes(rows, columns).size();
        int scales = (int) form.scales(rows, columns).size();
        byte[][] parts = {new byte[codes], new byte[scales], new byte[scales], {}};
        random.nextBytes(parts[0]);
        random.nextBytes(parts[1]);
        for (int i = 0; i < scales; i++) {
            parts[2][i] = (byte) random.nextInt(121);
        }
        if (form.group() == 128) {
            parts[1] = floats(scales);
        }
        parts[3] = floats(QuantizedMatrix.tiles(rows) * QuantizedMatrix.TILE);
        float[] x = new float[count * columns];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (random.nextGaussian() * Math.scalb(1.0, i / 32 % 5));
        }
        float[] bias = new float[rows];
        for (int i = 0; i < rows; i++) {
            bias[i] = (float) random.nextGaussian();
        }
        return new Case(form, rows, columns, parts, x, bias);
    }

    private byte[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(1e-4, 1e-3);
        }
        return MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Rounding x to 8 bits is the largest error, beside weights to bfloat16 where there are many rows. */
    private static void compare(Case c, float[] expected, float[] actual, DType dtype, int count) {
        double share = dtype == DType.BFLOAT16 ? 0x1p-7 : dtype == DType.FLOAT16 ? 0x1p-10 : 1e-6;
        double inside =
                count > Backend.FEW_ROWS ? (dtype == DType.BFLOAT16 ? 0x1p-8 : 1e-5) : c.form.bits() == 4 ? 0.02 : 1e-4;
        double scale = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            scale = Math.max(scale, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(expected[i] - actual[i]) - share * Math.abs(expected[i]));
        }
        assertThat(error)
                .as(c.form + " " + c.rows + " x " + c.columns + " " + dtype)
                .isLessThan(inside * scale);
    }

    @Test
    void asTheReference() {
        for (CpuBackend.GemmChoice gemm :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, gemm));
                    Backend reference = new ReferenceBackend()) {
                for (Form form : FORMS) {
                    for (int[] size : new int[][] {{1, 1}, {17, 32}, {70, 100}, {48, 256}, {33, 1000}}) {
                        for (int count : new int[] {1, 5, 40}) {
                            Case c = draw(form, size[0], size[1], count);
                            for (DType dtype : new DType[] {DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16}) {
                                compare(
                                        c,
                                        c.linear(reference, dtype, 0, count),
                                        c.linear(cpu, dtype, 0, count),
                                        dtype,
                                        count);
                            }
                        }
                    }
                }
            }
        }
    }

    @Test
    void aRowIsTheSameAloneAndInPlainLoopsAndOnAnyNumberOfThreads() {
        aRowIsTheSame(CpuBackend.GemmChoice.JAVA);
        aRowIsTheSame(CpuBackend.GemmChoice.AUTO);
    }

    private void aRowIsTheSame(CpuBackend.GemmChoice choice) {
        try (Backend one = CpuBackend.create(new CpuBackend.Options(1, choice));
                Backend four = CpuBackend.create(new CpuBackend.Options(4, choice))) {
            for (Form form : FORMS) {
                Case c = draw(form, 300, 2176, Backend.FEW_ROWS);
                float[] together = c.linear(four, DType.FLOAT32, 0, Backend.FEW_ROWS);
                for (int row : new int[] {0, 7, 15}) {
                    float[] expected = Arrays.copyOfRange(together, row * 300, (row + 1) * 300);
                    assertThat(c.linear(one, DType.FLOAT32, row, row + 1)).isEqualTo(expected);
                    Warmup.limit(Long.MAX_VALUE);
                    assertThat(c.linear(one, DType.FLOAT32, row, row + 1)).isEqualTo(expected);
                    Warmup.limit(0);
                }
            }
        }
    }

    @Test
    void machineCodeGivesTheVectorsBitsForFourBits() {
        if (CodesCode.here() == null) {
            return; // a processor without the instructions
        }
        try (Backend code = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO));
                Backend vectors = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.JAVA))) {
            for (Form form : List.of(new Form(4, 32), new Form(4, 128))) {
                for (int rows : new int[] {1, 2, 3, 4, 9}) {
                    Case c = draw(form, 70, 384, rows);
                    float[] byCode = c.linear(code, DType.FLOAT32, 0, rows);
                    assertThat(byCode).isEqualTo(c.linear(vectors, DType.FLOAT32, 0, rows));
                }
            }
        }
    }

    /** Rows of the identity bring the widened weights to light, through blocks of rows and of outputs. */
    @Test
    void manyRowsMeetTheNearestBfloat16() {
        try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO));
                Backend reference = new ReferenceBackend();
                Scope _ = Scope.open(reference)) {
            for (Form form : FORMS) {
                for (int[] size : new int[][] {{300, 128}, {70, 640}}) {
                    Case c = draw(form, size[0], size[1], size[1]);
                    Arrays.fill(c.x, 0);
                    Arrays.fill(c.bias, 0);
                    for (int k = 0; k < c.columns; k++) {
                        c.x[k * c.columns + k] = 1;
                    }
                    float[] out = c.linear(cpu, DType.BFLOAT16, 0, c.columns);
                    QuantizedMatrix w = c.on(reference);
                    float[] row = new float[c.columns];
                    for (int n = 0; n < c.rows; n++) {
                        w.row(n, row);
                        for (int k = 0; k < c.columns; k++) {
                            float expected = DType.bfloat16ToFloat(DType.floatToBfloat16(row[k]));
                            assertThat(out[k * c.rows + n])
                                    .as(form + " row " + n + " column " + k)
                                    .isEqualTo(expected);
                        }
                    }
                }
            }
        }
    }

    @Test
    void whatIsNoNumberShows() {
        try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO))) {
            for (Form form : FORMS) {
                for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                    Case c = draw(form, 20, 100, 2);
                    c.x[70] = odd;
                    float[] out = c.linear(cpu, DType.FLOAT32, 0, 2);
                    for (int i = 0; i < out.length; i++) {
                        assertThat(Float.isFinite(out[i])).as(form + " " + i).isEqualTo(i >= 20);
                    }
                }
            }
        }
    }
}
