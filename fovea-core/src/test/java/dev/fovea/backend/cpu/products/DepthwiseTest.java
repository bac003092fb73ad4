package dev.fovea.backend.cpu.products;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machine code for depthwise convolutions has the bits of Java's loops. */
class DepthwiseTest {
    private static final int CHANNELS = 64;

    private final Random random = new Random(7);

    private float[] values(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Maps.Plane plane(Arena arena, DType dtype, int height, int width) {
        long bytes = (long) height * width * CHANNELS * dtype.bytes();
        return new Maps.Plane(dtype, arena.allocate(bytes, 64).address(), height, width, CHANNELS);
    }

    private static byte[] bytes(Maps.Plane plane) {
        return MemorySegment.ofAddress(plane.address())
                .reinterpret((long) plane.height()
                        * plane.width()
                        * CHANNELS
                        * plane.dtype().bytes())
                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT32", "BFLOAT16", "FLOAT16"})
    void hasTheBitsOfJava(String name) {
        assumeTrue(
                DotCode.Found.here().code() != null, () -> DotCode.Found.here().reason());
        DType dtype = DType.valueOf(name);
        for (Maps.Window window : new Maps.Window[] {
            new Maps.Window(3, 3, 1, 1),
            new Maps.Window(3, 3, 2, 1),
            new Maps.Window(2, 4, 1, 3),
            new Maps.Window(5, 5, 1, 2)
        }) {
            try (Arena arena = Arena.ofConfined();
                    Workers workers = new Workers(1)) {
                Maps.Plane x = plane(arena, dtype, 7, 9);
                Rows rows = new Rows(dtype, x.address(), 63, CHANNELS, (long) CHANNELS * dtype.bytes());
                for (int i = 0; i < rows.count(); i++) {
                    rows.store(values(Lanes.padded(CHANNELS)), i);
                }
                float[] taps = values(window.height() * window.width() * CHANNELS);
                float[] bias = values(CHANNELS);
                int height = (7 + 2 * window.padding() - window.height()) / window.stride() + 1;
                int width = (9 + 2 * window.padding() - window.width()) / window.stride() + 1;
                Maps.Plane found = plane(arena, dtype, height, width);
                Maps.Plane expected = plane(arena, dtype, height, width);
                new Depthwise(workers, true).run(x, window, taps, bias, found);
                new Depthwise(workers, false).run(x, window, taps, bias, expected);
                assertThat(Arrays.equals(bytes(found), bytes(expected)))
                        .as(window + "")
                        .isTrue();
            }
        }
    }
}
