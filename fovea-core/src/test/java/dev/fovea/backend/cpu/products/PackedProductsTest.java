package dev.fovea.backend.cpu.products;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.onednn.OneDnnGemm;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Machine code has the bits of plain sums in the order of K, for all dtypes, lengths and places of a weight: float32 in chains of
 * words, bfloat16 and split float16 by AMX in the order of its tiles, whether rows of x are few or many.
 */
class PackedProductsTest {
    private static final int[][] SIZES = {
        {17, 1, 1},
        {17, 50, 3},
        {33, 25, 40},
        {48, 193, 257},
        {300, 30, 520},
        {577, 250, 33},
        {33, 25, 1100},
        {56, 30, 257}
    };

    /** x is packed in two parts. */
    private static final int[] OF_STRIPS = {2100, 5, 520};

    private static final int[][] OF_FEW = {
        {1, 1, 1},
        {1, 50, 64},
        {1, 33, 352},
        {1, 16, 11_008},
        {1, 3, 33_024},
        {2, 193, 256},
        {3, 40, 257},
        {9, 17, 288},
        {16, 150, 2080}
    };
    private static final int[][] OF_TILES = {{17, 50, 3}, {33, 25, 40}, {48, 193, 288}, {65, 33, 2080}, {100, 193, 257}
    };

