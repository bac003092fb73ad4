package dev.fovea.backend.cpu.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cpu.CpuBackend.GemmChoice;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.CodeGemm;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Machine code attends alone where there is no AMX: to what no kernel of spans takes, too, with what Java's attention gets. */
class AttentionWithoutLibraryTest {
    @ParameterizedTest
    @CsvSource({
        // queries, keys, query heads, key heads, width
        "32, 32, 2, 2, 5000", // channels of a picture
        "5, 3, 4, 2, 1031",
        "1, 40, 3, 3, 300",
        "3, 700, 4, 4, 257",
        "40, 40, 2, 2, 7", // narrower than a vector
        "6, 300, 32, 1, 64", // heads that share one
        "30, 9, 2, 2, 64", // few keys
    })
    void asksForNoLibrary(int queries, int keys, int heads, int groups, int width) {
        for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16}) {
            Random random = new Random(queries);
            try (CpuBackend java = CpuBackend.create(new CpuBackend.Options(2, GemmChoice.JAVA));
                    Scope _ = Scope.open(java)) {
                Tensor q = tensor(java, random, queries, heads, width).to(dtype);
                Tensor k = tensor(java, random, keys, groups, width).to(dtype);
                Tensor v = tensor(java, random, keys, groups, width).to(dtype);
                Mask mask = Mask.full(queries, keys);
                float scale = (float) (1 / Math.sqrt(width));
                float[] expected = java.attention(q, k, v, mask, scale).toFloats();
                float[] values = attend(java, q, k, v, mask, scale);
                float unit = dtype == DType.FLOAT32 ? 1e-6f : dtype == DType.FLOAT16 ? 5e-4f : 4e-3f;
                for (int i = 0; i < values.length; i++) {
                    assertThat(values[i]).as(dtype + " " + i).isCloseTo(expected[i], within(unit));
                }
            }
        }
    }

    @Test
    void aQueryOfAWideHeadHasTheSameBitsAloneAndBesideOthers() {
        try (CpuBackend java = CpuBackend.create(new CpuBackend.Options(1, GemmChoice.JAVA));
                Scope _ = Scope.open(java)) {
            Random random = new Random(1);
            Tensor q = tensor(java, random, 9, 2, 1500);
            Tensor k = tensor(java, random, 33, 2, 1500);
            Tensor v = tensor(java, random, 33, 2, 1500);
            float[] all = attend(java, q, k, v, Mask.full(9, 33), 0.02f);
            for (int i = 0; i < 9; i++) {
                float[] alone = attend(java, q.rows(i, i + 1), k, v, Mask.full(1, 33), 0.02f);
                assertThat(alone).isEqualTo(Arrays.copyOfRange(all, i * 3000, (i + 1) * 3000));
            }
        }
    }

    private static Tensor tensor(CpuBackend backend, Random random, int... dims) {
        float[] values = new float[Math.toIntExact(Shape.of(dims).size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return Tensor.of(backend, values, dims);
    }

    private static float[] attend(CpuBackend memory, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
        DotCode code = DotCode.Found.here().code();
        assumeTrue(code != null && !Isa.AVX512_FP16.isPresent());
        try (Workers workers = new Workers(2);
                CodeGemm gemm = new CodeGemm(workers, code, () -> {
                    throw new AssertionError("asked for the library");
                })) {
            Tensor out = Scope.current(memory).allocate(q.dtype(), q.shape());
            var heads = new Attention.Heads(q.dim(1), k.dim(1), q.dim(2));
            new Attention(workers, gemm, false, true)
                    .run(new Attention.Call(Rows.of(q), Rows.of(k), Rows.of(v), Rows.of(out), heads, mask, scale));
            return out.toFloats();
        }
    }
}
