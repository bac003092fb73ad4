package dev.fovea.backend.cpu.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Machine code for rows and values has the bits of its twins in Java. */
class RowCodeTest {
    private static final float[] SPECIAL = {
        0,
        -0f,
        1,
        -1,
        Float.NaN,
        Float.intBitsToFloat(0x7fc00081),
        Float.intBitsToFloat(0xffffffff),
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.MIN_VALUE,
        -Float.MIN_NORMAL,
        Float.MAX_VALUE,
        88.8f,
        -88.8f,
        87.4f,
        4.1f * 1.4142135f,
        1.4142135f,
        1e-20f
    };

    private final Workers workers = new Workers(1);
    private final Elementwise code = new Elementwise(workers, true);
    private final Elementwise java = new Elementwise(workers, false);
    private final Arena arena = Arena.ofConfined();
    private final Random random = new Random(5);

    @BeforeEach
    void isThere() {
        assumeTrue(
                DotCode.Found.here().code() != null, () -> DotCode.Found.here().reason());
    }

    @AfterEach
    void close() {
        workers.close();
        arena.close();
    }

    enum Type {
        FLOAT32,
        BFLOAT16,
        FLOAT16;

        DType dtype() {
            return DType.valueOf(name());
        }
    }

    private Rows rows(DType dtype, int count, int width) {
        long stride = (long) width * dtype.bytes();
        MemorySegment memory = arena.allocate(count * stride, 64);
        return new Rows(dtype, memory.address(), count, width, stride);
    }

