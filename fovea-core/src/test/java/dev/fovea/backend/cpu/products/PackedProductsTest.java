package dev.fovea.backend.cpu.products;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** float32 by machine code has the bits of plain sums in the order of K, for all dtypes, lengths and places of a weight. */
class PackedProductsTest {
    private static final int[][] SIZES = {{17, 1, 1}, {17, 50, 3}, {33, 25, 40}, {48, 193, 257}, {300, 30, 520}};

    @Test
    void hasTheBitsOfPlainSums() {
        DotCode widening = DotCode.Found.here().code();
        assumeTrue(widening != null);
        boolean wide = Lanes.SHAPE.vectorBitSize() == 512;
        try (Workers workers = new Workers(2)) {
            for (ProductCode.Arithmetic form : ProductCode.Arithmetic.values()) {
                if (!form.pairs() && (wide || form.bits == 256)) {
                    PackedProducts products = new PackedProducts(workers, form, widening);
                    for (int[] size : SIZES) {
                        check(products, form, size, DType.FLOAT32, DType.FLOAT32);
                        check(products, form, size, DType.FLOAT32, DType.BFLOAT16);
                        check(products, form, size, DType.FLOAT16, DType.FLOAT16);
                        check(products, form, size, DType.BFLOAT16, DType.BFLOAT16);
                    }
                }
            }
        }
    }

    private static void check(
            PackedProducts products, ProductCode.Arithmetic form, int[] size, DType dtype, DType weight) {
        SplittableRandom random = new SplittableRandom(size[0]);
        try (Arena arena = Arena.ofConfined()) {
            Rows x = random(dtype, size[0], size[2], random, arena);
            Rows w = random(weight, size[1], size[2], random, arena);
            Rows columns = random(weight, size[2], size[1], random, arena);
            Rows bias = random(weight, 1, size[1], random, arena);
            Rows out = random(dtype, size[0], size[1], random, arena);
            Rows expected = random(dtype, size[0], size[1], random, arena);
            String what = form + ", " + dtype + " by " + weight + ", " + String.join(" x ", strings(size));

            products.multiply(x, new Weight(weight, w.address(), size[1], size[2], false), bias, out);
            plain(x, all(w), false, bias, expected);
            assertThat(all(out)).as(what).isDeepEqualTo(all(expected));

            products.multiply(x, new Weight(weight, columns.address(), size[1], size[2], true), null, out);
            plain(x, all(columns), true, null, expected);
            assertThat(all(out)).as(what + ", transposed").isDeepEqualTo(all(expected));
        }
    }

    private static String[] strings(int[] size) {
        return java.util.Arrays.stream(size).mapToObj(Integer::toString).toArray(String[]::new);
    }

    private static void plain(Rows x, float[][] w, boolean transposed, @Nullable Rows bias, Rows out) {
        float[][] rows = all(x);
        float[] line = new float[Lanes.padded(out.width())];
        float[] more = bias == null ? new float[line.length] : all(bias)[0];
        for (int t = 0; t < out.count(); t++) {
            for (int n = 0; n < out.width(); n++) {
                float sum = 0;
                for (int k = 0; k < x.width(); ) {
                    float chain = 0;
                    int end = Math.min(x.width(), k + ProductCode.CHAIN);
                    for (; k < end; k++) {
                        chain = Math.fma(rows[t][k], transposed ? w[k][n] : w[n][k], chain);
                    }
                    sum = chain + sum;
                }
                line[n] = sum + more[n];
            }
            out.store(line, t);
        }
    }

    private static float[][] all(Rows rows) {
        float[][] all = new float[rows.count()][Lanes.padded(rows.width())];
        for (int i = 0; i < rows.count(); i++) {
            rows.load(i, all[i]);
        }
        return all;
    }

    /** Rows one behind the other. */
    private static Rows random(DType dtype, int count, int width, SplittableRandom random, Arena arena) {
        long stride = (long) width * dtype.bytes();
        Rows rows = new Rows(dtype, arena.allocate(stride * count, 64).address(), count, width, stride);
        float[] row = new float[Lanes.padded(width)];
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < width; k++) {
                row[k] = (float) random.nextGaussian();
            }
            rows.store(row, i);
        }
        return rows;
    }
}
