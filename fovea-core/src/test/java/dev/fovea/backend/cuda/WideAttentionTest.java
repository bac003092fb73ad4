package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Channels that attend to each other: near the reference, and a query's bits are its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WideAttentionTest {
    private final CountingDevice device = new CountingDevice(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
    private final Backend backend = new CudaBackend(device);
    private final SplittableRandom random = new SplittableRandom(11);

    @AfterAll
    void close() {
        backend.close();
    }

    /** Slices that are whole and cut off, rows that begin anywhere, fewer queries and keys than there is room for. */
    @ParameterizedTest
    @CsvSource({"32, 32, 2, 1100, BFLOAT16", "20, 9, 3, 515, FLOAT16", "17, 32, 1, 264, BFLOAT16"})
    void asTheReference(int queries, int keys, int heads, int width, DType dtype) {
        float[] q = normal(queries * heads * width);
        float[] k = normal(keys * heads * width);
        float[] v = normal(keys * heads * width);
        float scale = (float) (1 / Math.sqrt(width));
        Mask mask = Mask.full(queries, keys);
        float[] expected;
        try (Backend reference = new ReferenceBackend()) {
            expected = attend(reference, q, k, v, queries, keys, width, dtype, mask, scale);
        }
        device.kernels.clear();
        float[] found = attend(backend, q, k, v, queries, keys, width, dtype, mask, scale);
        assertThat(device.kernels)
                .containsKeys("wide_scores", "wide_weights", "wide_values")
                .doesNotContainKey("attend");
        float rounding = dtype == DType.BFLOAT16 ? 0x1p-7f : 0x1p-10f;
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs(found[i] - expected[i])).isLessThanOrEqualTo(1e-5f + rounding * Math.abs(expected[i]));
        }
        int one = heads * width;
        float[] last = Arrays.copyOfRange(q, (queries - 1) * one, queries * one);
        float[] seventeen = new float[17 * one];
        System.arraycopy(last, 0, seventeen, 5 * one, one);
        assertThat(Arrays.copyOfRange(
                        attend(backend, seventeen, k, v, 17, keys, width, dtype, Mask.full(17, keys), scale),
                        5 * one,
                        6 * one))
                .isEqualTo(Arrays.copyOfRange(found, (queries - 1) * one, queries * one));
    }

    private static float[] attend(
            Backend b,
            float[] q,
            float[] k,
            float[] v,
            int queries,
            int keys,
            int width,
            DType dtype,
            Mask mask,
            float s) {
        try (Scope _ = Scope.open(b)) {
            return b.attention(
                            Tensor.of(b, q, queries, q.length / queries / width, width)
                                    .to(dtype),
                            Tensor.of(b, k, keys, k.length / keys / width, width)
                                    .to(dtype),
                            Tensor.of(b, v, keys, v.length / keys / width, width)
                                    .to(dtype),
                            mask,
                            s)
                    .toFloats();
        }
    }

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