    /** Of all sizes, with what is special in between. */
    private Rows values(DType dtype, int count, int width, boolean special) {
        Rows rows = rows(dtype, count, width);
        float[] row = new float[Lanes.padded(width)];
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < width; j++) {
                int kind = special ? random.nextInt(4) : 1;
                row[j] = kind == 0
                        ? SPECIAL[random.nextInt(SPECIAL.length)]
                        : (float) (random.nextGaussian() * (kind == 1 ? 1 : 30));
            }
            rows.store(row, i);
        }
        return rows;
    }

    /** Any NaN is one. */
    private static int[] bits(Rows rows) {
        float[] row = new float[Lanes.padded(rows.width())];
        int[] bits = new int[rows.count() * rows.width()];
        for (int i = 0; i < bits.length; i++) {
            if (i % rows.width() == 0) {
                rows.load(i / rows.width(), row);
            }
            bits[i] = Float.floatToIntBits(row[i % rows.width()]);
        }
        return bits;
    }

    private interface Operation {
        void run(boolean byCode, Rows out);
    }

    private void sameBits(DType dtype, int count, int width, Operation operation) {
        Rows found = rows(dtype, count, width);
        Rows expected = rows(dtype, count, width);
        operation.run(true, found);
        operation.run(false, expected);
        assertThat(bits(found)).isEqualTo(bits(expected));
    }

    private Elementwise elementwise(boolean byCode) {
        return byCode ? code : java;
    }

    private Norms norms(boolean byCode) {
        return new Norms(workers, elementwise(byCode), byCode);
    }

    @ParameterizedTest
    @EnumSource
    void activations(Type type) {
        Rows x = values(type.dtype(), 1, 40_003, true);
        for (Activation f : Activation.values()) {
            sameBits(
                    x.dtype(),
                    1,
                    x.width(),
                    (byCode, out) -> elementwise(byCode).activation(x, out, f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void pairs(Type type) {
        Rows x = values(type.dtype(), 1, 40_003, true);
        Type other = type == Type.FLOAT16 ? Type.FLOAT32 : Type.FLOAT16;
        Rows y = values(other.dtype(), 1, 40_003, true);
        sameBits(x.dtype(), 1, x.width(), (byCode, out) -> elementwise(byCode).add(x, y, out));
        for (Activation f : Activation.values()) {
            sameBits(
                    x.dtype(),
                    1,
                    x.width(),
                    (byCode, out) -> elementwise(byCode).gated(x, y, out, f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void casts(Type type) {
        Rows x = values(type.dtype(), 1, 4_003, true);
        for (Type to : Type.values()) {
            sameBits(
                    to.dtype(),
                    1,
                    x.width(),
                    (byCode, out) -> elementwise(byCode).cast(x, out));
        }
    }

    @ParameterizedTest
    @EnumSource
    void norms(Type type) {
        for (int width : new int[] {16, 1152, 100}) {
            Rows x = values(type.dtype(), 33, width, false);
            Rows weight = values(type.dtype(), 1, width, false);
            Rows bias = values(type.dtype(), 1, width, false);
            sameBits(x.dtype(), 33, width, (byCode, out) -> norms(byCode).layerNorm(x, weight, bias, out, 1e-6f));
            sameBits(x.dtype(), 33, width, (byCode, out) -> norms(byCode).rmsNorm(x, weight, out, 1e-6f));
            sameBits(x.dtype(), 33, width, (byCode, out) -> norms(byCode).rmsNormPlusOne(x, weight, out, 1e-6f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void normsOfFloat32ByWeightsOfEachDtype(Type type) {
        Rows x = values(DType.FLOAT32, 3, 64, false);
        Rows weight = values(type.dtype(), 1, 64, false);
        Rows bias = values(DType.FLOAT32, 1, 64, false);
        sameBits(x.dtype(), 3, 64, (byCode, out) -> norms(byCode).layerNorm(x, weight, bias, out, 1e-6f));
        sameBits(x.dtype(), 3, 64, (byCode, out) -> norms(byCode).rmsNorm(x, weight, out, 1e-6f));
        sameBits(x.dtype(), 3, 64, (byCode, out) -> norms(byCode).rmsNormPlusOne(x, weight, out, 1e-6f));
    }

    @Test
    void noHeadsAreNotRotated() {
        Rows angles = values(DType.FLOAT32, 2, 16, false);
        Rows none = rows(DType.FLOAT32, 2, 0);
        for (boolean byCode : new boolean[] {true, false}) {
            new Rotations(workers, byCode).rope(none, angles, angles, none, 0, false);
        }
        assertThat(bits(none)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void rotations(Type type) {
        for (int half : new int[] {8, 16, 40, 64}) {
            for (Type angle : new Type[] {Type.FLOAT32, type}) {
                Rows cos = values(angle.dtype(), 5, half, false);
                Rows sin = values(angle.dtype(), 5, half, false);
                Rows x = values(type.dtype(), 5, 6 * half, false);
                sameBits(
                        x.dtype(),
                        5,
                        6 * half,
                        (byCode, out) -> new Rotations(workers, byCode).rope(x, cos, sin, out, 3, angle == type));
            }
        }
    }

    /** Scores of so many keys, and minus infinity up to a pair of vectors and where a query sees none. */
    private Rows scores(int count, boolean special, int from, int to) {
        int room = Math.ceilDiv(count, 2 * Lanes.COUNT) * 2 * Lanes.COUNT;
        Rows scores = values(DType.FLOAT32, 1, room, special);
        RowSoftmax.hide(scores.address(), room, Math.min(from, count), Math.min(to, count));
        return scores;
    }

    private void softmaxHasSameBits(Rows scores, float base) {
        int room = scores.width();
        for (float scale : new float[] {0.125f, 1}) {
            float[] sums = new float[2];
            sameBits(DType.FLOAT32, 1, room, (byCode, out) -> {
                MemorySegment.copy(
                        Lanes.MEMORY, scores.address(), Lanes.MEMORY, out.address(), (long) room * Float.BYTES);
                sums[byCode ? 0 : 1] = new RowSoftmax(byCode).weights(out.address(), room, scale, base);
            });
            assertThat(Float.floatToIntBits(sums[0])).isEqualTo(Float.floatToIntBits(sums[1]));
        }
    }

    @Test
    void softmax() {
        RowSoftmax byCode = new RowSoftmax(true);
        RowSoftmax byJava = new RowSoftmax(false);
        for (int count : IntStream.concat(IntStream.rangeClosed(1, 70), IntStream.of(577, 4096))
                .toArray()) {
            for (Rows scores : List.of(
                    scores(count, false, 0, count), scores(count, false, 3, count - 5), scores(count, false, 0, 0))) {
                float largest = byCode.largest(scores.address(), scores.width());
                assertThat(largest + 0).isEqualTo(byJava.largest(scores.address(), scores.width()) + 0);
                softmaxHasSameBits(scores, largest == Float.NEGATIVE_INFINITY ? 0 : largest);
            }
            softmaxHasSameBits(scores(count, true, 0, count), 1.5f);
        }
    }

    @Test
    void weightsOfWhatIsNoNumberAreNone() {
        int count = 2 * Lanes.COUNT;
        for (int bits = 0; bits < 1024; bits++) {
            Rows scores = scores(count, false, 0, count);
            float[] row = new float[count];
            scores.load(0, row);
            row[bits % count] = Float.intBitsToFloat((bits % 2 == 0 ? 0x7fc00000 : 0xffbffc00) | bits);
            scores.store(row, 0);
            float sum = new RowSoftmax(true).weights(scores.address(), count, 1, 0);
            scores.load(0, row);
            assertThat(row[bits % count] + sum).isNaN();
        }
    }

    @Test
    void largestScoreAtEachPlace() {
        int room = 4 * Lanes.COUNT;
        for (int place = 0; place < room; place++) {
            Rows scores = scores(room, false, place, place + 1);
            float[] row = new float[room];
            scores.load(0, row);
            assertThat(new RowSoftmax(true).largest(scores.address(), room)).isEqualTo(row[place]);
        }
    }

    @Test
    void sumsThatShrink() {
        for (int count = Lanes.COUNT; count <= 8 * Lanes.COUNT; count += Lanes.COUNT) {
            int width = count;
            Rows before = values(DType.FLOAT32, 1, width, true);
            Rows partial = values(DType.FLOAT32, 1, width, true);
            sameBits(DType.FLOAT32, 1, width, (byCode, out) -> {
                MemorySegment.copy(
                        Lanes.MEMORY, before.address(), Lanes.MEMORY, out.address(), (long) width * Float.BYTES);
                new RowSoftmax(byCode).accumulate(out.address(), partial.address(), width, 0.3f);
            });
        }
    }
}
