package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.attention.VectorFrame.BEFORE_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.END_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.GREATEST_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.KEY_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.SCALE_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.SEEN_BEFORE_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.SEEN_BLOCKS_AT;
import static dev.fovea.backend.cpu.attention.VectorFrame.TOTAL_AT;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/**
 * The softmax of {@link VectorFlashCode}: scores of a block become float32 weights where they lie. Those of keys that a query does not
 * see become zero, and leave its bits as they are.
 *
 * <p>Weights are relative to a query's greatest score, or to an earlier one that it has passed by no more than {@link
 * FlashFrame#SLACK}: sums need not shrink then. They are powers of scaled differences of scores: a difference of scaled scores would hold
 * the rounding of the greatest, which is hundreds from about 1e9 on.
 */
final class VectorWeights {
    static final Gpr SCORES = Gpr.RCX;

    /** For each value of a head all queries. */
    static final Gpr SUMS = Gpr.R8;

    /** Keys of the block. */
    static final Gpr BLOCK = Gpr.R13;

    static final Gpr COUNT = Gpr.R11;
    private static final Gpr AT = Gpr.RAX;

    // Predicates of vcmpps.
    private static final int EQUAL = 0;
    private static final int NOT_EQUAL = 4; // also of what is no number
    private static final int GREATER = 0x0e;

    /** {@code 2^f} for |f| up to a half: what is left of the error, 2e-9, is less than what rounding adds. */
    static final float[] POWER = {1, 0.6931472f, 0.24022648f, 0.055503324f, 0.009618437f, 0.0013398875f, 0.00015353362f
    };

    // Constants, by their place: registers, as far as there are any, else memory.
    private static final int SCALE = 0;
    private static final int INTEGER = 1;
    private static final int LOWEST = 2;
    private static final int POWERS = 3;

    private static final int[] GREATEST = {12, 13};
    private static final int[] TOTAL = {14, 15};

    private final VectorFlashCode.Form form;
    private final int values;
    private final int firstConstant;
    private final int constants;

    /** @param values of a head */
    VectorWeights(VectorFlashCode.Form form, int values) {
        this.form = form;
        this.values = values;
        boolean wide = form.bits == 512;
        firstConstant = wide ? 16 : 6;
        constants = wide ? POWERS + POWER.length : GREATEST[0] - firstConstant;
    }

    private Address at(int place, int half) {
        return VectorFrame.at(place + half * form.line());
    }

    // ------------------------------------------------------------------------------------------------------ code

    /** No keys yet. */
    void begin(Assembler a) {
        a.vmovups(0, LaneCode.constant(Float.NEGATIVE_INFINITY));
        a.vxorps(1);
        for (int half = 0; half < 2; half++) {
            a.vmovups(at(GREATEST_AT, half), 0);
            a.vmovups(at(TOTAL_AT, half), 1);
        }
        int loop = overSums(a);
        for (int half = 0; half < 2; half++) {
            a.vmovups(Address.of(AT, half * form.line()), 1);
        }
        next(a, loop);
    }

    /** Scores become weights, and what was summed before shrinks where a greatest score grew by much. */
    void ofBlock(Assembler a) {
        a.vpbroadcastd(firstConstant, VectorFrame.at(SCALE_AT));
        for (int i = INTEGER; i < constants; i++) {
            a.vmovups(firstConstant + i, constant(i));
        }
        a.load(AT, VectorFrame.at(KEY_AT));
        a.load(COUNT, VectorFrame.at(SEEN_BEFORE_AT));
        a.add(AT, COUNT);
        a.load(COUNT, VectorFrame.at(SEEN_BLOCKS_AT));
        a.cmp(AT, COUNT);
        int seen = a.jumpAheadIfBelow();
        hide(a);
        greatest(a);
        weigh(a, true);
        a.clear(AT);
        a.add(AT, 0);
        int done = a.jumpAheadIfZero();
        a.land(seen);
        greatest(a);
        weigh(a, false);
        a.land(done);
        a.load(AT, VectorFrame.at(KEY_AT));
        a.add(AT, form.block);
        a.store(VectorFrame.at(KEY_AT), AT);
    }

