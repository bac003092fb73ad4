package dev.fovea.backend.cpu.products;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.PlainMath;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Machine code and Java give the same bits for values of all kinds. */
class DotCodeTest {
    private static final float[] SPECIAL = {
        0f, -0f, 0x1p-24f, -0x1p-20f, Float.MIN_VALUE, 65504f, -65504f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
    };

    private final long usual = Warmup.limit(0);

    @AfterEach
    void restore() {
        Warmup.limit(usual);
    }

    @Test
    void isThereWhereTheProcessorHasTheInstructions() {
        assumeTrue(NativeLibrary.platform().equals("linux-x86_64") && Lanes.SHAPE.vectorBitSize() >= 256);
        assertThat(DotCode.Found.here().reason()).isEmpty();
        assertThat(DotCode.Found.here().code()).isNotNull();
    }

    @Test
    void hasTheBitsOfJava() {
        assumeTrue(DotCode.Found.here().code() != null);
        for (boolean asks : new boolean[] {true, false}) {
            DotCode code = new DotCode(Lanes.SHAPE.vectorBitSize(), asks, false);
            for (int n : new int[] {Lanes.COUNT, 3 * Lanes.COUNT, 80, 512 + Lanes.COUNT, 768, 4096 + Lanes.COUNT}) {
                for (int rows : new int[] {4, 7}) {
                    for (int count = 1; count <= 4; count++) {
                        for (DType dtype : List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16)) {
                            check(code, dtype, DType.FLOAT32, n, rows, count);
                            check(code, dtype, dtype, n, rows, count);
                        }
                    }
                }
            }
        }
    }

    @Test
    void takesLongRowsIn16BitsAsTheyLie() {
        assumeTrue(DotCode.Found.here().code() != null);
        DotCode code = new DotCode(Lanes.SHAPE.vectorBitSize(), false, false);
        int n = 4096;
        assertThat(code.takes(new Rows(DType.BFLOAT16, 0, 3, n, 2L * n))).isTrue();
        assertThat(code.takes(new Rows(DType.FLOAT32, 0, 3, n, 4L * n))).isFalse();
        assertThat(code.takes(new Rows(DType.BFLOAT16, 0, 3, 64, 2L * 64)))
                .as("short")
                .isFalse();
        assertThat(code.takes(new Rows(DType.BFLOAT16, 0, 3, n, 4L * n)))
                .as("apart")
                .isFalse();
        assertThat(code.takes(new Rows(DType.BFLOAT16, 0, 3, n + 1, 2L * (n + 1))))
                .as("no whole vectors")
                .isFalse();
        assertThat(new DotCode(Lanes.SHAPE.vectorBitSize(), true, false)
                        .takes(new Rows(DType.BFLOAT16, 0, 3, n, 2L * n)))
                .as("where x is shared anyway")
                .isFalse();
    }

    /** Two values of each side at a time go to one of sixteen sums, the second of a pair first; what is not normal counts as zero. */
    @Test
    void pairsHaveTheBitsOfTheirDefinition() {
        assumeTrue(Lanes.SHAPE.vectorBitSize() == 512 && Isa.AVX512_BF16.isPresent());
        for (boolean asks : new boolean[] {true, false}) {
            DotCode code = new DotCode(512, asks, true);
            for (int n : new int[] {32, 96, 1024, 4096 + 32, 11008}) {
                SplittableRandom random = new SplittableRandom(n);
                try (Arena arena = Arena.ofConfined()) {
                    int groups = 2;
                    Rows w = random(DType.BFLOAT16, groups * Dot.SIDE, n, random, arena);
                    Rows x = random(DType.BFLOAT16, 7, n, random, arena);
                    for (int count = 1; count <= x.count(); count++) {
                        int step = groups * Dot.SIDE;
                        float[] products = new float[count * step];
                        Panel.Strip strip = new Panel.Strip(DType.BFLOAT16, x.address(), count, n);
                        code.multiply(w, strip, 0, count, products, 0, step);
                        float[] expected = new float[products.length];
                        for (int i = 0; i < expected.length; i++) {
                            expected[i] = inPairs(row(w, i % step), row(x, i / step));
                        }
                        assertThat(products).as("%d values, %d rows", n, count).isEqualTo(expected);
                    }
                }
            }
        }
    }

    private static float inPairs(float[] w, float[] x) {
        float[] sums = new float[Dot.LANES];
        for (int k = 0; k < w.length; k += 2) {
            int lane = k / 2 % Dot.LANES;
            float odd = normal(Math.fma(normal(x[k + 1]), normal(w[k + 1]), sums[lane]));
            sums[lane] = normal(Math.fma(normal(x[k]), normal(w[k]), odd));
        }
        return PlainMath.sum(sums);
    }

    private static float normal(float value) {
        return Math.abs(value) < Float.MIN_NORMAL ? Math.copySign(0, value) : value;
    }

    private static void check(DotCode code, DType dtype, DType xDtype, int n, int rows, int count) {
        SplittableRandom random = new SplittableRandom(n + rows + count);
        try (Arena arena = Arena.ofConfined()) {
            Rows w = random(dtype, rows, n, random, arena);
            Rows x = random(xDtype, count, n, new SplittableRandom(n), arena);
            Rows wideX = random(DType.FLOAT32, count, n, random, arena);
            code.widen(x, wideX);
            int whole = Math.ceilDiv(rows, Dot.SIDE) * Dot.SIDE;
            float[] fast = new float[count * whole];
            float[] plain = new float[count * whole];
            float[] vector = new float[count * whole];
            code.multiply(w, new Panel.Strip(xDtype, x.address(), count, n), 0, count, fast, 0, whole);
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < rows; i += Dot.SIDE) {
                    PlainDot.column(dtype, w.row(i), w.stride(), wideX.row(j), n, plain, j * whole + i);
                    Dot.column(dtype, w.row(i), w.stride(), wideX.row(j), n, vector, j * whole + i);
                }
            }
            String what = dtype + " by " + xDtype + ", " + rows + " x " + n + ", " + count + " rows";
            assertThat(vector).as("Java's vectors, " + what).isEqualTo(plain);
            assertThat(fast).as("machine code, " + what).isEqualTo(plain);
            Rows wide = random(DType.FLOAT32, rows, n, random, arena);
            code.widen(w, wide);
            for (int i = 0; i < rows; i++) {
                assertThat(row(wide, i)).as("widened, " + what).isEqualTo(row(w, i));
            }
        }
    }

    @Test
    void sumsHaveTheBitsOfJava() {
        DotCode code = DotCode.Found.here().code();
        assumeTrue(code != null);
        for (int columns : new int[] {Lanes.COUNT, 5 * Lanes.COUNT, 8 * Lanes.COUNT}) {
            for (int rows : new int[] {1, 2, 3, 4, 7}) {
                for (int inner : new int[] {1, 64}) {
                    checkSums(code.sums(), rows, inner, columns);
                }
            }
        }
    }

    private static void checkSums(SumsCode code, int rows, int inner, int columns) {
        SplittableRandom random = new SplittableRandom(rows + inner + columns);
        try (Arena arena = Arena.ofConfined()) {
            Rows weights = random(DType.FLOAT32, rows, inner, random, arena);
            Rows values = random(DType.FLOAT32, inner, columns, random, arena);
            Rows plain = random(DType.FLOAT32, rows, columns, random, arena);
            Rows fast = random(DType.FLOAT32, rows, columns, random, arena);
            PlainDot.multiply(weights.address(), inner, values.address(), plain.address(), columns, rows, inner);
            code.multiply(weights.address(), inner, values.address(), fast.address(), columns, rows, inner);
            for (int i = 0; i < rows; i++) {
                assertThat(row(fast, i))
                        .as(rows + " x " + inner + " x " + columns)
                        .isEqualTo(row(plain, i));
            }
        }
    }

    private static float[] row(Rows rows, int i) {
        float[] row = new float[rows.width()];
        rows.load(i, row);
        return row;
    }

    /** A few of the values are special. */
    private static Rows random(DType dtype, int count, int n, SplittableRandom random, Arena arena) {
        long stride = (long) n * dtype.bytes();
        Rows rows =
                new Rows(dtype, arena.allocate(stride * (count + Dot.SIDE), 64).address(), count, n, stride);
        float[] row = new float[n];
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < n; k++) {
                boolean special = random.nextInt(n * count) < 4;
                row[k] = special ? SPECIAL[random.nextInt(SPECIAL.length)] : (float) random.nextGaussian();
            }
            rows.store(row, i);
        }
        return rows;
    }
}
