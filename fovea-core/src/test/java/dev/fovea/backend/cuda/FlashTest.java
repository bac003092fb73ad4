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
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention by tensor cores in blocks of both sizes, which give the same bits. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlashTest {
    private static final int QUERIES = 135;
    private static final int KEYS = 210;

    private final Device device = new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30);
    private final Backend backend = new CudaBackend(device);
    private final StagedTables tables = new StagedTables(device);
    private final Flash flash = new Flash(device);
    private final SplittableRandom random = new SplittableRandom(8);

    @AfterAll
    void close() {
        backend.close();
    }

    /** Widths that fill a kernel's room, and one that does not; some tiles are seen whole, some in part, some by nobody of a warp. */
    @ParameterizedTest
    @CsvSource({
        "20, BFLOAT16",
        "64, FLOAT16",
        "72, BFLOAT16",
        "80, BFLOAT16",
        "96, FLOAT16",
        "128, BFLOAT16",
        "256, BFLOAT16"
    })
    void blocksOfBothSizesHaveTheSameBits(int width, DType dtype) {
        float[] q = normal(QUERIES * width);
        float[] k = normal(KEYS * width);
        float[] v = normal(KEYS * width);
        int[] from = new int[QUERIES];
        int[] to = new int[QUERIES];
        Arrays.setAll(from, i -> i < 70 ? 0 : i - 60);
        Arrays.setAll(to, i -> i < 70 ? 140 : i + 70);
        int[][] rows = {new int[KEYS]};
        Arrays.setAll(rows[0], i -> i * 11 % KEYS);
        Mask mask = new Mask(new int[QUERIES], from, to, rows);
        float[] large = attend(dtype, q, k, v, width, mask, Flash.LARGE);
        assertThat(attend(dtype, q, k, v, width, mask, Flash.SMALL)).isEqualTo(large);
        float[] expected;
        try (Backend reference = new ReferenceBackend();
                Scope _ = Scope.open(reference)) {
            expected = reference
                    .attention(
                            rounded(reference, dtype, q, QUERIES, width),
                            rounded(reference, dtype, k, KEYS, width),
                            rounded(reference, dtype, v, KEYS, width),
                            mask,
                            0.15f)
                    .toFloats();
        }
        for (int i = 0; i < expected.length; i++) {
            double half = Math.abs(expected[i]) * (dtype == DType.FLOAT16 ? 0x1p-11 : 0x1p-8) + 1e-4;
            assertThat(large[i]).isCloseTo(expected[i], Offset.offset((float) half));
        }
    }

    @Test
    void largeBlocksAreForManyQueriesThatSeeTheSame() {
        assertThat(large(Mask.full(4096, 4096), 16)).isTrue();
        assertThat(large(Mask.full(257, 257), 16)).isFalse();
        int[] windows = new int[81];
        Arrays.setAll(windows, i -> 64 * i);
        assertThat(large(Mask.segments(windows), 16)).isFalse();
    }

    private static boolean large(Mask mask, int heads) {
        return Flash.large(MaskTable.withSpans(mask, Flash.LARGE), mask.queries(), heads);
    }

    private float[] attend(DType dtype, float[] q, float[] k, float[] v, int width, Mask mask, int most) {
        try (Scope scope = Scope.open(backend)) {
            Tensor queries = Tensor.of(backend, q, QUERIES, 1, width).to(dtype);
            Tensor keys = Tensor.of(backend, k, KEYS, 1, width).to(dtype);
            Tensor values = Tensor.of(backend, v, KEYS, 1, width).to(dtype);
            Tensor out = scope.allocate(dtype, queries.shape());
            MaskTable table = MaskTable.withSpans(mask, most);
            long address = tables.address(table.values());
            flash.attend(new Attention.Call(queries, keys, values, table, address, 0.15f, out), most);
            return out.toFloats();
        }
    }

    private static Tensor rounded(Backend reference, DType dtype, float[] x, int rows, int width) {
        return Tensor.of(reference, x, rows, 1, width).to(dtype).to(DType.FLOAT32);
    }

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
