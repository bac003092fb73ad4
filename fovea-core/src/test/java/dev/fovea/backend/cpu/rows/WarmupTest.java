package dev.fovea.backend.cpu.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cpu.codes.CodeDot;
import dev.fovea.backend.cpu.codes.WidenedCodes;
import dev.fovea.backend.cpu.machine.Warmup;
import dev.fovea.backend.cpu.products.Dot;
import dev.fovea.backend.cpu.products.JavaTile;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleBiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Kernels give the same bits in plain loops and in vector loops. */
class WarmupTest {
    private static final int[] LENGTHS = {1, 3, 15, 16, 17, 64, 100, 256, 1000};

    private static final float[] EDGES = {
        0f,
        -0f,
        Float.MIN_VALUE,
        Float.MIN_NORMAL,
        -1e-40f,
        1f,
        -1f,
        0.9999999f,
        4f,
        4.0000005f,
        -87.33f,
        -87.4f,
        88.7f,
        88.8f,
        1e30f,
        -1e30f,
        Float.MAX_VALUE,
        1.00390625f,
        1.01171875f
    };

    private static final float[] EXTREMES = {
        Float.NaN, Float.intBitsToFloat(0xffffffff), Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
    };

    private final SplittableRandom random = new SplittableRandom(7);
    private final long usual = Warmup.limit(0);
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void restore() {
        Warmup.limit(usual);
        arena.close();
    }

    @Test
    void rehearsalsReachTheirKernels() throws IllegalAccessException {
        Warmup.limit(Warmup.FOREVER);
        int count = 0;
        for (Class<?> kernels : List.of(
                RowMath.class,
                RowSoftmax.class,
                Lanes.class,
                Dot.class,
                JavaTile.class,
                CodeDot.class,
                WidenedCodes.class)) {
            for (Field field : kernels.getDeclaredFields()) {
                if (field.getType() == Warmup.class) {
                    field.setAccessible(true);
                    Warmup warmup = (Warmup) field.get(null);
                    Warmup.Scratch scratch = Warmup.scratch(arena);
                    assertThat(warmup.nanos(scratch, true)).as(field.toString()).isPositive();
                    assertThat(warmup.nanos(scratch, false))
                            .as(field.toString())
                            .isPositive();
                    count++;
                }
            }
        }
        assertThat(count).isEqualTo(26);
    }

    /** A loop that becomes fast after a while, as compiled code does. */
    @Test
    void changesOverWhenVectorsHaveBecomeFaster() throws InterruptedException {
        Warmup.limit(100);
        AtomicInteger vectors = new AtomicInteger();
        Warmup warmup = spinning(plain -> plain ? 20_000 : vectors.incrementAndGet() < 100 ? 200_000 : 0);
        assertThat(warmup.plain(99)).isTrue();
        assertThat(vectors).hasValue(0);
        assertThat(warmup.plain(1)).as("until the rehearsal is over").isTrue();
        while (!warmup.isOver()) {
            Thread.sleep(1);
        }
        assertThat(vectors.get()).isGreaterThanOrEqualTo(100);
        assertThat(warmup.plain(1)).isFalse();
    }

    /** A plain loop that C2 makes vectors of itself; else a rehearsal would take a processor for ever. */
    @Test
    void changesOverWhenVectorsAreNearlyAsFast() throws InterruptedException {
        Warmup.limit(1);
        Warmup warmup = spinning(plain -> plain ? 20_000 : 22_000);
        assertThat(warmup.plain(1)).isTrue();
        while (!warmup.isOver()) {
            Thread.sleep(1);
        }
        assertThat(warmup.plain(1)).isFalse();
    }

    /** @param nanos of a call in a plain loop, or else by vectors */
    private static Warmup spinning(Function<Boolean, Integer> nanos) {
        AtomicReference<Warmup> itself = new AtomicReference<>();
        Warmup warmup = new Warmup(s -> {
            int time = nanos.apply(itself.get().plain(1));
            long end = System.nanoTime() + time;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
        });
        itself.set(warmup);
        return warmup;
    }

    private static void same(String what, Supplier<float[]> kernel) {
        Warmup.limit(Long.MAX_VALUE);
        float[] plain = kernel.get();
        Warmup.limit(0);
        float[] vectors = kernel.get();
        assertThat(bits(vectors)).as(what).isEqualTo(bits(plain));
    }

    /** All NaN are one. */
    private static int[] bits(float[] a) {
        int[] bits = new int[a.length];
        Arrays.setAll(bits, i -> Float.floatToIntBits(a[i]));
        return bits;
    }

    private float[] values(int n, boolean extremes) {
        float[] a = new float[Lanes.padded(n)];
        for (int i = 0; i < n; i++) {
            a[i] = switch (random.nextInt(16)) {
                case 0, 1 -> EDGES[random.nextInt(EDGES.length)];
                case 2 -> extremes ? EXTREMES[random.nextInt(EXTREMES.length)] : 1;
                default -> (float) (random.nextDouble(-1, 1) * Math.scalb(1.0, random.nextInt(-8, 8)));
            };
        }
        return a;
    }

    /** Values whose sums are finite, so that each bit of them counts. */
    private float[] ordinary(int n) {
        float[] a = new float[Lanes.padded(n)];
        for (int i = 0; i < n; i++) {
            a[i] = (float) random.nextDouble(-3, 3);
        }
        return a;
    }

    private MemorySegment memory(DType dtype, int n) {
        MemorySegment memory = arena.allocate((long) n * dtype.bytes(), 64);
        Lanes.store(dtype, ordinary(n), 0, memory.address(), n);
        return memory;
    }

