package dev.fovea.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.backend.split.SplitBackend;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Backend.Projection;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A weight in 12 bits gives the bits that it gives in bfloat16: any number of rows, by every operation that multiplies. */
class LosslessLinearTest {
    private final SplittableRandom random = new SplittableRandom(12);

    static Stream<Backend> backends() {
        return Stream.of(
                new ReferenceBackend(),
                cpu(1, CpuBackend.GemmChoice.AUTO),
                cpu(3, CpuBackend.GemmChoice.AUTO),
                cpu(2, CpuBackend.GemmChoice.JAVA),
                split());
    }

    private static Backend cpu(int threads, CpuBackend.GemmChoice gemm) {
        return CpuBackend.create(new CpuBackend.Options(threads, gemm));
    }

    private static Backend split() {
        Backend home = cpu(2, CpuBackend.GemmChoice.AUTO);
        return new SplitBackend(List.of(home, new ReferenceBackend()), _ -> home);
    }

    @ParameterizedTest
    @MethodSource("backends")
    void asTheDenseWeight(Backend backend) {
        int[][] sizes = backend instanceof ReferenceBackend
                ? new int[][] {{5, 64}, {33, 192}}
                : new int[][] {{1, 64}, {37, 192}, {519, 128}, {1027, 320}, {30, 1216}};
        try (backend;
                Scope _ = Scope.open(backend)) {
            for (int[] size : sizes) {
                LosslessCase c = LosslessCase.draw(random, size[0], size[1]);
                for (int count = 0; count <= 40; count += count < 8 || count == 16 ? 1 : 4) {
                    for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
                        Tensor x = normal(backend, count, size[1]).to(dtype);
                        Tensor bias = count % 2 == 0
                                ? null
                                : normal(backend, 1, size[0]).reshape(size[0]).to(dtype);
                        float[] expected =
                                backend.linear(x, c.dense(backend), bias).toFloats();
                        float[] found =
                                backend.linear(x, c.packed(backend), bias).toFloats();
                        assertThat(Arrays.mismatch(found, expected))
                                .as(count + " rows of " + dtype + " with " + size[0] + " x " + size[1])
                                .isEqualTo(-1);
                    }
                }
            }
        }
    }

    /** More rows than kernels take in one pass. */
    @Test
    void manyRows() {
        try (Backend backend = cpu(2, CpuBackend.GemmChoice.AUTO);
                Scope _ = Scope.open(backend)) {
            LosslessCase c = LosslessCase.draw(random, 301, 640);
            for (int count : new int[] {128, 129, 300}) {
                for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
                    Tensor x = normal(backend, count, 640).to(dtype);
                    float[] expected = backend.linear(x, c.dense(backend), null).toFloats();
                    float[] found = backend.linear(x, c.packed(backend), null).toFloats();
                    assertThat(Arrays.mismatch(found, expected))
                            .as(count + " rows of " + dtype)
                            .isEqualTo(-1);
                }
            }
        }
    }

    /** The last outputs of a weight are summed as the others are: in pairs, to which denormals are zeros, or not. */
    @Test
    void anOutputHasTheSameBitsWhereverItLies() {
        try (Backend backend = cpu(2, CpuBackend.GemmChoice.AUTO);
                Scope _ = Scope.open(backend)) {
            short[] bits = new short[8 * 64];
            for (int i = 0; i < bits.length; i++) {
                bits[i] = (short) (random.nextInt(0x100) | random.nextInt(2) << 15);
            }
            for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
                Tensor x = normal(backend, 1, 64).to(dtype);
                Tensor whole = new LosslessCase(8, 64, bits).dense(backend);
                float[] expected = backend.linear(x, whole, null).toFloats();
                for (int rows = 1; rows < 8; rows++) {
                    LosslessCase some = new LosslessCase(rows, 64, Arrays.copyOf(bits, rows * 64));
                    float[] first = Arrays.copyOf(expected, rows);
                    assertThat(backend.linear(x, some.dense(backend), null).toFloats())
                            .isEqualTo(first);
                    assertThat(backend.linear(x, some.packed(backend), null).toFloats())
                            .isEqualTo(first);
                }
            }
        }
    }

    /** Beside dense weights and others of its kind, and gated. */
    @ParameterizedTest
    @MethodSource("backends")
    void severalAtOnce(Backend backend) {
        try (backend;
                Scope _ = Scope.open(backend)) {
            List<LosslessCase> cases = List.of(
                    LosslessCase.draw(random, 70, 128),
                    LosslessCase.draw(random, 70, 128),
                    LosslessCase.draw(random, 21, 128));
            for (int count : new int[] {1, 2, 7, 16, 20}) {
                for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
                    Tensor x = normal(backend, count, 128).to(dtype);
                    List<Projection> dense = projections(cases, c -> c.dense(backend));
                    List<Projection> packed = projections(cases, c -> c.packed(backend));
                    List<Projection> mixed = List.of(packed.get(0), dense.get(1), packed.get(2));
                    List<float[]> expected = floats(backend.linear(x, dense));
                    assertSame(floats(backend.linear(x, packed)), expected);
                    assertSame(floats(backend.linear(x, mixed)), expected);
                    float[] gated = backend.gatedLinear(x, dense.get(0), dense.get(1), Activation.SILU)
                            .toFloats();
                    assertThat(backend.gatedLinear(x, packed.get(0), packed.get(1), Activation.SILU)
                                    .toFloats())
                            .isEqualTo(gated);
                    assertThat(backend.gatedLinear(x, packed.get(0), dense.get(1), Activation.SILU)
                                    .toFloats())
                            .isEqualTo(gated);
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Backend backend = new ReferenceBackend();
                Scope _ = Scope.open(backend)) {
            LosslessMatrix w = LosslessCase.draw(random, 3, 64).packed(backend);
            assertThatThrownBy(() -> backend.linear(normal(backend, 1, 128), w, null))
                    .hasMessageContaining("x is (T, K), w is (N, K)")
                    .hasMessageContaining("bfloat16[3, 64] in 12 bits");
            Tensor half = normal(backend, 1, 64).to(DType.FLOAT16);
            assertThatThrownBy(() -> backend.linear(half, w, null)).isInstanceOf(IllegalArgumentException.class);
            Tensor none = w.raw().rows(0, 0);
            assertThatThrownBy(() -> new LosslessMatrix(3, 64, w.codes(), w.bases(), none))
                    .hasMessageContaining("parts of a (3, 64) matrix");
            assertThatThrownBy(() -> new LosslessMatrix(3, 65, w.codes(), w.bases(), w.raw()))
                    .hasMessageContaining("parts of a (3, 65) matrix");
        }
    }

    private Tensor normal(Backend backend, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(backend, values, rows, columns);
    }

    private interface Form {
        Matrix of(LosslessCase c);
    }

    private static List<Projection> projections(List<LosslessCase> cases, Form form) {
        return cases.stream().map(c -> new Projection(form.of(c), null)).toList();
    }

    private static List<float[]> floats(List<Tensor> tensors) {
        List<float[]> floats = new ArrayList<>();
        tensors.forEach(t -> floats.add(t.toFloats()));
        return floats;
    }

    private static void assertSame(List<float[]> found, List<float[]> expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).isEqualTo(expected.get(i));
        }
    }
}
