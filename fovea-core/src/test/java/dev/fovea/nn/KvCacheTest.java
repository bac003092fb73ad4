package dev.fovea.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What each query sees, against scores computed one by one from the definition of the mask; and what the cache holds. */
class KvCacheTest {
    private static final int WINDOW = 5;
    private static final int WIDTH = 4;
    private static final int LENGTH = 40;
    private static final int[] WINDOWS = {0, WINDOW};

    private final Backend backend = new ReferenceBackend();
    private final float[] q = noise(1);
    private final float[] k = noise(2);
    private final float[] v = noise(3);

    @Test
    void oneByOne() {
        check(new int[LENGTH], 1);
    }

    @Test
    void inChunks() {
        check(new int[LENGTH], 7);
    }

    @Test
    void aBlockSeesAheadWhollyAndBackByTheWindow() {
        int[] ends = new int[LENGTH];
        Arrays.fill(ends, 3, 15, 15); // longer than the window
        Arrays.fill(ends, 20, 22, 22);
        check(ends, LENGTH);
        check(ends, 20); // the second block begins a chunk
    }

    private void check(int[] blockEnd, int chunk) {
        try (KvCache cache = new KvCache(backend, DType.FLOAT32, 1, WIDTH, WINDOWS)) {
            int sequence = cache.addSequence();
            for (int from = 0; from < LENGTH; from += chunk) {
                int to = Math.min(LENGTH, from + chunk);
                try (Scope _ = Scope.open(backend)) {
                    KvCache.Step step = cache.append(
                            new int[] {sequence}, new int[] {to - from}, Arrays.copyOfRange(blockEnd, from, to));
                    for (int layer = 0; layer < WINDOWS.length; layer++) {
                        float[] seen = step.attend(layer, rows(q, from, to), rows(k, from, to), rows(v, from, to), 0.5f)
                                .toFloats();
                        assertThat(seen)
                                .as("layer %d, positions %d to %d", layer, from, to)
                                .containsExactly(expected(WINDOWS[layer], blockEnd, from, to), within(1e-6f));
                    }
                }
            }
        }
    }

    /** softmax over the keys with (j <= i or same block) and (no window or j > i - window). */
    private float[] expected(int window, int[] blockEnd, int from, int to) {
        float[] out = new float[(to - from) * WIDTH];
        for (int i = from; i < to; i++) {
            double sum = 0;
            double[] mixed = new double[WIDTH];
            for (int j = 0; j < LENGTH; j++) {
                boolean sameBlock = blockEnd[i] > 0 && blockEnd[i] == blockEnd[j];
                if ((j <= i || sameBlock) && (window == 0 || j > i - window)) {
                    double score = 0;
                    for (int d = 0; d < WIDTH; d++) {
                        score += 0.5 * q[i * WIDTH + d] * k[j * WIDTH + d];
                    }
                    sum += Math.exp(score);
                    for (int d = 0; d < WIDTH; d++) {
                        mixed[d] += Math.exp(score) * v[j * WIDTH + d];
                    }
                }
            }
            for (int d = 0; d < WIDTH; d++) {
                out[(i - from) * WIDTH + d] = (float) (mixed[d] / sum);
            }
        }
        return out;
    }

    @Test
    void aSlidingLayerDoesNotGrow() {
        long bytesOfRow = 2L * WIDTH * Float.BYTES;
        try (KvCache cache = new KvCache(backend, DType.FLOAT32, 1, WIDTH, new int[] {1000});
                KvCache full = KvCache.full(backend, DType.FLOAT32, 1, 1, WIDTH)) {
            int sequence = cache.addSequence();
            full.addSequence();
            long afterWindow = 0;
            for (int i = 0; i < 500; i++) { // 250,000 rows would be 8 MB
                cache.append(new int[] {sequence}, new int[] {500});
                full.append(new int[] {0}, new int[] {500});
                afterWindow = i == 3 ? cache.bytes() : afterWindow;
            }
            assertThat(cache.bytes()).isEqualTo(afterWindow);
            assertThat(full.bytes()).isGreaterThanOrEqualTo(250_000 * bytesOfRow);
            assertThat(cache.length(sequence)).isEqualTo(250_000);
        }
    }

