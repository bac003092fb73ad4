package dev.fovea.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No result depends on the number of threads, bit for bit; sizes large enough that there are pieces to share. */
class ThreadsTest {
    private static final DType[] DTYPES = {DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16};

    private static Tensor random(CpuBackend backend, DType dtype, int... dims) {
        int size = 1;
        for (int d : dims) {
            size *= d;
        }
        SplittableRandom random = new SplittableRandom(size);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return backend.copy(Tensor.of(backend, values, dims), dtype);
    }

    private static float[] with(
            int threads, CpuBackend.GemmChoice gemm, BiFunction<CpuBackend, DType, Tensor> f, DType d) {
        try (CpuBackend backend = CpuBackend.create(new CpuBackend.Options(threads, gemm));
                Scope _ = Scope.open(backend)) {
            return f.apply(backend, d).toFloats();
        }
    }

    private static void check(CpuBackend.GemmChoice gemm, BiFunction<CpuBackend, DType, Tensor> f) {
        check(3, gemm, f);
    }

    private static void check(int threads, CpuBackend.GemmChoice gemm, BiFunction<CpuBackend, DType, Tensor> f) {
        for (DType dtype : DTYPES) {
            assertThat(with(threads, gemm, f, dtype)).as(dtype.torchName()).isEqualTo(with(1, gemm, f, dtype));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "JAVA"})
    void linear(CpuBackend.GemmChoice gemm) {
        check(gemm, (b, d) -> b.linear(random(b, d, 700, 96), random(b, d, 600, 96), random(b, d, 600)));
        check(gemm, (b, d) -> b.linear(random(b, d, 3, 1024), random(b, d, 1500, 1024), null));
        check(16, gemm, (b, d) -> b.linear(random(b, d, 3, 2048), random(b, d, 255, 2048), random(b, d, 255)));
    }

    /** More threads than there are blocks, and more inputs than oneDNN takes at once by AMX. */
    @ParameterizedTest
    @EnumSource(names = {"AUTO", "ONEDNN"})
    void linearOfManyInputs(CpuBackend.GemmChoice gemm) {
        check(16, gemm, (b, d) -> b.linear(random(b, d, 256, 2048), random(b, d, 1000, 2048), random(b, d, 1000)));
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "JAVA"})
    void attention(CpuBackend.GemmChoice gemm) {
        check(gemm, (b, d) -> {
            Tensor q = random(b, d, 600, 4, 72);
            return b.attention(q, random(b, d, 600, 2, 72), random(b, d, 600, 2, 72), Mask.causal(600), 0.1f);
        });
    }

    /** More threads than key heads, so that query heads of one key head go to several. */
    @ParameterizedTest
    @EnumSource(names = {"AUTO", "JAVA"})
    void attentionOfOneQuery(CpuBackend.GemmChoice gemm) {
        int[] rows = IntStream.range(0, 300).map(i -> 299 - i).toArray();
        Mask backwards = new Mask(new int[1], new int[1], new int[] {290}, new int[][] {rows});
        for (int shared : new int[] {8, 11, 15}) {
            for (Mask mask : List.of(backwards, Mask.full(1, 300))) {
                check(16, gemm, (b, d) -> {
                    Tensor q = random(b, d, 1, 2 * shared, 72);
                    return b.attention(q, random(b, d, 300, 2, 72), random(b, d, 300, 2, 72), mask, 0.1f);
                });
            }
        }
    }

    /** The same of heads that machine code attends to whole. */
    @ParameterizedTest
    @EnumSource(names = {"AUTO", "JAVA"})
    void wideAttentionOfOneQuery(CpuBackend.GemmChoice gemm) {
        check(16, gemm, (b, d) -> {
            Tensor q = random(b, d, 1, 8, 320);
            return b.attention(q, random(b, d, 300, 1, 320), random(b, d, 300, 1, 320), Mask.full(1, 300), 0.1f);
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "JAVA"})
    void rowsAndMaps(CpuBackend.GemmChoice gemm) {
        check(gemm, (b, d) -> {
            Tensor x = random(b, d, 900, 128);
            Tensor w = random(b, d, 128);
            Tensor y = b.activation(b.rmsNorm(b.layerNorm(x, w, w, 1e-5f), w, 1e-5f), Activation.GELU);
            Tensor map = b.conv2d(y.reshape(30, 30, 128), random(b, d, 128, 1, 3, 3), w, 1, 1, 128);
            return b.meanRows(
                    b.conv2d(map, random(b, d, 64, 128, 3, 3), null, 2, 1, 1).reshape(-1, 64));
        });
    }
}
