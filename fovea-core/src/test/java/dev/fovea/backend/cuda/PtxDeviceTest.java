package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole programs: threads that part and meet, all kinds of memory, warps and blocks that work together. */
class PtxDeviceTest {
    private final PtxTrial trial = new PtxTrial("programs");

    @AfterEach
    void close() {
        trial.close();
    }

    private static Arguments pointers(long... addresses) {
        Arguments arguments = new Arguments();
        Arrays.stream(addresses).forEach(arguments::pointer);
        return arguments;
    }

    private static float[] filled(int count, IntToDoubleFunction value) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) value.applyAsDouble(i);
        }
        return x;
    }

    private static float[] randoms(int count) {
        Random random = new Random(count);
        return filled(count, i -> random.nextGaussian());
    }

    /** Runs a kernel of ints to ints twice, in both orders of its warps. */
    private int[] run(String kernel, int blocks, int threads, int[] x, int count) {
        long from = trial.put(x);
        int[] first = null;
        for (int i = 0; i < 2; i++) {
            long to = trial.put(new int[count]);
            trial.launch(kernel, blocks, threads, pointers(from, to));
            int[] result = trial.ints(to, count);
            assertThat(first == null ? result : first).isEqualTo(result);
            first = result;
        }
        return first;
    }

    @Test
    void threadsLoopAsOftenAsTheyMust() {
        int[] x = IntStream.rangeClosed(1, 256).toArray();
        int[] steps = IntStream.of(x)
                .map(n -> (int) IntStream.iterate(n, i -> i != 1, i -> i % 2 == 0 ? i / 2 : 3 * i + 1)
                        .count())
                .toArray();
        assertThat(run("collatz", 4, 64, x, 256)).isEqualTo(steps);
    }

    @Test
    void nestedLoopsAndEarlyEndsLeaveEachThreadItsOwn() {
        int[] x = IntStream.range(0, 128).map(i -> i * 37 % 61 - 7).toArray();
        assertThat(run("nested", 2, 64, x, 128))
                .isEqualTo(IntStream.of(x).map(PtxDeviceTest::nested).toArray());
    }

    private static int nested(int n) {
        int sum = 0;
        for (int i = 0; i < n; i++) {
            if (i % 3 == 1) {
                continue;
            }
            if (sum > 40) {
                break;
            }
            for (int j = 0; j < (n ^ i) % 4; j++) {
                sum += j % 2 == 1 ? i : 1;
            }
        }
        return sum;
    }

    @Test
    void aSwitchSendsEachThreadItsWay() {
        int[] x = IntStream.range(0, 64).map(i -> i * 5 % 23).toArray();
        int[] y = new int[128];
        for (int i = 0; i < 64; i++) {
            int n = x[i];
            switch (n % 9) {
                case 0 -> y[i] = n * n;
                case 1 -> y[i] = n - 7;
                case 2 -> {
                    y[i] = ~n;
                    y[i + 64] = n;
                }
                case 3 -> y[i + 64] = n;
                case 4 -> y[i] = n << 3;
                case 5 -> y[i] = n * (n - 1) / 2;
                case 6 -> y[i] = 5;
                case 7 -> y[i] = n / 3;
                default -> y[i] = -1;
            }
        }
        assertThat(run("choose", 1, 64, x, 128)).isEqualTo(y);
    }

    @Test
    void lanesReadEachOther() {
        int[] x = IntStream.range(0, 32).map(i -> i * i + 1).toArray();
        int[] y = new int[192];
        for (int i = 0; i < 32; i++) {
            y[i] = x[(i * 7 + 3) % 32];
            y[32 + i] = x[i < 3 ? i : i - 3];
            y[64 + i] = x[i + 5 > 31 ? i : i + 5];
            y[96 + i] = x[i ^ 9];
            y[128 + i] = x[i / 8 * 8 + 2];
            y[160 + i] = x[i % 16 + 2 > 15 ? i : i + 2];
        }
        assertThat(run("shuffles", 1, 32, x, 192)).isEqualTo(y);
    }

    @Test
    void halvesOfAWarpWorkByThemselves() {
        int[] x = IntStream.range(0, 32).map(i -> 1 << i % 12).toArray();
        int[] a = x.clone();
        for (int step = 0; step < 5; step++) {
            int[] before = a.clone();
            for (int i = 0; i < 16; i++) {
                a[i] += before[i ^ 1 << step % 4];
            }
        }
        for (int i = 16; i < 32; i++) {
            a[i] = x[i] * 3 + x[i ^ 8];
        }
        int[] y = IntStream.range(0, 32).map(i -> a[i] + a[i ^ 1]).toArray();
        assertThat(run("halves", 1, 32, x, 32)).isEqualTo(y);
    }

    @Test
    void lanesVote() {
        int[] x = IntStream.range(0, 32).map(i -> i * 11 % 17 + 1).toArray();
        int[] y = new int[160];
        for (int i = 0; i < 32; i++) {
            int lane = i;
            int large = bits(j -> x[j] > 3);
            y[i] = large;
            y[32 + i] = 4 + 1;
            y[64 + i] = bits(j -> x[j] % 3 == x[lane] % 3);
            y[96 + i] = IntStream.of(x).sum();
            y[128 + i] = x[i] > 3 ? large : 0;
        }
        assertThat(run("votes", 1, 32, x, 160)).isEqualTo(y);
    }

    private static int bits(IntPredicate lanes) {
        return IntStream.range(0, 32).filter(lanes).map(i -> 1 << i).sum();
    }

    @Test
    void aBlockAddsInTheOrderOfThePrelude() {
        float[] x = randoms(512);
        long to = trial.put(new float[512]);
        trial.launch("sums", 2, 256, pointers(trial.put(x), to));
        float[] y = trial.floats(to, 512);
        for (int block = 0; block < 2; block++) {
            float sum = 0;
            float most = Float.NEGATIVE_INFINITY;
            for (int warp = 0; warp < 8; warp++) {
                float[] part = Arrays.copyOfRange(x, block * 256 + warp * 32, block * 256 + warp * 32 + 32);
                for (int distance = 16; distance > 0; distance /= 2) {
                    for (int i = 0; i < distance; i++) {
                        part[i] += part[i + distance];
                    }
                }
                sum += part[0];
            }
            for (int i = 0; i < 256; i++) {
                most = Math.max(most, x[block * 256 + i]);
            }
            for (int i = 0; i < 256; i++) {
                assertThat(y[block * 256 + i]).isEqualTo(sum + most);
            }
        }
    }

    @Test
    void aMissingBarrierShows() {
        float[] x = randoms(128);
        float[] y = filled(128, i -> x[127 - i]);
        int right = 0;
        for (int i = 0; i < 2; i++) {
            long to = trial.put(new float[128]);
            trial.launch("turned_too_early", 1, 128, pointers(trial.put(x), to));
            right += Arrays.equals(trial.floats(to, 128), y) ? 1 : 0;
            trial.launch("turned", 1, 128, pointers(trial.put(x), to));
            trial.launch("turned", 1, 128, pointers(trial.put(x), to));
            assertThat(trial.floats(to, 128)).isEqualTo(y);
            trial.launch("turned", 1, 128, pointers(trial.put(x), to));
        }
        assertThat(right).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 31, 33, 100, 128})
    void aBarrierWaitsForThoseWhoLive(int n) {
        float[] x = randoms(128);
        long to = trial.put(new float[128]);
        trial.launch("early_end", 1, 128, 4 * n, pointers(trial.put(x), to).integer(n));
        float[] y = new float[128];
        for (int i = 0; i < n; i++) {
            y[i] = x[n - 1 - i];
        }
        assertThat(trial.floats(to, 128)).isEqualTo(y);
    }

    @Test
    void warpsMayHaveBarriersOfTheirOwn() {
        float[] x = randoms(64);
        float[] y = filled(64, i -> (x[i / 32 * 32 + 31 - i % 32] + 1) * 2);
        for (int i = 0; i < 2; i++) {
            long to = trial.put(new float[64]);
            trial.launch("pipeline", 1, 128, pointers(trial.put(x), to));
            assertThat(trial.floats(to, 64)).isEqualTo(y);
        }
    }

    @Test
    void copiesHappenWhenTheyAreWaitedFor() {
        float[] x = randoms(512);
        int n = 251;
        float[] y = new float[512];
        for (int i = 0; i < 512; i++) {
            int from = 255 - i % 256;
            y[i] = from < n ? x[i / 256 * 256 + from] : 0;
        }
        long to = trial.put(new float[512]);
        trial.launch("fetch", 1, 64, pointers(trial.put(x), to).integer(n));
        assertThat(trial.floats(to, 512)).isEqualTo(y);
        trial.launch("fetch_too_early", 1, 64, pointers(trial.put(x), to).integer(n));
        float[] early = trial.floats(to, 256);
        assertThat(IntStream.range(0, 256).filter(i -> Float.isNaN(early[i])).count())
                .isGreaterThanOrEqualTo(128); // of the warp that came first, all
    }

    @Test
    void threadsHaveMemoryOfTheirOwn() {
        int[] x = IntStream.range(0, 32).map(i -> i * 29 % 101).toArray();
        int[] y = new int[32];
        for (int lane = 0; lane < 32; lane++) {
            int[] a = new int[9];
            for (int i = 0; i < 9; i++) {
                a[i] = x[lane] + i * i;
            }
            for (int i = 0; i < x[lane] % 20; i++) {
                y[lane] += a[i * 5 % 9];
                a[i % 9] = y[lane];
            }
        }
        assertThat(run("local", 1, 32, x, 32)).isEqualTo(y);
    }

    @Test
    void tablesOfTheModuleAreThere() {
        long to = trial.put(new float[32]);
        trial.launch("tables", 1, 32, pointers(to));
        float[] y = filled(32, i -> new int[] {2, 3, 5, 7, 11}[i % 5] * new float[] {0.5f, 1, 1.5f, -2}[i % 4]);
        assertThat(trial.floats(to, 32)).isEqualTo(y);
    }

    @Test
    void smallAndWideValuesAreReadAndWritten() {
        byte[] a = new byte[32];
        short[] b = new short[32];
        float[] c = filled(128, i -> i % 64 - 20);
        float[] y = new float[160];
        for (int i = 0; i < 32; i++) {
            a[i] = (byte) (i * 9);
            b[i] = (short) (i * 2111);
        }
        for (int i = 0; i < 32; i++) {
            y[i] = a[i]
                    + (b[i] & 0xffff)
                    + c[4 * i] * 2
                    + c[4 * i + 1] * 3
                    + c[4 * i + 2] * 5
                    + c[4 * i + 3] * 7
                    + c[2 * i] * 11
                    + c[2 * i + 1] * 13;
            for (int j = 0; j < 4; j++) {
                y[32 + 4 * i + j] = c[4 * i + 3 - j];
            }
        }
        long to = trial.put(new float[160]);
        trial.launch(
                "packs_of",
                1,
                32,
                pointers(trial.put(MemorySegment.ofArray(a)), trial.put(MemorySegment.ofArray(b)), trial.put(c), to));
        assertThat(trial.floats(to, 160)).isEqualTo(y);
    }

    @Test
    void anAddressMayBeOfAnyMemory() {
        float[] x = randoms(32);
        for (int which = 0; which < 3; which++) {
            long to = trial.put(new float[32]);
            trial.launch("somewhere", 1, 32, pointers(trial.put(x), to).integer(which));
            int first = which;
            assertThat(trial.floats(to, 32)).isEqualTo(filled(32, i -> x[i] * ((first + i) % 3 + 1)));
        }
    }

    @Test
    void structuresArePassedWhole() {
        long to = trial.put(new float[32]);
        Arguments arguments =
                new Arguments().integer(3).real(0.5f).pointer(100).pointer(200).pointer(300);
        arguments.pointer(7).pointer(to).integer(1); // a char, and what aligns the next
        trial.launch("whole", 1, 32, arguments);
        assertThat(trial.floats(to, 32)).containsOnly(3 + 0.5f + 200 + 7);
    }

    @Test
    void multipliesMatrices() {
        Random random = new Random(3);
        for (String type : new String[] {"bf16", "f16"}) {
            short[] a = new short[256];
            short[] b = new short[128];
            float[] c = randoms(128);
            boolean brain = type.equals("bf16");
            for (short[] m : new short[][] {a, b}) {
                for (int i = 0; i < m.length; i++) {
                    float x = (float) random.nextGaussian();
                    m[i] = brain ? (short) (Float.floatToRawIntBits(x) >> 16) : Float.floatToFloat16(x);
                }
            }
            long to = trial.put(new float[128]);
            trial.launch(
                    "product_" + type,
                    1,
                    32,
                    pointers(
                            trial.put(MemorySegment.ofArray(a)),
                            trial.put(MemorySegment.ofArray(b)),
                            trial.put(c),
                            to));
            float[] d = trial.floats(to, 128);
            for (int i = 0; i < 128; i++) {
                double sum = c[i];
                for (int k = 0; k < 16; k++) {
                    sum += (double) real(a[i / 8 * 16 + k], brain) * real(b[k * 8 + i % 8], brain);
                }
                assertThat(d[i]).isCloseTo((float) sum, within(Math.ulp((float) sum)));
            }
        }
    }

    private static float real(short bits, boolean brain) {
        return brain ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
    }

    @Test
    void theCompilersFunctionsComeOutRight() {
        float[] x = randoms(32);
        long to = trial.put(new float[416]);
        trial.launch("functions", 1, 32, pointers(trial.put(x), to));
        float[] y = trial.floats(to, 416);
        DoubleUnaryOperator[] functions = {
            Math::exp,
            Math::tanh,
            PtxDeviceTest::erf,
            a -> Math.sin((float) a * 100000f),
            Math::cos,
            a -> Math.log(Math.abs(a)),
            a -> Math.pow(2, a),
            a -> Math.pow(Math.abs(a), 1.7f),
            a -> (float) a % 0.3f,
            a -> Math.log1p(Math.abs(a)),
            a -> 1 / Math.sqrt(Math.abs(a)),
            a -> Math.copySign(Math.floor(Math.abs((float) a * 10f) + 0.5), a),
            Math::exp
        };
        for (int f = 0; f < functions.length; f++) {
            for (int i = 0; i < 32; i++) {
                float expected = (float) functions[f].applyAsDouble(x[i]);
                assertThat(y[f * 32 + i])
                        .as("function %d of %s", f, x[i])
                        .isCloseTo(expected, within(4 * Math.ulp(expected)));
            }
        }
    }

    /** The error function by its series. */
    private static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 100; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }
}