    /** A sequence that forks, is cut back and goes on with a part of another sees what it would have seen alone. */
    @Test
    void sequencesShareWhatTheyHaveInCommon() {
        try (KvCache cache = new KvCache(backend, DType.FLOAT32, 1, WIDTH, WINDOWS)) {
            int first = cache.addSequence();
            run(cache, first, 0, 20);
            KvCache.Part part = cache.keep(first, 0, 20);
            run(cache, first, 20, 30);
            long used = cache.usedBytes();
            int fork = cache.fork(first);
            assertThat(cache.usedBytes()).as("a fork takes no row").isEqualTo(used);
            run(cache, fork, 30, 31);
            cache.takeBack(fork);
            assertThat(cache.usedBytes()).as("a step taken back").isEqualTo(used);
            cache.remove(first);
            int second = cache.addSequence();
            assertThat(second).isEqualTo(first);
            cache.append(second, part);
            for (int sequence : new int[] {second, fork}) {
                int from = cache.length(sequence);
                assertThat(run(cache, sequence, from, LENGTH))
                        .containsExactly(expected(WINDOW, new int[LENGTH], from, LENGTH), within(1e-6f));
            }
            cache.remove(second);
            cache.remove(fork);
            assertThat(cache.usedBytes()).isEqualTo(part.bytes());
            cache.forget(part);
            assertThat(cache.usedBytes()).isZero();
            assertThat(cache.sequences()).isZero();
        }
    }

    /** Tokens of one sequence in one step, each with the bits that it has in a step of its own; the last ones are taken back. */
    @Test
    void rowsOfOneSequenceAreTakenBack() {
        try (KvCache cache = new KvCache(backend, DType.FLOAT32, 1, WIDTH, WINDOWS)) {
            int one = cache.addSequence();
            int many = cache.addSequence();
            int kept = 3;
            for (int from = 0; from < LENGTH; from += kept) {
                int to = Math.min(LENGTH, from + 5);
                kept = Math.min(1 + from % 4, to - from);
                int[] rows = new int[to - from];
                Arrays.fill(rows, many);
                try (Scope _ = Scope.open(backend)) {
                    KvCache.Step step = cache.append(rows, ones(rows.length));
                    assertThat(step.positions()).startsWith(from).endsWith(to - 1);
                    for (int layer = 0; layer < WINDOWS.length; layer++) {
                        assertThat(step.attend(layer, rows(q, from, to), rows(k, from, to), rows(v, from, to), 0.5f)
                                        .toFloats())
                                .containsExactly(expected(WINDOWS[layer], new int[LENGTH], from, to), within(1e-6f));
                    }
                }
                for (int i = from + kept; i < to; i++) {
                    cache.takeBack(many);
                }
                for (int i = from; i < from + kept; i++) {
                    run(cache, one, i, i + 1);
                }
            }
            assertThat(cache.length(many)).isEqualTo(cache.length(one)).isEqualTo(LENGTH);
            long used = cache.usedBytes();
            cache.remove(one);
            assertThat(cache.usedBytes()).isEqualTo(used / 2);
        }
    }

    private static int[] ones(int n) {
        int[] ones = new int[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** What the layer with a window sees in one step. */
    private float[] run(KvCache cache, int sequence, int from, int to) {
        try (Scope _ = Scope.open(backend)) {
            KvCache.Step step = cache.append(new int[] {sequence}, new int[] {to - from});
            Tensor seen = step.attend(0, rows(q, from, to), rows(k, from, to), rows(v, from, to), 0.5f);
            assertThat(seen.toFloats()).containsExactly(expected(0, new int[LENGTH], from, to), within(1e-6f));
            return step.attend(1, rows(q, from, to), rows(k, from, to), rows(v, from, to), 0.5f)
                    .toFloats();
        }
    }

    /** 34 layers, every sixth full, window 1024, 4 heads of 256 in bfloat16: the figures of Gemma 3 4B. */
    @Test
    void bytesOfASequence() {
        int[] windows = new int[34];
        Arrays.setAll(windows, i -> (i + 1) % 6 == 0 ? 0 : 1024);
        try (KvCache cache = new KvCache(backend, DType.BFLOAT16, 4, 256, windows)) {
            assertThat(cache.bytes(1)).isEqualTo(139_264);
            assertThat(cache.bytes(1024)).isEqualTo(1024 * 139_264);
            assertThat(cache.bytes(131_072) - cache.bytes(1024)).isEqualTo((131_072 - 1024) * 20_480L);
        }
    }

    private Tensor rows(float[] values, int from, int to) {
        return Tensor.of(backend, Arrays.copyOfRange(values, from * WIDTH, to * WIDTH), to - from, 1, WIDTH);
    }

    private static org.assertj.core.data.Offset<Float> within(float offset) {
        return org.assertj.core.data.Offset.offset(offset);
    }

    private static float[] noise(long seed) {
        Random random = new Random(seed);
        float[] values = new float[LENGTH * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