    private static float[] numbers(short[] shorts) {
        float[] numbers = new float[shorts.length];
        for (int i = 0; i < shorts.length; i++) {
            numbers[i] = shorts[i];
        }
        return numbers;
    }

    private static float[] floats(MemorySegment memory) {
        return memory.toArray(ValueLayout.JAVA_FLOAT);
    }

    // ------------------------------------------------------------------------------------------------------ rows

    private void rows(String what, boolean extremes, BiConsumer<float[], Integer> kernel) {
        for (int n : LENGTHS) {
            float[] a = values(n, extremes);
            same(what + " of " + n, () -> {
                float[] copy = a.clone();
                kernel.accept(copy, n);
                return Arrays.copyOf(copy, n);
            });
        }
    }

    private void sums(String what, ToDoubleBiFunction<float[], Integer> kernel) {
        for (int n : LENGTHS) {
            float[] a = ordinary(n);
            same(what + " of " + n, () -> new float[] {(float) kernel.applyAsDouble(a, n)});
        }
    }

    @Test
    void functions() {
        for (Activation f : Activation.values()) {
            rows(f.name(), true, (a, n) -> RowMath.activate(f, a, n));
        }
        rows("exp", true, RowMath::exp);
        rows("rounding", true, (a, n) -> Lanes.round(DType.BFLOAT16, a, n));
    }

    @Test
    void reductions() {
        sums("sum", RowMath::sum);
        sums("squares", (a, n) -> RowMath.sumOfSquares(a, 0, n));
        sums("squares around 0.3", (a, n) -> RowMath.sumOfSquares(a, 0.3f, n));
    }

    @Test
    void arithmetic() {
        float[] b = ordinary(3000);
        float[] c = ordinary(3000);
        int[] bAt = {7, 0, 511, 90};
        int[] cAt = {0, 13, 700, 1};
        rows("sums", true, (a, n) -> RowMath.add(a, b, n));
        rows("products in place", true, (a, n) -> RowMath.mul(a, b, n));
        rows("scaled", true, (a, n) -> RowMath.scale(a, 0.3f, n));
        rows("normalised", true, (a, n) -> RowMath.normalise(a, 0.3f, 1.7f, n));
        rows("added products", false, (a, n) -> RowMath.addProducts(a, b, bAt, c, cAt, 4, n));
    }

    @Test
    void memoryOfBfloat16() {
        for (int n : LENGTHS) {
            float[] a = values(n, true);
            MemorySegment memory = arena.allocate(2L * n);
            same("stored " + n, () -> {
                Lanes.store(DType.BFLOAT16, a, 0, memory.address(), n);
                return numbers(memory.toArray(ValueLayout.JAVA_SHORT));
            });
            same("loaded " + n, () -> {
                float[] read = new float[5 + Lanes.padded(n)];
                Arrays.fill(read, 9);
                Lanes.load(DType.BFLOAT16, memory.address(), read, 5, n);
                return read;
            });
        }
    }

    // -------------------------------------------------------------------------------------------------- products

    @Test
    void dotProducts() {
        int n = 3 * Lanes.COUNT;
        long x = memory(DType.FLOAT32, 4 * n).address();
        for (DType dtype : new DType[] {DType.FLOAT32, DType.BFLOAT16}) {
            long stride = (long) n * dtype.bytes();
            long w = memory(dtype, 4 * n).address();
            same(dtype + " column", () -> {
                float[] out = new float[6];
                Dot.column(dtype, w, stride, x, n, out, 1);
                return out;
            });
            same(dtype + " tile", () -> {
                float[] out = new float[16];
                Dot.tile(dtype, w, stride, x, 4L * n, n, out);
                return out;
            });
        }
    }

    @Test
    void matrices() {
        int rows = 8;
        int inner = 37;
        for (int columns : new int[] {Lanes.COUNT, 4 * Lanes.COUNT, 5 * Lanes.COUNT}) {
            long a = memory(DType.FLOAT32, rows * inner).address();
            long b = memory(DType.FLOAT32, inner * columns).address();
            MemorySegment c = arena.allocate(4L * rows * columns, 64);
            same(columns + " columns", () -> {
                JavaTile.multiply(a, inner, b, c.address(), columns, rows, inner);
                return floats(c);
            });
        }
    }

    @Test
    void scores() {
        int n = 4 * Lanes.COUNT;
        float[] scores = ordinary(n);
        MemorySegment row = arena.allocate(4L * n, 64);
        MemorySegment other = arena.allocate(4L * n, 64);
        Supplier<Long> fresh = () -> {
            MemorySegment.copy(scores, 0, row, ValueLayout.JAVA_FLOAT, 0, n);
            return row.address();
        };
        RowSoftmax softmax = new RowSoftmax(false);
        same("largest", () -> new float[] {softmax.largest(fresh.get(), n)});
        same("sum of weights", () -> new float[] {softmax.weights(fresh.get(), n, 0.125f, 3)});
        same("weights", () -> {
            softmax.weights(fresh.get(), n, 0.125f, 3);
            return floats(row);
        });
        same("sum of split weights", () ->
                new float[] {softmax.splitWeights(fresh.get(), other.address(), n, 0.125f, 3)});
        same("split weights", () -> {
            softmax.splitWeights(fresh.get(), other.address(), n, 0.125f, 3);
            return floats(other);
        });
        same("sums", () -> {
            MemorySegment.copy(scores, 0, other, ValueLayout.JAVA_FLOAT, 0, n);
            softmax.accumulate(other.address(), fresh.get(), n, 0.75f);
            return floats(other);
        });
    }
}
