package dev.fovea.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.ffi.NativeLibrary;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Machine code and Java give the same bits for float16 of all kinds. */
class Float16CodeTest {
    private static final int[] SPECIAL = {0, 0x8000, 1, 0x83ff, 0x400, 0x7bff, 0xfbff, 0x7c00, 0xfc00};

    @Test
    void isThereWhereTheProcessorHasTheInstructions() {
        assumeTrue(NativeLibrary.platform().equals("linux-x86_64") && Lanes.SHAPE.vectorBitSize() >= 256);
        assertThat(Float16Code.Found.here().reason()).isEmpty();
        assertThat(Float16Code.Found.here().code()).isNotNull();
    }

    @Test
    void hasTheBitsOfJava() {
        Float16Code code = Float16Code.Found.here().code();
        assumeTrue(code != null);
        for (int n : new int[] {Lanes.COUNT, 3 * Lanes.COUNT, 512, 512 + Lanes.COUNT, 2048}) {
            for (int rows : new int[] {4, 12, 64}) {
                for (int count = 1; count <= 4; count++) {
                    check(code, n, rows, count);
                }
            }
        }
    }

    private static void check(Float16Code code, int n, int rows, int count) {
        SplittableRandom random = new SplittableRandom(n + rows + count);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment w = arena.allocate(2L * n * rows, 2);
            for (long i = 0; i < (long) n * rows; i++) {
                int bits = Float.floatToFloat16((float) random.nextGaussian());
                boolean special = random.nextInt(n * rows) < 4;
                w.set(Lanes.SHORT, 2 * i, (short) (special ? SPECIAL[random.nextInt(SPECIAL.length)] : bits));
            }
            Rows rowsOfX =
                    new Rows(DType.FLOAT32, arena.allocate(4L * n * count, 64).address(), count, n, 4L * n);
            float[] row = new float[n];
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < n; i++) {
                    row[i] = (float) random.nextGaussian();
                }
                rowsOfX.store(row, j);
            }
            float[] fast = new float[count * rows];
            float[] plain = new float[count * rows];
            float[] vector = new float[count * rows];
            code.multiply(
                    new Rows(DType.FLOAT16, w.address(), rows, n, 2L * n),
                    new Panel.Strip(rowsOfX.address(), count, n),
                    0,
                    count,
                    fast,
                    0,
                    rows);
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < rows; i += Dot.SIDE) {
                    long at = w.address() + 2L * n * i;
                    PlainDot.column(DType.FLOAT16, at, 2L * n, rowsOfX.row(j), n, plain, j * rows + i);
                    Float16Dot.column(at, 2L * n, rowsOfX.row(j), n, vector, j * rows + i);
                }
            }
            assertThat(vector).as("Java's vectors, %d x %d", rows, n).isEqualTo(plain);
            assertThat(fast)
                    .as("machine code, %d x %d, %d rows", rows, n, count)
                    .isEqualTo(plain);
        }
    }
}
