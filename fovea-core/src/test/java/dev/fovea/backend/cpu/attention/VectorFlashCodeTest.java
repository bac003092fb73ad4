package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.attention.VectorFlashCode.Form;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention of float32 in machine code has the bits of {@link PlainFlash}; of pairs of bfloat16 it is as near. */
class VectorFlashCodeTest {
    private static final int[] WIDTHS = {8, 64, 72, 80, 130};
    private static final int[] KEYS = {1, 13, 48, 56, 57, 131};
    private static final float SCALE = 0.15f;

    @ParameterizedTest
    @EnumSource
    void hasTheBitsOfPlainLoops(Form form) {
        assumeTrue(runs(form));
        for (int width : WIDTHS) {
            VectorFlashCode code = new VectorFlashCode(form, width);
            for (int keys : KEYS) {
                check(form, code, new PlainFlash.Operands(form.queries(), keys, width, 0));
            }
            check(form, code, new PlainFlash.Operands(form.queries(), 150, width, 0.05f));
        }
    }

    /** What is in other lanes makes sums of all shrink, which leaves no trace. */
    @ParameterizedTest
    @EnumSource
    void aQueryHasTheSameBitsBesideAnyOthers(Form form) {
        assumeTrue(runs(form));
        VectorFlashCode code = new VectorFlashCode(form, 64);
        PlainFlash.Operands operands = new PlainFlash.Operands(form.queries(), 300, 64, 0.02f);
        float[] alone = attend(form, code, operands.ofQuery(3));
        float[] beside = attend(form, code, operands);
        for (int d = 0; d < 64; d++) {
            int at = d * form.queries() + 3;
            assertThat(alone[at]).isEqualTo(beside[at]);
        }
    }

    /** Keys that it does not see, in front of an interval and behind it, leave a query's bits as they are. */
    @ParameterizedTest
    @EnumSource
    void keysThatAQueryDoesNotSeeLeaveNoTrace(Form form) {
        assumeTrue(runs(form));
        VectorFlashCode code = new VectorFlashCode(form, 64);
        PlainFlash.Operands operands = new PlainFlash.Operands(form.queries(), 300, 64, 0.02f);
        int from = 2 * form.block;
        int to = 211;
        float[] some = attend(form, code, operands, frame -> {
            for (int i = 0; i < form.queries(); i++) {
                VectorFrame.see(frame, i, i == 3 ? from : i, i == 3 ? to : 300 - i);
            }
            VectorFrame.seeTogether(frame, from, to, form.block);
        });
        float[] alone = attend(form, code, operands.ofKeys(from, to), VectorFrame::seeAll);
        for (int d = 0; d < 64; d++) {
            int at = d * form.queries() + 3;
            assertThat(some[at]).isEqualTo(alone[at]);
        }
    }

    /** Where float32 is hundreds apart a score has to be no more than the greatest, or its weight overflows. */
    @ParameterizedTest
    @EnumSource
    void theGreatestOfHugeScoresTakesAll(Form form) {
        assumeTrue(runs(form));
        VectorFlashCode code = new VectorFlashCode(form, 64);
        PlainFlash.Operands operands = new PlainFlash.Operands(form.queries(), 57, 64, 0);
        float scale = 1e12f;
        float[] results = attend(form, code, operands, scale, VectorFrame::seeAll);
        assertThat(PlainFlash.error(operands, scale, results)).isLessThan(1e-6);
    }

    /** Of a query whatever its bits, and of no query beside it. */
    @ParameterizedTest
    @EnumSource
    void ofNoNumberThereIsNone(Form form) {
        assumeTrue(runs(form));
        VectorFlashCode code = new VectorFlashCode(form, 64);
        PlainFlash.Operands operands = new PlainFlash.Operands(form.queries(), 57, 64, 0);
        float[] before = attend(form, code, operands);
        for (int bits : new int[] {0x7fc00000, 0xffc10000, 0x7fff0000, 0xffff0000, 0x7fc00081, 0xffffffff}) {
            float[] results = attend(form, code, operands.withQuery(3, Float.intBitsToFloat(bits)));
            for (int d = 0; d < 64; d++) {
                assertThat(results[d * form.queries() + 2]).isEqualTo(before[d * form.queries() + 2]);
                assertThat(results[d * form.queries() + 3]).as("%x", bits).isNaN();
            }
        }
    }

    @Test
    void isThereForHeadsAsWideAsAVector() {
        assertThat(Form.of(DType.FLOAT32, Lanes.COUNT, false)).isNotNull();
        assertThat(Form.of(DType.FLOAT32, Lanes.COUNT - 1, false)).isNull();
    }

    private static boolean runs(Form form) {
        if (DotCode.Found.here().code() == null || form.bits > Lanes.SHAPE.vectorBitSize()) {
            return false;
        }
        return !form.pairs() || Isa.AVX512_BF16.isPresent();
    }

    private static void check(Form form, VectorFlashCode code, PlainFlash.Operands operands) {
        float[] results = attend(form, code, operands);
        String what = form + ", " + operands;
        if (form.pairs()) {
            assertThat(PlainFlash.error(operands, SCALE, results)).as(what).isLessThan(1e-5);
        } else {
            assertThat(results).as(what).isEqualTo(PlainFlash.attend(operands, SCALE, form.block));
        }
    }

    private static float[] attend(Form form, VectorFlashCode code, PlainFlash.Operands operands) {
        return attend(form, code, operands, VectorFrame::seeAll);
    }

    private static float[] attend(Form form, VectorFlashCode code, PlainFlash.Operands operands, LongConsumer seeing) {
        return attend(form, code, operands, SCALE, seeing);
    }

    private static float[] attend(
            Form form, VectorFlashCode code, PlainFlash.Operands operands, float scale, LongConsumer seeing) {
        int width = operands.width();
        int queries = form.queries();
        try (Arena arena = Arena.ofConfined()) {
            int words = form.words(width);
            MemorySegment q = memory(arena, words * queries);
            MemorySegment k = memory(arena, code.room(operands.keys()) * words);
            MemorySegment v = memory(arena, operands.keys() * width);
            k.fill((byte) -1); // no numbers behind the last key
            for (int d = 0; d < width; d++) {
                for (int i = 0; i < queries; i++) {
                    put(form, q, d, queries, i, operands.q(i, d));
                }
                for (int i = 0; i < operands.keys(); i++) {
                    put(form, k, d, 1, i * words, operands.k(i, d));
                    v.setAtIndex(FLOAT, (long) i * width + d, operands.v(i, d));
                }
            }
            MemorySegment sums = memory(arena, width * queries);
            long frame = arena.allocate(VectorFrame.BYTES, 64).address();
            seeing.accept(frame);
            code.attend(
                    q.address(),
                    k.address(),
                    v.address(),
                    operands.keys(),
                    scale,
                    arena.allocate(code.scoresBytes(), 64).address(),
                    sums.address(),
                    frame);
            return sums.toArray(FLOAT);
        }
    }

    private static MemorySegment memory(Arena arena, int floats) {
        return arena.allocate((long) floats * Float.BYTES, 64);
    }

    /** Value d of a row whose words are so many apart. */
    private static void put(Form form, MemorySegment to, int d, int apart, int at, float value) {
        if (form.pairs()) {
            long place = ((long) d / 2 * apart + at) * Float.BYTES + d % 2 * (long) Short.BYTES;
            to.set(Lanes.SHORT, place, (short) (Float.floatToRawIntBits(value) >>> Short.SIZE));
        } else {
            to.setAtIndex(FLOAT, (long) d * apart + at, value);
        }
    }
}
