package dev.fovea.backend.cuda.ptx;

import static dev.fovea.backend.cuda.ptx.PtxTrial.filled;
import static dev.fovea.backend.cuda.ptx.PtxTrial.pointers;
import static dev.fovea.backend.cuda.ptx.PtxTrial.randoms;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads that part and meet, warps and blocks that work together. */
class PtxThreadsTest {
    private final PtxTrial trial = new PtxTrial("programs");

    @AfterEach
    void close() {
        trial.close();
    }

    @Test
    void threadsLoopAsOftenAsTheyMust() {
        int[] x = IntStream.rangeClosed(1, 256).toArray();
        int[] steps = IntStream.of(x)
                .map(n -> (int) IntStream.iterate(n, i -> i != 1, i -> i % 2 == 0 ? i / 2 : 3 * i + 1)
                        .count())
                .toArray();
        assertThat(trial.run("collatz", 4, 64, x, 256)).isEqualTo(steps);
    }

    @Test
    void nestedLoopsAndEarlyEndsLeaveEachThreadItsOwn() {
        int[] x = IntStream.range(0, 128).map(i -> i * 37 % 61 - 7).toArray();
        assertThat(trial.run("nested", 2, 64, x, 128))
                .isEqualTo(IntStream.of(x).map(PtxThreadsTest::nested).toArray());
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
        assertThat(trial.run("choose", 1, 64, x, 128)).isEqualTo(y);
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
        assertThat(trial.run("shuffles", 1, 32, x, 192)).isEqualTo(y);
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
        assertThat(trial.run("halves", 1, 32, x, 32)).isEqualTo(y);
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
        assertThat(trial.run("votes", 1, 32, x, 160)).isEqualTo(y);
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
    void valuesLiveOnAcrossJumpsBackAndGuardedWrites() {
        String ptx = """
                .visible .entry k(.param .u64 p)
                {
                    .reg .pred %p<2>;
                    .reg .b32 %r<9>;
                    .reg .b64 %rd<4>;
                    ld.param.u64 %rd1, [p];
                    mov.u32 %r1, %tid.x;
                    mul.wide.u32 %rd2, %r1, 4;
                    add.s64 %rd3, %rd1, %rd2;
                    setp.lt.u32 %p1, %r1, 10;
                    mov.u32 %r2, 5;
                    @%p1 mov.u32 %r2, 7;
                    bra $define;
                $between:
                    mov.u32 %r3, 90;
                    add.s32 %r4, %r3, %r2;
                    bra $use;
                $define:
                    mov.u32 %r5, 1000;
                    bra $between;
                $use:
                    add.s32 %r6, %r4, %r5;
                    st.global.u32 [%rd3], %r6;
                    ret;
                }
                """;
        try (PtxTrial other = new PtxTrial(() -> ptx)) {
            long to = other.put(new int[32]);
            other.launch("k", 1, 32, pointers(to));
            assertThat(other.ints(to, 32))
                    .isEqualTo(IntStream.range(0, 32)
                            .map(i -> i < 10 ? 1097 : 1095)
                            .toArray());
        }
    }
}
