package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.ClosedException;
import dev.fovea.error.NativeException;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Steps that come again and again: they settle, their bits are those of single calls, and nobody disturbs them. */
class RecorderTest {
    private static final int ROWS = 40;
    private static final int WIDTH = 8;

    private final CountingDevice device = new CountingDevice(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
    private final CudaBackend backend = new CudaBackend(device);

    @AfterEach
    void close() {
        backend.close();
    }

    /** A step of a decoder in small: looks a token up, remembers it, attends to what came before, and scores all tokens. */
    private static final class Toy implements AutoCloseable {
        private final Backend backend;
        private final Scope memory;
        private final Tensor table;
        private final Tensor cache;

        Toy(Backend backend) {
            this.backend = backend;
            memory = Scope.detached(backend);
            float[] values = new float[ROWS * WIDTH];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) Math.sin(i * i);
            }
            table = memory.allocate(DType.FLOAT32, Shape.of(ROWS, WIDTH));
            backend.write(MemorySegment.ofArray(values), table);
            cache = memory.allocate(DType.FLOAT32, Shape.of(ROWS, 1, WIDTH));
        }

        Tensor step(int token, int position) {
            Tensor x = backend.gatherRows(table, new int[] {token}, DType.FLOAT32);
            float angle = position / 10f;
            Tensor shift = Tensor.of(backend, new float[] {(float) Math.cos(angle), 0, 1, 0, 0, 0, 0, angle}, WIDTH);
            Tensor y = Scope.keep(backend, () -> backend.add(x, shift));
            backend.scatterRows(cache, new int[] {position}, y.reshape(1, 1, WIDTH));
            Mask mask = new Mask(new int[] {0}, new int[] {0}, new int[] {position + 1}, new int[][] {rows(position)});
            Tensor seen = backend.attention(y.reshape(1, 1, WIDTH), cache, cache, mask, 0.3f);
            return backend.linear(seen.reshape(1, WIDTH), table, null);
        }

