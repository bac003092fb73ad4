package dev.fovea.backend.cpu.products;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What makes products gives the bits that {@link Dot} defines, on a processor with vectors of any width. */
class DotTest {
    private static final int[] LENGTHS = {4, 8, 12, 16, 24, 72, 80, 96, 520, 1544, 2048, 3072, 4104};

    private final long usual = Warmup.limit(0);

    @AfterEach
    void restore() {
        Warmup.limit(usual);
    }

    @Test
    void hasTheBitsOfItsDefinition() {
        for (int n : LENGTHS) {
            for (DType dtype : List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16)) {
                check(dtype, n);
            }
        }
    }

    private static void check(DType dtype, int n) {
        int side = Dot.SIDE;
        int pitch = Lanes.padded(n);
        SplittableRandom random = new SplittableRandom(n);
        try (Arena arena = Arena.ofConfined()) {
            Rows w = random(dtype, pitch, n, random, arena);
            Rows x = random(DType.FLOAT32, pitch, n, random, arena);
            float[] expected = new float[side * side];
            for (int j = 0; j < side; j++) {
                for (int i = 0; i < side; i++) {
                    expected[j * side + i] = defined(row(w, i), row(x, j), n);
                }
            }
            String what = dtype + ", " + n + " values, ";
            for (long limit : new long[] {0, Warmup.FOREVER}) {
                Warmup.limit(limit);
                String by = what + (limit == 0 ? "vectors" : "plain loops");
                float[] columns = new float[side * side];
                for (int j = 0; j < side; j++) {
                    Dot.column(dtype, w.row(0), w.stride(), x.row(j), pitch, columns, j * side);
                }
                assertThat(columns).as(by).isEqualTo(expected);
                if (dtype != DType.FLOAT16) {
                    float[] tile = new float[side * side];
                    Dot.tile(dtype, w.row(0), w.stride(), x.row(0), x.stride(), pitch, tile);
                    assertThat(tile).as(by + ", tile").isEqualTo(expected);
                }
            }
            if (DotCode.Found.here().code() == null) {
                return;
            }
            for (boolean asks : new boolean[] {true, false}) {
                DotCode code = new DotCode(Lanes.SHAPE.vectorBitSize(), asks, false);
                for (int count = 1; count <= side; count++) {
                    float[] products = new float[side * side];
                    Panel.Strip strip = new Panel.Strip(DType.FLOAT32, x.address(), count, pitch);
                    code.multiply(w, strip, 0, count, products, 0, side);
                    assertThat(products)
                            .as(what + count + " rows by machine code")
                            .startsWith(Arrays.copyOf(expected, count * side));
                }
            }
        }
    }

    /** Sixteen sums of every sixteenth product, then the upper half onto the lower. */
    private static float defined(float[] w, float[] x, int n) {
        float[] sums = new float[16];
        for (int k = 0; k < n; k++) {
            sums[k % 16] = Math.fma(w[k], x[k], sums[k % 16]);
        }
        for (int half = 8; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                sums[i] += sums[i + half];
            }
        }
        return sums[0];
    }

    private static float[] row(Rows rows, int i) {
        float[] row = new float[rows.width()];
        rows.load(i, row);
        return row;
    }

    /** Four rows of n values, and zeros up to a whole vector. */
    private static Rows random(DType dtype, int pitch, int n, SplittableRandom random, Arena arena) {
        long stride = (long) pitch * dtype.bytes();
        Rows rows = new Rows(dtype, arena.allocate(stride * Dot.SIDE, 64).address(), Dot.SIDE, pitch, stride);
        float[] row = new float[pitch];
        for (int i = 0; i < Dot.SIDE; i++) {
            for (int k = 0; k < n; k++) {
                row[k] = (float) random.nextGaussian();
            }
            rows.store(row, i);
        }
        return rows;
    }
}