    /** Scores of keys that a query does not see. */
    private void hide(Assembler a) {
        int key = 0;
        int negativeKey = 1;
        int hidden = 2;
        int score = 3;
        a.vpbroadcastd(key, VectorFrame.at(KEY_AT));
        a.vcvtdq2ps(key, key);
        a.vxorps(negativeKey);
        a.vsubps(negativeKey, negativeKey, key);
        a.vmovups(hidden, LaneCode.constant(Float.NEGATIVE_INFINITY));
        int loop = overBlock(a);
        for (int half = 0; half < 2; half++) {
            Address at = Address.of(AT, half * form.line());
            a.vmovups(score, at);
            LaneCode.moveWhereAtLeast(a, form.bits, score, hidden, key, at(END_AT, half), 4);
            LaneCode.moveWhereAtLeast(a, form.bits, score, hidden, negativeKey, at(BEFORE_AT, half), 4);
            a.vmovups(at, score);
        }
        a.vaddps(key, key, LaneCode.constant(1));
        a.vsubps(negativeKey, negativeKey, LaneCode.constant(1));
        next(a, loop);
    }

    /** @param hidden whether scores may be of keys that a query does not see: weights of these are zero */
    private void weigh(Assembler a, boolean hidden) {
        for (int half = 0; half < 2; half++) {
            a.vmovups(GREATEST[half], at(GREATEST_AT, half));
            a.vxorps(TOTAL[half]);
        }
        int loop = overBlock(a);
        for (int half = 0; half < 2; half++) {
            Address score = Address.of(AT, half * form.line());
            a.vmovups(half, score);
            a.vsubps(half, half, GREATEST[half]);
            a.vmulps(half, half, firstConstant + SCALE);
            power(a, half, 2 + half, 4 + half);
            if (hidden) {
                zeroWhereHidden(a, half, 2 + half, score);
            }
            a.vaddps(form.bits, TOTAL[half], TOTAL[half], half);
            a.vmovups(score, half);
        }
        next(a, loop);
        for (int half = 0; half < 2; half++) {
            a.vaddps(TOTAL[half], TOTAL[half], at(TOTAL_AT, half));
            a.vmovups(at(TOTAL_AT, half), TOTAL[half]);
        }
    }

    private void zeroWhereHidden(Assembler a, int weight, int scratch, Address score) {
        a.vmovups(scratch, score);
        if (form.bits == 512) {
            a.vcmppsToMask(1, scratch, LaneCode.constant(Float.NEGATIVE_INFINITY), NOT_EQUAL);
            a.vmovapsOrZero(1, weight, weight);
        } else {
            a.vcmpps(scratch, scratch, LaneCode.constant(Float.NEGATIVE_INFINITY), EQUAL);
            a.vandnps(weight, scratch, weight);
        }
    }

    void divide(Assembler a) {
        for (int half = 0; half < 2; half++) {
            a.vmovups(2, LaneCode.constant(1));
            a.vmovups(3, at(TOTAL_AT, half));
            a.vdivps(half, 2, 3);
        }
        scale(a);
    }

    private int overBlock(Assembler a) {
        a.mov(AT, SCORES);
        a.mov(COUNT, BLOCK);
        return a.here();
    }

    private int overSums(Assembler a) {
        a.mov(AT, SUMS);
        a.clear(COUNT);
        a.add(COUNT, values);
        return a.here();
    }

    private void next(Assembler a, int loop) {
        a.add(AT, form.wide());
        a.sub(COUNT, 1);
        a.jumpIfNotZero(loop);
    }

    private Address constant(int place) {
        return LaneCode.constant(
                switch (place) {
                    case INTEGER -> FlashFrame.TO_POWER;
                    case LOWEST -> FlashFrame.LEAST;
                    default -> POWER[place - POWERS] / 2;
                });
    }

