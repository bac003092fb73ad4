package dev.fovea.backend.cpu.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cpu.CpuBackend.GemmChoice;
import dev.fovea.backend.cpu.CpuBackend.Options;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of bfloat16 attend by machine code in pairs: to what the reference gets, whichever rows keys have, and each query by itself. */
class StepBlockTest {
    @BeforeEach
    void aProcessorThatMultipliesPairs() {
        assumeTrue(DotCode.Found.here().code() != null && Isa.AVX512_BF16.isPresent() && !Isa.AMX.isPresent());
    }

    /** A step whose keys and values are drawn for so many rows; they may lie in others, which the mask's table names then too. */
    private record Step(int heads, int groups, int width, Mask mask, float magnitude, int[] order) {
        float[] attend(Backend backend) {
            try (Scope _ = Scope.open(backend)) {
                Tensor q = tensor(backend, 1, magnitude, mask.queries(), heads, width);
                Tensor k = tensor(backend, 2, magnitude, order.length, groups, width);
                Tensor v = tensor(backend, 3, 1, order.length, groups, width);
                Tensor keys = backend.gatherRows(k, order, DType.BFLOAT16);
                Tensor values = backend.gatherRows(v, order, DType.BFLOAT16);
                return backend.attention(q, keys, values, mask, (float) (1 / Math.sqrt(width)))
                        .toFloats();
            }
        }

        private static Tensor tensor(Backend backend, int seed, float magnitude, int... dims) {
            SplittableRandom random = new SplittableRandom(seed);
            float[] values = new float[Arrays.stream(dims).reduce(1, Math::multiplyExact)];
            for (int i = 0; i < values.length; i++) {
                values[i] = magnitude * (float) random.nextDouble(-1, 1);
            }
            return Tensor.of(backend, values, dims).to(DType.BFLOAT16);
        }
    }

    private static float[] attend(Step step, int threads) {
        try (CpuBackend cpu = CpuBackend.create(new Options(threads, GemmChoice.AUTO))) {
            return step.attend(cpu);
        }
    }

    /** One query of each of some sequences that see keys from..to; the key of position p lies in row {@code rows[p]}. */
    private static Mask mask(int sequences, int from, int to, int[] rows) {
        int[] starts = new int[sequences];
        int[] ends = new int[sequences];
        Arrays.fill(starts, from);
        Arrays.fill(ends, to);
        int[][] tables = new int[sequences][];
        Arrays.fill(tables, rows);
        return new Mask(IntStream.range(0, sequences).toArray(), starts, ends, tables);
    }

    private static int[] upwards(int count) {
        return IntStream.range(0, count).toArray();
    }

    @ParameterizedTest
    @CsvSource({
        // query heads, key heads, width, from, to, magnitude
        "16, 2, 128, 0, 330, 1",
        "16, 2, 128, 0, 64, 3",
        "8, 4, 256, 5, 700, 1",
        "32, 8, 128, 0, 65, 1",
        "9, 1, 64, 0, 129, 1", // more heads than half a vector has lanes
        "16, 1, 32, 3, 19, 1",
        "12, 12, 64, 0, 17, 20", // the greatest takes all
        "6, 2, 96, 0, 1000, 8",
    })
    void getsWhatTheReferenceGets(int heads, int groups, int width, int from, int to, float magnitude) {
        Step step = new Step(heads, groups, width, mask(1, from, to, upwards(to)), magnitude, upwards(to + 2));
        float[] expected = step.attend(new ReferenceBackend());
        float[] values = attend(step, 2);
        int others = 0;
        int far = 0;
        for (int i = 0; i < values.length; i++) {
            others += values[i] == expected[i] ? 0 : 1;
            far += Math.abs(values[i] - expected[i]) <= 0x1p-7f * Math.abs(expected[i]) + 1e-5f ? 0 : 1;
        }
        assertThat(far).as("more than a unit in the last place away").isZero();
        assertThat(others).as("of %d", values.length).isLessThanOrEqualTo(values.length / 50);
    }

    @Test
    void aQueryHasTheSameBitsBesideOthersAndForAnyThreads() {
        float[] alone = attend(new Step(16, 1, 64, mask(1, 0, 300, upwards(300)), 1, upwards(300)), 2);
        Step three = new Step(16, 1, 64, mask(3, 0, 300, upwards(300)), 1, upwards(300));
        float[] beside = attend(three, 1);
        assertThat(attend(three, 7)).isEqualTo(beside);
        assertThat(Arrays.copyOf(beside, alone.length)).isEqualTo(alone);
    }

    @Test
    void keysMayLieInAnyRows() {
        int[] back = IntStream.range(0, 300).map(i -> 299 - i).toArray();
        int[] some = upwards(300);
        some[70] = 71;
        some[71] = 70;
        float[] inOrder = attend(new Step(4, 2, 32, mask(1, 3, 300, upwards(300)), 1, upwards(300)), 1);
        for (int[] rows : new int[][] {back, some}) {
            Step step = new Step(4, 2, 32, mask(1, 3, 300, rows), 1, rows);
            assertThat(attend(step, 1)).isEqualTo(inOrder);
        }
    }

    @Test
    void ofNoNumberThereIsNone() {
        float[] values = attend(new Step(4, 2, 32, mask(1, 0, 70, upwards(70)), Float.NaN, upwards(70)), 1);
        for (float value : values) {
            assertThat(value).isNaN();
        }
    }
}