        private static int[] rows(int position) {
            int[] rows = new int[position + 1];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i;
            }
            return rows;
        }

        /** The scores of all steps, each token the greatest of the last. */
        List<float[]> run(boolean repeated, int steps) {
            List<float[]> scores = new ArrayList<>();
            int token = 3;
            for (int i = 0; i < steps; i++) {
                int position = i;
                int last = token;
                try (Scope _ = Scope.open(backend)) {
                    Tensor logits = repeated ? backend.repeat("toy", () -> step(last, position)) : step(last, position);
                    token = backend.argmax(logits)[0];
                    scores.add(logits.toFloats());
                }
            }
            return scores;
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    @Test
    void repeatedStepsAreBitForBitSingleCallsAndSettle() {
        List<float[]> single;
        try (Toy toy = new Toy(backend)) {
            single = toy.run(false, 12);
        }
        assertThat(device.captures).isZero();
        List<float[]> repeated;
        try (Toy toy = new Toy(backend)) {
            repeated = toy.run(true, 12);
        }
        for (int i = 0; i < single.size(); i++) {
            assertThat(repeated.get(i)).as("step " + i).isEqualTo(single.get(i));
        }
        assertThat(device.captures).as("one graph for all steps").isEqualTo(1);
        assertThat(device.replays).as("all steps but the first two").isGreaterThanOrEqualTo(9);
    }

    @Test
    void aStepIsWhatTheReferenceComputes() {
        try (Backend reference = new ReferenceBackend();
                Toy expected = new Toy(reference);
                Toy toy = new Toy(backend)) {
            List<float[]> scores = toy.run(true, 6);
            List<float[]> wanted = expected.run(true, 6);
            for (int i = 0; i < scores.size(); i++) {
                assertThat(scores.get(i)).usingComparatorWithPrecision(1e-5f).containsExactly(wanted.get(i));
            }
        }
    }

    /** Another model's cache lies elsewhere: what differs is launched, and is what repeats from then on. */
    @Test
    void aStepThatDiffersRunsAsItIs() {
        try (Toy first = new Toy(backend);
                Toy second = new Toy(backend)) {
            List<float[]> expected = first.run(true, 6);
            List<float[]> other = second.run(true, 6);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(other.get(i)).as("step " + i).isEqualTo(expected.get(i));
            }
        }
        assertThat(device.captures).isEqualTo(2);
    }

    @Test
    void whatFailsLeavesNothingBehind() {
        try (Toy toy = new Toy(backend)) {
            List<float[]> expected = toy.run(true, 4);
            int launches = device.launches;
            try (Scope _ = Scope.open(backend)) {
                assertThatThrownBy(() -> backend.repeat("toy", () -> {
                            toy.step(1, 1);
                            throw new IllegalStateException("on the way");
                        }))
                        .hasMessage("on the way");
            }
            assertThat(device.launches).as("nothing of it ran").isEqualTo(launches);
            assertThat(toy.run(true, 4).getLast()).isEqualTo(expected.getLast());
        }
    }

    /** What has been asked for is computed, and then the memory goes. */
    @Test
    void aBackendClosedMeanwhile() throws InterruptedException {
        try (Scope _ = Scope.open(backend)) {
            Tensor one = Tensor.of(backend, new float[] {1, 2}, 2);
            Tensor two = backend.repeat("step", () -> backend.add(one, one));
            Thread.ofPlatform().start(backend::close).join();
            assertThat(two.toFloats()).containsExactly(2, 4);
            assertThat(device.freeBytes()).isLessThan(device.totalBytes());
        }
        assertThat(device.freeBytes()).isEqualTo(device.totalBytes());
        assertThatThrownBy(() -> Scope.open(backend)).isInstanceOf(ClosedException.class);
    }

    /** What it wrote into caches is there, and memory that came back while it waited is handed out again. */
    @Test
    void aStepThatNobodyReads() throws InterruptedException {
        try (Scope cache = Scope.detached(backend)) {
            Tensor target = cache.allocate(DType.FLOAT32, Shape.of(1, 2));
            long[] free = new long[6];
            for (int i = 0; i < free.length; i++) {
                float value = i;
                Thread.ofPlatform()
                        .start(() -> {
                            try (Scope _ = Scope.open(backend)) {
                                Tensor row = Tensor.of(backend, new float[] {value, value}, 1, 2);
                                backend.repeat("step", () -> {
                                    backend.scatterRows(target, new int[] {0}, row);
                                    return backend.add(row, row);
                                });
                            }
                        })
                        .join();
                assertThat(target.toFloats()).containsExactly(value, value);
                free[i] = device.freeBytes();
            }
            assertThat(free).containsOnly(free[0]);
        }
    }

    /** A thread that is long in the midst of the eldest step does not keep others from going. */
    @Test
    void stepsOfManyKeys() {
        try (Scope _ = Scope.open(backend)) {
            Tensor one = Tensor.of(backend, new float[] {1, 2}, 2);
            Tensor sum = backend.repeat("eldest", () -> backend.add(one, one));
            long[] free = new long[30];
            for (int i = 0; i < free.length; i++) {
                free[i] = afterAStepElsewhere(i, one);
            }
            assertThat(free[29]).isEqualTo(free[14]);
            assertThat(sum.toFloats()).containsExactly(2, 4);
        }
    }

    private long afterAStepElsewhere(int key, Tensor one) {
        try {
            Thread.ofPlatform()
                    .start(() -> {
                        try (Scope _ = Scope.open(backend)) {
                            backend.repeat(key, () -> backend.add(one, one)).toFloats();
                        }
                    })
                    .join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return device.freeBytes();
    }

    /** A step of one model waits for its reader, whatever the thread does with another model meanwhile. */
    @Test
    void twoModelsOnOneThread() {
        boolean[] isLost = new boolean[1];
        ForwardingDevice card = new ForwardingDevice(device) {
            @Override
            public void launch(Kernel kernel, Grid grid, Arguments arguments) {
                if (isLost[0]) {
                    throw new NativeException("the card is lost");
                }
                super.launch(kernel, grid, arguments);
            }
        };
        try (CudaBackend lost = new CudaBackend(card)) {
            Scope outer = Scope.open(lost);
            Tensor one = Tensor.of(lost, new float[] {1, 2}, 2);
            Tensor two = lost.repeat("step", () -> lost.add(one, one));
            isLost[0] = true;
            try (Scope _ = Scope.open(backend)) {
                Tensor x = Tensor.of(backend, new float[] {3, 4}, 2);
                assertThat(backend.repeat("step", () -> backend.add(x, x)).toFloats())
                        .containsExactly(6, 8);
            }
            assertThatThrownBy(two::toFloats).hasMessage("the card is lost");
            outer.close();
        }
    }

    /** A long step begins to run while it is still being asked for, also where its end then differs. */
    @Test
    void theFirstPartOfALongStepRunsAtOnce() {
        try (Scope _ = Scope.open(backend)) {
            Tensor one = Tensor.of(backend, new float[] {1, 2, 3, 4}, 4);
            int[] replays = new int[6];
            int[] early = new int[1];
            for (int round = 0; round < replays.length; round++) {
                boolean differs = round == 4;
                device.replays = 0;
                try (Scope _ = Scope.open(backend)) {
                    Tensor sum = backend.repeat("long", () -> {
                        Tensor x = backend.add(one, one);
                        for (int i = 0; i < 98; i++) {
                            x = backend.add(x, one);
                        }
                        early[0] = device.replays;
                        return differs ? backend.scale(x, 2) : backend.add(x, one);
                    });
                    replays[round] = early[0];
                    assertThat(sum.toFloats())
                            .containsExactly(
                                    differs ? new float[] {200, 400, 600, 800} : new float[] {101, 202, 303, 404});
                }
            }
            assertThat(replays).as("parts that ran before the step was whole").containsExactly(0, 0, 2, 2, 2, 0);
        }
    }

    /** While one thread is in the midst of a step, another's calls under the same key run at once. */
    @Test
    void twoThreadsUnderOneKey() throws Exception {
        List<float[]> expected;
        try (Toy toy = new Toy(backend)) {
            expected = toy.run(false, 5);
        }
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        Thread busy = Thread.ofPlatform().start(() -> {
            try (Scope _ = Scope.open(backend);
                    Toy toy = new Toy(backend)) {
                backend.repeat("toy", () -> {
                    Tensor logits = toy.step(3, 0);
                    inside.countDown();
                    try {
                        done.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return logits;
                });
            }
        });
        inside.await();
        try (Toy toy = new Toy(backend)) {
            assertThat(toy.run(true, 5).getLast()).isEqualTo(expected.getLast());
        } finally {
            done.countDown();
            busy.join();
        }
    }
}
