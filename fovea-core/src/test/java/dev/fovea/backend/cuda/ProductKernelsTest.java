package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the contract does not ask of products and attention, and kernels keep all the same: bits that depend neither on
 * alignment nor on the kernel that the number of rows leads to.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProductKernelsTest {
    private static final int SHIFT = 3; // elements off every alignment

    private final Device device = new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30);
    private final Linear linear = new Linear(device);
    private final Backend backend = new CudaBackend(device);
    private final SplittableRandom random = new SplittableRandom(5);

    @AfterAll
    void close() {
        backend.close();
    }

    /** Each form at a width that fills its loads more than once and leaves some over; there is a form for one row alone. */
    @ParameterizedTest
    @EnumSource(names = {"TALL", "LONG", "SMALL"})
    void aRowOfFewHasItsBitsInEveryForm(Form ofOne) {
        Form form = ofOne == Form.SMALL ? Form.TALL : ofOne;
        int rows = 3;
        int outputs = 3;
        int width = ofOne != Form.LONG ? 8 * 32 * 9 + 24 : 8 * 256 * 5 + 24;
        float[] x = normal(rows * width);
        float[] w = normal(outputs * width);
        for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
            float[] together =
                    inScope(() -> few(form, tensor(dtype, x, rows, width), tensor(dtype, w, outputs, width)));
            float[] shifted =
                    inScope(() -> few(form, shifted(dtype, x, rows, width), shifted(dtype, w, outputs, width)));
            float[] last = inScope(
                    () -> few(ofOne, tensor(dtype, x, rows, width).rows(2, 3), tensor(dtype, w, outputs, width)));
            assertThat(shifted).isEqualTo(together);
            assertThat(last).isEqualTo(Arrays.copyOfRange(together, 2 * outputs, 3 * outputs));
            float[] expected = reference(dtype, x, w, rows, outputs, width);
            for (int i = 0; i < expected.length; i++) {
                assertThat(together[i]).isCloseTo(expected[i], Offset.offset(dtype == DType.FLOAT32 ? 1e-3f : 1f));
            }
        }
    }

    private Tensor few(Form form, Tensor x, Tensor w) {
        Tensor out = Scope.current(backend).allocate(x.dtype(), Shape.of(x.dim(0), w.dim(0)));
        linear.few(form, x, w, null, out);
        return out;
    }

    private static float[] reference(DType dtype, float[] x, float[] w, int rows, int outputs, int width) {
        try (Backend reference = new ReferenceBackend();
                Scope _ = Scope.open(reference)) {
            return reference
                    .linear(
                            Tensor.of(reference, x, rows, width).to(dtype).to(DType.FLOAT32),
                            Tensor.of(reference, w, outputs, width).to(dtype).to(DType.FLOAT32),
                            null)
                    .toFloats();
        }
    }

    /** 130 rows and 520 outputs take large blocks, a corner of them small ones. */
    @Test
    void tensorCoresSumInOneOrder() {
        int rows = 130;
        int outputs = 520;
        int width = 72;
        float[] x = normal(rows * width);
        float[] w = normal(outputs * width);
        DType dtype = DType.FLOAT16;
        float[] large =
                inScope(() -> backend.linear(tensor(dtype, x, rows, width), tensor(dtype, w, outputs, width), null)
                        .slice(0, 0, 20)
                        .slice(1, 0, 30));
        float[] small = inScope(() -> backend.linear(
                tensor(dtype, x, rows, width).rows(0, 20),
                tensor(dtype, w, outputs, width).rows(0, 30),
                null));
        float[] apart = inScope(() -> backend.linear(
                shifted(dtype, x, rows, width).rows(0, 20),
                shifted(dtype, w, outputs, width).rows(0, 30),
                null));
        assertThat(small).isEqualTo(large);
        assertThat(apart).isEqualTo(large);
    }

    /** Five queries of two sequences whose keys fill three chunks, at once and one by one. */
    @Test
    void aQueryOfFewIsAloneWithItsKeys() {
        int queries = 5;
        int keys = 530;
        int width = 12;
        float[] q = normal(queries * 4 * width);
        float[] k = normal(keys * 2 * width);
        float[] v = normal(keys * 2 * width);
        int[][] rows = new int[2][keys];
        Arrays.setAll(rows[0], i -> keys - 1 - i);
        Arrays.setAll(rows[1], i -> random.nextInt(keys));
        int[] sequence = {0, 1, 1, 0, 1};
        int[] from = {0, 300, 40, 512, 7};
        int[] to = {530, 301, 257, 520, 512};
        Mask all = new Mask(sequence, from, to, rows);
        DType dtype = DType.BFLOAT16;
        float[] together = inScope(() -> backend.attention(
                tensor(dtype, q, queries, 4, width),
                tensor(dtype, k, keys, 2, width),
                tensor(dtype, v, keys, 2, width),
                all,
                0.2f));
        for (int i = 0; i < queries; i++) {
            int t = i;
            Mask one = new Mask(new int[] {sequence[t]}, new int[] {from[t]}, new int[] {to[t]}, rows);
            float[] alone = inScope(() -> backend.attention(
                    tensor(dtype, q, queries, 4, width).rows(t, t + 1),
                    shifted(dtype, k, keys, 2, width),
                    shifted(dtype, v, keys, 2, width),
                    one,
                    0.2f));
            int size = 4 * width;
            assertThat(alone).isEqualTo(Arrays.copyOfRange(together, t * size, (t + 1) * size));
        }
    }

    /** What queries of a block see begins and ends in the middle of tiles, and its keys lie anywhere. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
    void aQueryOfManyIsAloneWithItsKeys(DType dtype) {
        int queries = 24;
        int keys = 300;
        int width = 20;
        float[] q = normal(queries * width);
        float[] k = normal(keys * width);
        float[] v = normal(keys * width);
        int[] from = new int[queries];
        int[] to = new int[queries];
        Arrays.setAll(from, i -> 8 * i);
        Arrays.setAll(to, i -> 101 + 8 * i);
        int[][] rows = {new int[keys]};
        Arrays.setAll(rows[0], i -> i * 7 % keys);
        Mask mask = new Mask(new int[queries], from, to, rows);
        float[] dense = inScope(() -> backend.attention(
                tensor(dtype, q, queries, 1, width),
                tensor(dtype, k, keys, 1, width),
                tensor(dtype, v, keys, 1, width),
                mask,
                0.2f));
        float[] rest = inScope(() -> backend.attention(
                shifted(dtype, q, queries, 1, width).rows(7, 24),
                shifted(dtype, k, keys, 1, width),
                shifted(dtype, v, keys, 1, width),
                new Mask(new int[17], Arrays.copyOfRange(from, 7, 24), Arrays.copyOfRange(to, 7, 24), rows),
                0.2f));
        assertThat(rest).isEqualTo(Arrays.copyOfRange(dense, 7 * width, 24 * width));
    }

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private float[] inScope(Supplier<Tensor> computation) {
        try (Scope _ = Scope.open(backend)) {
            return computation.get().toFloats();
        }
    }

    private Tensor tensor(DType dtype, float[] values, int... dims) {
        return Tensor.of(backend, values, dims).to(dtype);
    }

    private Tensor shifted(DType dtype, float[] values, int... dims) {
        float[] behind = new float[SHIFT + values.length];
        System.arraycopy(values, 0, behind, SHIFT, values.length);
        return tensor(dtype, behind, behind.length).rows(SHIFT, behind.length).reshape(dims);
    }
}