    private void greatest(Assembler a) {
        for (int half = 0; half < 2; half++) {
            a.vmovups(half, Address.of(SCORES, half * form.line()));
        }
        int loop = overBlock(a);
        for (int half = 0; half < 2; half++) {
            a.vmaxps(half, half, Address.of(AT, half * form.line()));
        }
        next(a, loop);
        for (int half = 0; half < 2; half++) {
            a.vmovups(2 + half, at(GREATEST_AT, half));
            a.vsubps(4 + half, half, 2 + half);
            a.vmulps(4 + half, 4 + half, firstConstant + SCALE);
            compare(a, half);
        }
        test(a, 0);
        int first = a.jumpAheadIfNotZero();
        test(a, 1);
        int neither = a.jumpAheadIfZero();
        a.land(first);
        shrink(a);
        a.land(neither);
    }

    /** Where the greatest of the block is beyond the slack: by masks, or in registers 4 and 5. */
    private void compare(Assembler a, int half) {
        if (form.bits == 512) {
            a.vcmppsToMask(1 + half, 4 + half, LaneCode.constant(FlashFrame.SLACK), GREATER);
        } else {
            a.vcmpps(4 + half, 4 + half, LaneCode.constant(FlashFrame.SLACK), GREATER);
        }
    }

    /** Sets the flags: zero where none is. */
    private void test(Assembler a, int half) {
        if (form.bits == 512) {
            a.kortestw(1 + half);
        } else {
            a.vmovmskps(AT, 4 + half);
            a.add(AT, 0);
        }
    }

    /** Registers 0 and 1: the greatest of the block; 2 and 3: the one before. */
    private void shrink(Assembler a) {
        for (int half = 0; half < 2; half++) {
            int greatest = GREATEST[half];
            if (form.bits == 512) {
                a.vmovaps(greatest, 2 + half);
                a.vmovapsWhere(1 + half, greatest, half);
            } else {
                a.vblendvps(greatest, 2 + half, half, 4 + half);
            }
            a.vmovups(at(GREATEST_AT, half), greatest);
            a.vsubps(half, 2 + half, greatest);
            a.vmulps(half, half, firstConstant + SCALE);
            if (form.bits == 512) {
                a.vmovapsOrZero(1 + half, half, half); // a query that has seen no key may stay so
            } else {
                a.vpandd(half, half, 4 + half);
            }
        }
        for (int half = 0; half < 2; half++) {
            power(a, half, 2 + half, 4 + half);
            a.vmulps(2 + half, half, at(TOTAL_AT, half));
            a.vmovups(at(TOTAL_AT, half), 2 + half);
        }
        scale(a);
    }

    /** Sums times registers 0 and 1. */
    private void scale(Assembler a) {
        int loop = overSums(a);
        for (int half = 0; half < 2; half++) {
            Address sum = Address.of(AT, half * form.line());
            a.vmulps(2 + half, half, sum);
            a.vmovups(sum, 2 + half);
        }
        next(a, loop);
    }

    /** {@code x = 2^x}; at least 2^-126. A product, since adding to the bits would make numbers of some NaN. */
    private void power(Assembler a, int x, int integer, int power) {
        a.vmaxps(x, firstConstant + LOWEST, x);
        a.vaddps(form.bits, integer, x, firstConstant + INTEGER);
        a.vsubps(power, integer, firstConstant + INTEGER);
        a.vsubps(x, x, power);
        int degree = POWER.length - 1;
        if (has(POWERS + degree)) {
            a.vmovaps(power, firstConstant + POWERS + degree);
        } else {
            a.vmovups(power, constant(POWERS + degree));
        }
        for (int i = degree - 1; i >= 0; i--) {
            if (has(POWERS + i)) {
                a.vfmadd213ps(power, x, firstConstant + POWERS + i);
            } else {
                a.vfmadd213ps(power, x, constant(POWERS + i));
            }
        }
        a.vpslld(integer, integer, 23);
        a.vmulps(x, power, integer);
    }

    private boolean has(int constant) {
        return constant < constants;
    }
}
