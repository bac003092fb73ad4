package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.attention.FlashFrame.GREATEST_AT;
import static dev.fovea.backend.cpu.attention.FlashFrame.HALF_UP;
import static dev.fovea.backend.cpu.attention.FlashFrame.INTEGER;
import static dev.fovea.backend.cpu.attention.FlashFrame.LOWEST;
import static dev.fovea.backend.cpu.attention.FlashFrame.POWERS;
import static dev.fovea.backend.cpu.attention.FlashFrame.ROOM;
import static dev.fovea.backend.cpu.attention.FlashFrame.SCALE;
import static dev.fovea.backend.cpu.attention.FlashFrame.TOTAL_AT;
import static dev.fovea.backend.cpu.attention.FlashFrame.UPPER_HALF;
import static dev.fovea.backend.cpu.attention.FlashFrame.at;
import static dev.fovea.backend.cpu.attention.FlashFrame.register;

import dev.fovea.backend.cpu.products.TileShapes;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/**
 * The softmax of {@link FlashCode}: scores of a block become weights where they lie, two bfloat16 each.
 *
 * <p>Weights are relative to a query's greatest score, or to an earlier one that it has passed by no more than 2^8: sums need not
 * shrink then.
 */
final class FlashWeights {
    /** Where the block's scores begin, and end. */
    static final Gpr SCORES = Gpr.RCX;

    static final Gpr END = Gpr.RBP;

    /** The pair of keys whose weights are made. */
    static final Gpr AT = Gpr.RAX;

    /** For each value of a head all queries. */
    static final Gpr SUMS = Gpr.R8;

    private static final int GREATER = 0x0e; // a predicate of vcmpps

    private static final int LINE = TileShapes.LINE;
    private static final int[] NEGATIVE_GREATEST = {12, 13};
    private static final int[] TOTAL = {14, 15};

    private final int values;

    /** @param values of a head, with what fills up the last tile */
    FlashWeights(int values) {
        this.values = values;
    }

    /** Follows the greatest scores of a block up to {@link #END}, and gets totals near. */
    void begin(Assembler a) {
        greatest(a);
        for (int half = 0; half < 2; half++) {
            a.vxorps(NEGATIVE_GREATEST[half]);
            a.vmovups(0, at(GREATEST_AT + half * LINE));
            a.vsubps(NEGATIVE_GREATEST[half], NEGATIVE_GREATEST[half], 0);
            a.vmovups(TOTAL[half], at(TOTAL_AT + half * LINE));
        }
        a.mov(AT, SCORES);
    }

    /** All scores up to {@link #END} become weights. */
    static void all(Assembler a) {
        int loop = a.here();
        pair(a, 0);
        a.add(AT, FlashCode.PAIR);
        a.cmp(AT, END);
        a.jumpIfBelow(loop);
    }

    /** Scores of two keys. */
    static void pair(Assembler a, int at) {
        for (int i = 0; i < 4; i++) {
            power(a, i, at);
        }
        split(a, at);
    }

    static void end(Assembler a) {
        for (int half = 0; half < 2; half++) {
            a.vmovups(at(TOTAL_AT + half * LINE), TOTAL[half]);
        }
    }

    /** Each query's greatest score so far; where it grew by much, sums shrink. */
    private void greatest(Assembler a) {
        for (int i = 0; i < 4; i++) {
            a.vmovups(i, Address.of(SCORES, i * LINE));
        }
        a.mov(AT, SCORES);
        int loop = a.here();
        for (int i = 0; i < 8; i++) {
            a.vmaxps(i % 4, i % 4, Address.of(AT, i * LINE));
        }
        a.add(AT, 8 * LINE);
        a.cmp(AT, END);
        a.jumpIfBelow(loop);
        for (int half = 0; half < 2; half++) {
            int greatest = 4 + half;
            a.vmaxps(half, half, half + 2);
            a.vmulps(half, half, register(SCALE));
            a.vmovups(greatest, at(GREATEST_AT + half * LINE));
            a.vaddps(512, 6, greatest, register(ROOM));
            a.vcmppsToMask(1 + half, half, 6, GREATER);
        }
        a.kortestw(1);
        int first = a.jumpAheadIfNotZero();
        a.kortestw(2);
        int neither = a.jumpAheadIfZero();
        a.land(first);
        shrink(a);
        a.land(neither);
    }

    /** Registers 0 and 1: the new greatest; 4 and 5: the old. */
    private void shrink(Assembler a) {
        for (int half = 0; half < 2; half++) {
            a.vmovaps(6 + half, 4 + half);
            a.vmovapsWhere(1 + half, 6 + half, half);
            a.vmovups(at(GREATEST_AT + half * LINE), 6 + half);
            a.vsubps(half, 4 + half, 6 + half);
            power(a, half, 4 + half, 8 + half);
            a.vmulps(2, half, at(TOTAL_AT + half * LINE));
            a.vmovups(at(TOTAL_AT + half * LINE), 2);
        }
        scale(a, 0);
    }

    /** Sums times two vectors. */
    void scale(Assembler a, int by) {
        for (int i = 0; i < 2 * values; i++) {
            int to = 4 + i % 8;
            a.vmulps(to, by + i % 2, Address.of(SUMS, i * LINE));
            a.vmovups(Address.of(SUMS, i * LINE), to);
        }
    }

    /** Register i: the weights of half of the queries for one of two keys. */
    private static void power(Assembler a, int i, int at) {
        int half = i % 2;
        a.vmovups(i, Address.of(AT, at + i * LINE));
        a.vfmadd213ps(i, register(SCALE), NEGATIVE_GREATEST[half]);
        power(a, i, 4 + i, 8 + i);
        a.vaddps(512, TOTAL[half], TOTAL[half], i);
    }

    /** {@code x = 2^x}; at least 2^-126. A product, since adding to the bits would make numbers of some NaN. */
    private static void power(Assembler a, int x, int integer, int power) {
        a.vmaxps(x, register(LOWEST), x);
        a.vaddps(512, integer, x, register(INTEGER));
        a.vsubps(power, integer, register(INTEGER));
        a.vsubps(x, x, power);
        a.vmovaps(power, register(POWERS + 5));
        for (int i = 4; i >= 0; i--) {
            a.vfmadd213ps(power, x, register(POWERS + i));
        }
        a.vpslld(integer, integer, 23);
        a.vmulps(x, power, integer);
    }

    /** Registers 0 to 3, two keys, to pairs of bfloat16 in place: what is nearest, and what is nearest to the rest. */
    private static void split(Assembler a, int at) {
        for (int i = 0; i < 4; i++) {
            a.vpaddd(4 + i, i, register(HALF_UP));
            a.vpandd(8 + i, 4 + i, register(UPPER_HALF));
            a.vsubps(i, i, 8 + i);
            a.vpaddd(i, i, register(HALF_UP));
        }
        for (int half = 0; half < 2; half++) {
            a.vpsrld(4 + half, 4 + half, 16);
            a.andOr(6 + half, register(UPPER_HALF), 4 + half);
            a.vmovups(Address.of(AT, at + half * LINE), 6 + half);
            a.vpsrld(half, half, 16);
            a.andOr(2 + half, register(UPPER_HALF), half);
            a.vmovups(Address.of(AT, at + FlashCode.WIDE + half * LINE), 2 + half);
        }
    }
}