    /** Multiplies. */
    private interface Product {
        void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out);
    }

    /** The sum of products of two rows. */
    private interface Sum {
        float of(float[] x, float[] w, int count);
    }

    @Test
    void hasTheBitsOfPlainSums() {
        DotCode widening = DotCode.Found.here().code();
        assumeTrue(widening != null);
        boolean wide = Lanes.SHAPE.vectorBitSize() == 512;
        try (Workers workers = new Workers(2)) {
            for (ProductCode.Arithmetic form :
                    List.of(ProductCode.Arithmetic.FLOATS_256, ProductCode.Arithmetic.FLOATS_512)) {
                if (wide || form.bits == 256) {
                    PackedProducts products = new PackedProducts(workers, form, widening);
                    Sum sum = PackedProductsTest::inChains;
                    for (int[] size : SIZES) {
                        String what = form.toString();
                        check(products::multiply, sum, what, size, DType.FLOAT32, DType.FLOAT32);
                        check(products::multiply, sum, what, size, DType.FLOAT32, DType.BFLOAT16);
                        check(products::multiply, sum, what, size, DType.FLOAT16, DType.FLOAT16);
                        check(products::multiply, sum, what, size, DType.BFLOAT16, DType.BFLOAT16);
                    }
                    checkLying(products::multiply, sum, form.toString(), OF_STRIPS, DType.FLOAT32, DType.FLOAT32);
                }
            }
        }
    }

    @Test
    void halvesHaveTheBitsOfSumsThroughAPart() {
        DotCode widening = DotCode.Found.here().code();
        assumeTrue(widening != null && Lanes.SHAPE.vectorBitSize() == 512);
        try (Workers workers = new Workers(2)) {
            PackedProducts products = new PackedProducts(workers, ProductCode.Arithmetic.HALVES, widening);
            for (int[] size : SIZES) {
                check(products::multiply, PackedProductsTest::inParts, "halves", size, DType.FLOAT16, DType.FLOAT16);
            }
            Sum sum = PackedProductsTest::inParts;
            checkLying(products::multiply, sum, "halves", OF_STRIPS, DType.FLOAT16, DType.FLOAT16);
        }
    }

    /** Whatever rows stand beside it and however many parts K has: the order in which an instruction adds up a pair is the processor's. */
    @Test
    void pairsGiveARowTheSameBitsAmongOthers() {
        DotCode widening = DotCode.Found.here().code();
        assumeTrue(widening != null && Isa.AVX512_BF16.isPresent());
        try (Workers workers = new Workers(2);
                Arena arena = Arena.ofConfined()) {
            PackedProducts pairs = new PackedProducts(workers, ProductCode.Arithmetic.PAIRS, widening);
            SplittableRandom random = new SplittableRandom(1);
            for (int count : new int[] {24, 1100}) {
                for (int inputs : new int[] {3, 257, 4301}) {
                    Rows x = random(DType.BFLOAT16, count, inputs, random, arena);
                    Rows w = random(DType.BFLOAT16, 301, inputs, random, arena);
                    Weight weight = new Weight(DType.BFLOAT16, w.address(), w.count(), inputs, false);
                    Rows among = random(DType.BFLOAT16, x.count(), w.count(), random, arena);
                    pairs.multiply(x, weight, null, among);
                    for (int row : new int[] {0, 17, count / 2, count - 1}) {
                        Rows alone = random(DType.BFLOAT16, 1, w.count(), random, arena);
                        pairs.multiply(only(x, row), weight, null, alone);
                        float[] sums = all(alone)[0];
                        assertThat(sums).as("row %s of %s inputs", row, inputs).isEqualTo(all(only(among, row))[0]);
                        for (int n = 0; n < w.count(); n++) {
                            float sum = inChains(all(only(x, row))[0], all(only(w, n))[0], inputs);
                            assertThat(sums[n]).isCloseTo(sum, offset(Math.abs(sum) / 200 + 1e-3f));
                        }
                    }
                }
            }
        }
    }

    private static Rows only(Rows rows, int row) {
        return new Rows(rows.dtype(), rows.row(row), 1, rows.width(), rows.stride());
    }

    /** So a row's bits do not depend on how many there are. */
    @Test
    void tilesHaveTheBitsOfPlainSums() {
        DotCode widening = DotCode.Found.here().code();
        assumeTrue(widening != null);
        try (Workers workers = new Workers(2);
                OneDnnGemm oneDnn = OneDnn.LIBRARY.isPresent() ? new OneDnnGemm(workers) : null) {
            assumeTrue(oneDnn != null && oneDnn.has(Isa.AMX));
            FewRowsProducts few = new FewRowsProducts(workers, widening);
            for (int[] size : OF_FEW) {
                check(few::multiply, PackedProductsTest::inTiles, "few", size, DType.BFLOAT16, DType.BFLOAT16);
            }
            PackedProducts many = new PackedProducts(workers, ProductCode.Arithmetic.TILES, widening);
            for (int[] size : OF_TILES) {
                check(many::multiply, PackedProductsTest::inTiles, "many", size, DType.BFLOAT16, DType.BFLOAT16);
            }
        }
    }

    /** float16 as two bfloat16 each, of weights row by row; others are refused. */
    @Test
    void splitTilesHaveTheBitsOfPlainSums() {
        DotCode widening = DotCode.Found.here().code();
        assumeTrue(widening != null);
        try (Workers workers = new Workers(2);
                OneDnnGemm oneDnn = OneDnn.LIBRARY.isPresent() ? new OneDnnGemm(workers) : null) {
            assumeTrue(oneDnn != null && oneDnn.has(Isa.AMX));
            PackedProducts split = new PackedProducts(workers, ProductCode.Arithmetic.SPLIT_TILES, widening);
            for (int[] size : OF_TILES) {
                checkLying(
                        split::multiply, PackedProductsTest::inSplitTiles, "split", size, DType.FLOAT16, DType.FLOAT16);
            }
            Rows none = new Rows(DType.FLOAT16, 0, 0, 1, Short.BYTES);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> split.multiply(none, new Weight(DType.FLOAT16, 0, 1, 1, true), null, none));
        }
    }

    private static void check(Product product, Sum sum, String by, int[] size, DType dtype, DType weight) {
        checkLying(product, sum, by, size, dtype, weight);
        checkTransposed(product, sum, by, size, dtype, weight);
    }

    private static void checkLying(Product product, Sum sum, String by, int[] size, DType dtype, DType weight) {
        SplittableRandom random = new SplittableRandom(size[0]);
        try (Arena arena = Arena.ofConfined()) {
            Rows x = random(dtype, size[0], size[2], random, arena);
            Rows w = random(weight, size[1], size[2], random, arena);
            Rows bias = random(weight, 1, size[1], random, arena);
            Rows out = random(dtype, size[0], size[1], random, arena);
            Rows expected = random(dtype, size[0], size[1], random, arena);

            product.multiply(x, new Weight(weight, w.address(), size[1], size[2], false), bias, out);
            plain(x, sum, all(w), bias, expected);
            assertThat(all(out)).as(what(by, size, dtype, weight)).isDeepEqualTo(all(expected));
        }
    }

    private static void checkTransposed(Product product, Sum sum, String by, int[] size, DType dtype, DType weight) {
        SplittableRandom random = new SplittableRandom(size[0]);
        try (Arena arena = Arena.ofConfined()) {
            Rows x = random(dtype, size[0], size[2], random, arena);
            Rows columns = random(weight, size[2], size[1], random, arena);
            Rows out = random(dtype, size[0], size[1], random, arena);
            Rows expected = random(dtype, size[0], size[1], random, arena);

            product.multiply(x, new Weight(weight, columns.address(), size[1], size[2], true), null, out);
            plain(x, sum, turned(all(columns), size[1]), null, expected);
            assertThat(all(out))
                    .as(what(by, size, dtype, weight) + ", transposed")
                    .isDeepEqualTo(all(expected));
        }
    }

    private static String what(String by, int[] size, DType dtype, DType weight) {
        return by + ", " + dtype + " by " + weight + ", " + Arrays.toString(size);
    }

    private static void plain(Rows x, Sum sum, float[][] w, @Nullable Rows bias, Rows out) {
        float[][] rows = all(x);
        float[] line = new float[Lanes.padded(out.width())];
        float[] more = bias == null ? new float[line.length] : all(bias)[0];
        for (int t = 0; t < out.count(); t++) {
            for (int n = 0; n < out.width(); n++) {
                line[n] = sum.of(rows[t], w[n], x.width()) + more[n];
            }
            out.store(line, t);
        }
    }

    private static float inChains(float[] x, float[] w, int count) {
        return inChains(x, w, count, ProductCode.CHAIN);
    }

    private static float inParts(float[] x, float[] w, int count) {
        int words = Math.ceilDiv(count, ProductCode.CHAIN) * ProductCode.CHAIN;
        return inChains(x, w, count, ProductCode.Arithmetic.HALVES.part(words));
    }

    private static float inChains(float[] x, float[] w, int count, int length) {
        float sum = 0;
        for (int k = 0; k < count; ) {
            float chain = 0;
            int end = Math.min(count, k + length);
            for (; k < end; k++) {
                chain = Math.fma(x[k], w[k], chain);
            }
            sum = chain + sum;
        }
        return sum;
    }

    /** 32 values at a time: the even ones and the odd ones by themselves. */
    private static float inTiles(float[] x, float[] w, int count) {
        float sum = 0;
        for (int k = 0; k < count; ) {
            float even = 0;
            float odd = 0;
            int end = Math.min(count, k + 2 * TileShapes.SIDE);
            for (; k < end; k += 2) {
                even = Math.fma(x[k], w[k], even);
                odd = k + 1 < end ? Math.fma(x[k + 1], w[k + 1], odd) : odd;
            }
            sum += even + odd;
        }
        return sum;
    }

    /** 32 values at a time, each in two parts: the greater and the lesser one of w by those of x, even and odd ones by themselves. */
    private static float inSplitTiles(float[] x, float[] w, int count) {
        float sum = 0;
        for (int k = 0; k < count; k += 2 * TileShapes.SIDE) {
            int end = Math.min(count, k + 2 * TileShapes.SIDE);
            float[][] parts = {greater(w, k, end), lesser(w, k, end), greater(x, k, end), lesser(x, k, end)};
            for (int[] pair : new int[][] {{0, 2}, {0, 3}, {1, 3}, {1, 2}}) {
                sum += inTiles(parts[pair[1]], parts[pair[0]], end - k);
            }
        }
        return sum;
    }

    private static float[] greater(float[] values, int from, int to) {
        float[] greater = new float[to - from];
        for (int i = from; i < to; i++) {
            greater[i - from] = Float.intBitsToFloat((Float.floatToRawIntBits(values[i]) + 0x8000) & 0xffff0000);
        }
        return greater;
    }

    private static float[] lesser(float[] values, int from, int to) {
        float[] lesser = greater(values, from, to);
        for (int i = from; i < to; i++) {
            lesser[i - from] = values[i] - lesser[i - from];
        }
        return lesser;
    }

    private static float[][] turned(float[][] columns, int rows) {
        float[][] turned = new float[rows][columns.length];
        for (int n = 0; n < rows; n++) {
            for (int k = 0; k < columns.length; k++) {
                turned[n][k] = columns[k][n];
            }
        }
        return turned;
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
