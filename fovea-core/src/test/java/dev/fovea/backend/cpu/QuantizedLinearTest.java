package dev.fovea.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.QuantizedCase;
import dev.fovea.backend.cpu.codes.CodesCode;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.onednn.OneDnnGemm;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Backend.Projection;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

    private QuantizedCase draw(Form form, int rows, int columns, int count) {
        return QuantizedCase.draw(random, form, rows, columns, count);
    }

    /** Rounding x to 8 bits is the largest error; where many rows meet widened weights, that of these to bfloat16. */
    private static void compare(
            QuantizedCase c, float[] expected, float[] actual, DType dtype, int count, boolean inIntegers) {
        double share = dtype == DType.BFLOAT16 ? 0x1p-7 : dtype == DType.FLOAT16 ? 0x1p-10 : 1e-6;
        double inside = count > Backend.FEW_ROWS && (dtype == DType.FLOAT32 || !inIntegers)
                ? (dtype == DType.BFLOAT16 ? 0x1p-8 : 1e-5)
                : c.form().bits() == 4 ? 0.02 : 1e-4;
        double scale = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            scale = Math.max(scale, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(expected[i] - actual[i]) - share * Math.abs(expected[i]));
        }
        assertThat(error)
                .as(c.form() + " " + c.rows() + " x " + c.columns() + " " + dtype)
                .isLessThan(inside * scale);
    }

    @Test
    void asTheReference() {
        for (CpuBackend.GemmChoice gemm :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, gemm));
                    Backend reference = new ReferenceBackend()) {
                for (Form form : FORMS) {
                    for (int[] size : new int[][] {{1, 1}, {17, 32}, {70, 100}, {48, 256}, {33, 1000}, {477, 96}}) {
                        for (int count : new int[] {1, 5, 40}) {
                            QuantizedCase c = draw(form, size[0], size[1], count);
                            for (DType dtype : new DType[] {DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16}) {
                                compare(
                                        c,
                                        c.linear(reference, dtype, 0, count),
                                        c.linear(cpu, dtype, 0, count),
                                        dtype,
                                        count,
                                        gemm == CpuBackend.GemmChoice.AUTO && manyMeetCodes(form, dtype));
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
                QuantizedCase c = draw(form, 300, 2176, Backend.FEW_ROWS);
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

    /** Many rows of 16 bits too, wherever a pass is cut, where they meet the codes themselves. */
    @Test
    void aRowOfManyIsTheSameAloneAndOnAnyNumberOfThreads() {
        assumeTrue(CodesCode.here() != null && !hasAmx());
        try (Backend one = CpuBackend.create(new CpuBackend.Options(1, CpuBackend.GemmChoice.AUTO));
                Backend four = CpuBackend.create(new CpuBackend.Options(4, CpuBackend.GemmChoice.AUTO))) {
            for (Form form : FORMS) {
                QuantizedCase c = draw(form, 300, 2176, 43);
                for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT16}) {
                    if (!manyMeetCodes(form, dtype)) {
                        continue;
                    }
                    float[] together = c.linear(four, dtype, 0, 43);
                    for (int[] part : new int[][] {{0, 1}, {15, 16}, {42, 43}, {1, 22}, {22, 43}}) {
                        assertThat(c.linear(one, dtype, part[0], part[1]))
                                .as(form + " " + dtype + " rows " + Arrays.toString(part))
                                .isEqualTo(Arrays.copyOfRange(together, part[0] * 300, part[1] * 300));
                    }
                }
            }
        }
    }

    /** Of many rows of float32 weights are widened a part at a time: that which some threads leave behind gets no other sums. */
    @Test
    void widenedInAnyPartsTheyAreTheSame() {
        for (CpuBackend.GemmChoice choice :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            QuantizedCase narrow = draw(new Form(4, 32), 577, 128, 20);
            QuantizedCase wide = draw(new Form(8, 32), 530, 480, 20);
            for (QuantizedCase c : List.of(narrow, wide)) {
                try (Backend one = CpuBackend.create(new CpuBackend.Options(1, choice))) {
                    float[] expected = c.linear(one, DType.FLOAT32, 0, 20);
                    for (int threads = 2; threads <= 4; threads++) {
                        try (Backend more = CpuBackend.create(new CpuBackend.Options(threads, choice))) {
                            assertThat(c.linear(more, DType.FLOAT32, 0, 20)).isEqualTo(expected);
                        }
                    }
                }
            }
        }
    }

    /** So long that the rows meet the codes block by block: 130 take two of codes of 4 bits, three of 8. */
    @Test
    void longRowsAreTheSameInAnyBlock() {
        assumeTrue(CodesCode.here() != null && !hasAmx());
        try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO))) {
            for (Form form : List.of(new Form(8, 32), new Form(4, 32))) {
                QuantizedCase c = draw(form, 20, 32768, 130);
                float[] together = c.linear(cpu, DType.FLOAT16, 0, 130);
                for (int row : new int[] {0, 47, 48, 79, 80, 129}) {
                    assertThat(c.linear(cpu, DType.FLOAT16, row, row + 1))
                            .as(form + " row " + row)
                            .isEqualTo(Arrays.copyOfRange(together, row * 20, (row + 1) * 20));
                }
            }
        }
    }

    /** Whether rows of any number are rounded to integers: as far as no product of 16 bits is faster. */
    private static boolean manyMeetCodes(Form form, DType dtype) {
        boolean widened = form.bits() == 8 && dtype == DType.BFLOAT16 && Isa.AVX512_BF16.isPresent();
        return CodesCode.here() != null && dtype != DType.FLOAT32 && !hasAmx() && !widened;
    }

    private static boolean hasAmx() {
        try (Workers workers = new Workers(1);
                OneDnnGemm gemm = OneDnn.LIBRARY.isPresent() ? new OneDnnGemm(workers) : null) {
            return gemm != null && gemm.has(Isa.AMX);
        }
    }

    /** Forms that round x alike and not, some of small weights, and a dense one between them. */
    @Test
    void severalWeightsGetWhatEachGetsAlone() {
        for (CpuBackend.GemmChoice gemm :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            try (Backend cpu = CpuBackend.create(new CpuBackend.Options(3, gemm));
                    Scope _ = Scope.open(cpu)) {
                for (int count : new int[] {1, 5, Backend.FEW_ROWS, 40}) {
                    Tensor x =
                            Tensor.of(cpu, draw(FORMS.getFirst(), 1, 640, count).x(), count, 640);
                    List<Projection> projections = new ArrayList<>();
                    for (int rows : new int[] {477, 16, 70}) {
                        for (Form form : FORMS) {
                            QuantizedCase c = draw(form, rows, 640, 1);
                            Tensor bias = projections.size() % 2 == 0 ? null : Tensor.of(cpu, c.bias(), rows);
                            projections.add(new Projection(c.on(cpu), bias));
                        }
                        projections.add(new Projection(
                                Tensor.of(cpu, draw(FORMS.getFirst(), 1, 640, 9).x(), 9, 640), null));
                    }
                    List<Tensor> together = cpu.linear(x, projections);
                    for (int i = 0; i < projections.size(); i++) {
                        Projection p = projections.get(i);
                        assertThat(together.get(i).toFloats())
                                .as(i + " of " + count + " rows")
                                .isEqualTo(cpu.linear(x, p.weight(), p.bias()).toFloats());
                    }
                }
            }
        }
    }

    /** Of every pair of forms, in one piece and in several. */
    @Test
    void twoWeightsAreGatedAsOneByOne() {
        for (CpuBackend.GemmChoice gemm :
                new CpuBackend.GemmChoice[] {CpuBackend.GemmChoice.AUTO, CpuBackend.GemmChoice.JAVA}) {
            try (Backend cpu = CpuBackend.create(new CpuBackend.Options(3, gemm));
                    Scope _ = Scope.open(cpu)) {
                for (Form one : FORMS) {
                    for (Form other : FORMS) {
                        int count = other.equals(one) ? 5 : 1;
                        int rows = other.equals(one) ? 1477 : 70;
                        QuantizedCase gate = draw(one, rows, 640, count);
                        QuantizedCase up = draw(other, rows, 640, count);
                        Tensor x = Tensor.of(cpu, gate.x(), count, 640).to(DType.BFLOAT16);
                        Tensor bias = Tensor.of(cpu, gate.bias(), rows).to(DType.BFLOAT16);
                        Tensor together = cpu.gatedLinear(
                                x,
                                new Projection(gate.on(cpu), bias),
                                new Projection(up.on(cpu), null),
                                Activation.SILU);
                        Tensor apart = cpu.gated(
                                cpu.linear(x, gate.on(cpu), bias), cpu.linear(x, up.on(cpu), null), Activation.SILU);
                        assertThat(together.toFloats())
                                .as(one + " and " + other)
                                .isEqualTo(apart.toFloats());
                    }
                }
            }
        }
    }

    @Test
    void machineCodeGivesTheVectorsBitsForFourBits() {
        assumeTrue(CodesCode.here() != null, "a processor with the instructions");
        try (Backend code = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO));
                Backend vectors = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.JAVA))) {
            for (Form form : List.of(new Form(4, 32), new Form(4, 128))) {
                for (int[] size : new int[][] {{70, 384}, {477, 128}
                }) { // the second's last piece has six tiles, four side by side
                    for (int rows : new int[] {1, 2, 3, 4, 5, 7, 9}) {
                        QuantizedCase c = draw(form, size[0], size[1], rows);
                        float[] byCode = c.linear(code, DType.FLOAT32, 0, rows);
                        assertThat(byCode).isEqualTo(c.linear(vectors, DType.FLOAT32, 0, rows));
                    }
                }
            }
        }
    }

    /**
     * Rows of the identity bring the weights to light, through blocks of rows and of outputs. Where they are rounded to integers, a value
     * has three more roundings of float32, and what lies that near to the middle of two bfloat16 may become either.
     */
    @Test
    void manyRowsMeetTheNearestBfloat16() {
        try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO));
                Backend reference = new ReferenceBackend();
                Scope _ = Scope.open(reference)) {
            for (Form form : FORMS) {
                for (int[] size : new int[][] {{300, 128}, {70, 640}}) {
                    QuantizedCase c = draw(form, size[0], size[1], size[1]);
                    Arrays.fill(c.x(), 0);
                    Arrays.fill(c.bias(), 0);
                    for (int k = 0; k < c.columns(); k++) {
                        c.x()[k * c.columns() + k] = 1;
                    }
                    float[] out = c.linear(cpu, DType.BFLOAT16, 0, c.columns());
                    QuantizedMatrix w = c.on(reference);
                    float[] row = new float[c.columns()];
                    for (int n = 0; n < c.rows(); n++) {
                        w.row(n, row);
                        for (int k = 0; k < c.columns(); k++) {
                            boolean rounded = form.bits() == 8 && manyMeetCodes(form, DType.BFLOAT16);
                            float aside = rounded ? 0x1p-22f * Math.abs(row[k]) : 0;
                            assertThat(out[k * c.rows() + n])
                                    .as(form + " row " + n + " column " + k)
                                    .isBetween(nearest(row[k] - aside), nearest(row[k] + aside));
                        }
                    }
                }
            }
        }
    }

    private static float nearest(float value) {
        return DType.bfloat16ToFloat(DType.floatToBfloat16(value));
    }

    @Test
    void whatIsNoNumberShows() {
        try (Backend cpu = CpuBackend.create(new CpuBackend.Options(2, CpuBackend.GemmChoice.AUTO))) {
            for (Form form : FORMS) {
                for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                    QuantizedCase c = draw(form, 20, 100, 2);
                    c.x()[70] = odd;
                    float[] out = c.linear(cpu, DType.FLOAT32, 0, 2);
                    for (int i = 0; i < out.length; i++) {
                        assertThat(Float.isFinite(out[i])).as(form + " " + i).isEqualTo(i >= 20);
                    }
                }
            }
        }
    }
}
