package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.error.MemoryException;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Towers that run again without being asked for: other operands give their own results, and what cannot run again does not. */
class ReplayTest {
    private static final int ROWS = 20;
    private static final int WIDTH = 8;

    private final CountingDevice device = new CountingDevice(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
    private final CudaBackend backend = new CudaBackend(new ForwardingDevice(device) {
        @Override
        public long allocate(long bytes) {
            if (isShort) {
                isShort = false;
                throw new MemoryException("no memory", "none");
            }
            return super.allocate(bytes);
        }
    });
    private boolean isShort; // at the next allocation
    private int calls;

    @AfterEach
    void close() {
        backend.close();
    }

    /** Windows of rows in another order, normed, that attend to each other: memory is used again, tables come from the host. */
    private Tensor tower(Tensor pixels) {
        calls++;
        int[] order = new int[ROWS];
        Arrays.setAll(order, i -> i * 7 % ROWS);
        Tensor x = backend.gatherRows(pixels, order, DType.FLOAT32);
        for (int layer = 0; layer < 3; layer++) {
            Tensor h = x;
            x = Scope.keep(backend, () -> {
                Tensor ones = Tensor.of(backend, ones(), WIDTH);
                Tensor y = backend.rmsNorm(h, ones, 1e-6f).reshape(ROWS, 1, WIDTH);
                Tensor seen = backend.attention(y, y, y, Mask.segments(new int[] {0, 6, ROWS}), 0.3f);
                return backend.add(h, backend.activation(seen.reshape(ROWS, WIDTH), Activation.GELU));
            });
        }
        return x;
    }

    private static float[] ones() {
        float[] ones = new float[WIDTH];
        Arrays.fill(ones, 1.5f);
        return ones;
    }

    private float[] run(boolean replayed, int picture, UnaryOperator<Tensor> tower) {
        float[] values = new float[ROWS * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i * (picture + 1));
        }
        try (Scope _ = Scope.open(backend)) {
            Tensor pixels = Tensor.of(backend, values, ROWS, WIDTH);
            return (replayed ? backend.replay("tower", pixels, tower) : tower.apply(pixels)).toFloats();
        }
    }

    @Test
    void otherPicturesOfOneSizeRunAsOneGraph() {
        float[][] expected = {run(false, 0, this::tower), run(false, 1, this::tower), run(false, 2, this::tower)};
        calls = 0;
        for (int picture = 0; picture < 3; picture++) {
            assertThat(run(true, picture, this::tower)).isEqualTo(expected[picture]);
        }
        assertThat(run(true, 0, this::tower)).isEqualTo(expected[0]);
        assertThat(calls).as("times that the tower was asked for").isEqualTo(1);
        assertThat(device.captures).isEqualTo(1);
        assertThat(device.replays).isEqualTo(3);
    }

    /** The tables outgrow their block the first time, and what was recorded before is no good. */
    @Test
    void whatOutgrowsItsTablesIsRecordedAnew() {
        float[] many = new float[1 << 19];
        UnaryOperator<Tensor> large = x -> {
            Tensor y = tower(x);
            Tensor shift = Tensor.of(backend, many, many.length).rows(0, WIDTH);
            return backend.add(y, shift);
        };
        float[] expected = run(false, 5, large);
        for (int i = 0; i < 3; i++) {
            run(true, i, large);
        }
        assertThat(run(true, 5, large)).isEqualTo(expected);
        assertThat(device.captures).isEqualTo(1);
    }

    @Test
    void whoReadsInBetweenIsAskedEachTime() {
        UnaryOperator<Tensor> reading = x -> {
            Tensor y = tower(x);
            return backend.scale(y, y.toFloats()[0]);
        };
        float[] expected = run(false, 1, reading);
        run(true, 0, reading);
        assertThat(run(true, 1, reading)).isEqualTo(expected);
        assertThat(device.captures).isZero();
    }

    @Test
    void aFailureLeavesNothing() {
        UnaryOperator<Tensor> failing = x -> {
            tower(x);
            throw new IllegalStateException("tower");
        };
        for (int i = 0; i < 2; i++) {
            try {
                run(true, 0, failing);
            } catch (IllegalStateException e) {
                assertThat(e).hasMessage("tower");
            }
        }
        assertThat(run(true, 1, this::tower)).isEqualTo(run(false, 1, this::tower));
        assertThat(run(true, 2, this::tower)).isEqualTo(run(false, 2, this::tower));
    }

    /** Memory that is short takes what waits to run again; that is recorded anew. */
    @Test
    void itsMemoryMayGo() {
        float[] expected = run(false, 2, this::tower);
        run(true, 0, this::tower);
        run(true, 1, this::tower);
        calls = 0;
        try (Scope scope = Scope.detached(backend)) {
            isShort = true;
            scope.allocate(DType.FLOAT32, Shape.of(2 << 20));
            assertThat(isShort).isFalse();
            assertThat(run(true, 2, this::tower)).isEqualTo(expected);
        }
        assertThat(calls).isEqualTo(1);
    }

    /** A fifth size takes the place of the first. */
    @Test
    void soManySizesAreKept() {
        for (int round = 0; round < 2; round++) {
            for (int size = 1; size <= 5; size++) {
                int rows = size;
                try (Scope _ = Scope.open(backend)) {
                    Tensor x = Tensor.of(backend, new float[rows * WIDTH], rows, WIDTH);
                    backend.replay(rows, x, y -> {
                        calls++;
                        return backend.scale(y, 2);
                    });
                }
            }
        }
        assertThat(calls).isEqualTo(10);
    }
}
