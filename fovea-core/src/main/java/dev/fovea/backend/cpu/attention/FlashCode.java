package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cpu.products.TileShapes;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.invoke.MethodHandle;

/**
 * Attention of 32 queries of one head with all keys of an interval, of bfloat16 by AMX: for each block of keys scores, weights and
 * sums of values, in one call. All is turned: a lane of a vector is a query, so that nothing is summed or compared across lanes, and
 * weights come to lie as tiles want them.
 *
 * <p>Weights are two bfloat16 each, which make up 17 bits, as the contract asks for. They are relative to a query's greatest score, or
 * to an earlier one that it has passed by no more than 2^8 ({@link #SLACK}): sums need not shrink then.
 */
final class FlashCode {
    /** Queries of a call: two tiles side by side. */
    static final int QUERIES = 32;

    /** Keys come in multiples of it. */
    static final int STEP = 32;

    /** Keys of a block: their scores and weights stay in the first-level cache. */
    static final int BLOCK = 128;

    private static final int SIDE = TileShapes.SIDE;
    private static final int LINE = TileShapes.LINE;
    private static final long SHAPES = TileShapes.of(SIDE);
    private static final int WIDE = QUERIES * Float.BYTES;
    private static final int PAIR = 2 * WIDE; // scores of two keys, or the two parts of their weights
    private static final int UPPER = SIDE * WIDE; // from a tile of scores or sums to the one below it

    /** A row of a block's values: not a power of two, or a tile's rows would lie in the same few sets of the cache. */
    static final int VALUES_STRIDE = BLOCK * Short.BYTES + LINE;

    /** 2^8: by how much a score may pass the greatest that weights are relative to. */
    private static final float SLACK = 8;

    private static final float LOG2_E = 1.44269504f;
    private static final float TO_INTEGER =
            12582912f; // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    private static final float LEAST = -126;

    /** {@code 2^f} for |f| up to a half, to 2e-7. */
    private static final float[] POWER = {1, 0.693147f, 0.24022242f, 0.055507336f, 0.009671513f, 0.0013264728f};

    // A thread's frame: where the shapes of tiles are, what the loops count, constants, and for each query the greatest
    // score and the sum of weights.
    private static final int SHAPES_AT = 0;
    private static final int FULL_BLOCKS_AT = 8;
    private static final int LAST_STEPS_AT = 16;
    private static final int LAST_HIDDEN_AT = 24;
    private static final int LAST_HIDDEN_FROM_AT = 32;
    private static final int CONSTANTS_AT = LINE;
    private static final int GREATEST_AT = 2 * LINE;
    private static final int TOTAL_AT = 4 * LINE;
    static final int FRAME = 6 * LINE;

    // Constants, by their place in the frame.
    private static final int SCALE = 0;
    private static final int INTEGER = 1;
    private static final int LOWEST = 2;
    private static final int HALF_UP = 3;
    private static final int UPPER_HALF = 4;
    private static final int POWERS = 5;
    private static final int ROOM = POWERS + 6;
    private static final int HIDDEN = ROOM + 1;
    private static final int ONE = HIDDEN + 1;

    // Vector registers.
    private static final int FIRST_CONSTANT = 16;
    private static final int[] NEGATIVE_GREATEST = {12, 13};
    private static final int[] TOTAL = {14, 15};

    private static final Gpr KEY_STRIDE = Gpr.R10;
    private static final Gpr WIDE_STRIDE = Gpr.R11;
    private static final Gpr VALUE_STRIDE = Gpr.R12;
    private static final Gpr PAIR_STRIDE = Gpr.R13;
    private static final Gpr BLOCKS = Gpr.R14;
    private static final Gpr STEPS = Gpr.R15;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    private final int keySteps; // tiles of the head's width, 32 values each
    private final int valueTiles; // 16 values each
    private final MethodHandle attend;

    /** @param width of a head */
    FlashCode(int width) {
        keySteps = Math.ceilDiv(width, STEP);
        valueTiles = Math.ceilDiv(width, SIDE);
        attend = MachineCode.function(code());
    }

    /** Bytes between packed keys. */
    int keyStride() {
        return keySteps * LINE;
    }

    /** Words of a packed query or key. */
    int words() {
        return keySteps * SIDE;
    }

    /** Values of a head with what fills up the last tile. */
    int values() {
        return valueTiles * SIDE;
    }

    /** Bytes of a block's packed values. */
    long valuesBytes() {
        return (long) values() * VALUES_STRIDE;
    }

    /** Bytes of scratch for scores. */
    static long scoresBytes() {
        return (long) BLOCK * WIDE;
    }

    /** Bytes of the sums: float32, for each value of a head all queries. */
    long sumsBytes() {
        return (long) values() * WIDE;
    }

    /** Writes what does not change into a frame. */
    static void prepare(long frame) {
        MEMORY.set(JAVA_LONG, frame + SHAPES_AT, SHAPES);
        set(frame, INTEGER, TO_INTEGER);
        set(frame, LOWEST, LEAST);
        set(frame, HALF_UP, Float.intBitsToFloat(0x8000));
        set(frame, UPPER_HALF, Float.intBitsToFloat(0xffff0000));
        for (int i = 0; i < POWER.length; i++) {
            set(frame, POWERS + i, POWER[i]);
        }
        set(frame, ROOM, SLACK);
        set(frame, HIDDEN, Float.NEGATIVE_INFINITY);
        set(frame, ONE, 1);
    }

    private static void set(long frame, int constant, float value) {
        MEMORY.set(FLOAT, frame + CONSTANTS_AT + (long) constant * Float.BYTES, value);
    }

    /**
     * Sums of values by the weights of keys, divided by the sums of weights.
     *
     * @param queries for each word all queries
     * @param keys rows of {@link #keyStride}, a multiple of {@link #STEP}
     * @param values block by block: for each value of a head all keys, zeros beyond the last
     * @param count keys, at least one
     * @param sums where results go
     */
    void attend(long queries, long keys, long values, int count, float scale, long scores, long sums, long frame) {
        int full = (count - 1) / BLOCK;
        int last = count - full * BLOCK;
        int steps = Math.ceilDiv(last, STEP);
        MEMORY.set(JAVA_LONG, frame + FULL_BLOCKS_AT, full);
        MEMORY.set(JAVA_LONG, frame + LAST_STEPS_AT, steps);
        MEMORY.set(JAVA_LONG, frame + LAST_HIDDEN_AT, steps * STEP - last);
        MEMORY.set(JAVA_LONG, frame + LAST_HIDDEN_FROM_AT, (long) last * WIDE);
        set(frame, SCALE, scale * LOG2_E);
        MachineCode.call(attend, queries, keys, values, scores, sums, frame);
    }

    // ------------------------------------------------------------------------------------------------------ code

    private byte[] code() {
        Assembler a = new Assembler(512);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        begin(a);
        a.load(BLOCKS, Address.of(Gpr.R9, FULL_BLOCKS_AT));
        a.add(BLOCKS, 0);
        int none = a.jumpAheadIfZero();
        int block = a.here();
        set(a, STEPS, BLOCK / STEP);
        scores(a);
        weights(a);
        set(a, STEPS, BLOCK / STEP);
        sums(a);
        a.add(Gpr.RSI, BLOCK * keyStride());
        a.add(Gpr.RDX, (int) valuesBytes());
        a.sub(BLOCKS, 1);
        a.jumpIfNotZero(block);
        a.land(none);
        a.load(STEPS, Address.of(Gpr.R9, LAST_STEPS_AT));
        scores(a);
        hide(a);
        weights(a);
        a.load(STEPS, Address.of(Gpr.R9, LAST_STEPS_AT));
        sums(a);
        divide(a);
        a.tilerelease();
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    private static void set(Assembler a, Gpr register, int value) {
        a.clear(register);
        a.add(register, value);
    }

    private static int constant(int index) {
        return FIRST_CONSTANT + index;
    }

    private static Address ofFrame(int at) {
        return Address.of(Gpr.R9, at);
    }

    private void begin(Assembler a) {
        a.load(Gpr.RAX, ofFrame(SHAPES_AT));
        a.ldtilecfg(Address.of(Gpr.RAX, 0));
        set(a, KEY_STRIDE, keyStride());
        set(a, WIDE_STRIDE, WIDE);
        set(a, VALUE_STRIDE, VALUES_STRIDE);
        set(a, PAIR_STRIDE, PAIR);
        for (int i = 0; i <= ROOM; i++) {
            a.vpbroadcastd(constant(i), ofFrame(CONSTANTS_AT + i * Float.BYTES));
        }
        a.vpbroadcastd(0, ofFrame(CONSTANTS_AT + HIDDEN * Float.BYTES));
        a.vxorps(1);
        for (int half = 0; half < 2; half++) {
            a.vmovups(ofFrame(GREATEST_AT + half * LINE), 0);
            a.vmovups(ofFrame(TOTAL_AT + half * LINE), 1);
        }
        for (int i = 0; i < 2 * values(); i++) {
            a.vmovups(Address.of(Gpr.R8, i * LINE), 1);
        }
    }

    /** {@code scores (keys, queries)} of a block, 32 keys at a time. */
    private void scores(Assembler a) {
        a.mov(Gpr.RAX, Gpr.RSI);
        a.mov(Gpr.RBP, Gpr.RCX);
        int loop = a.here();
        for (int i = 0; i < 4; i++) {
            a.tilezero(i);
        }
        for (int step = 0; step < keySteps; step++) {
            a.tileloadd(4, Address.indexed(Gpr.RAX, KEY_STRIDE, 0, step * LINE));
            a.tileloadd(6, Address.indexed(Gpr.RDI, WIDE_STRIDE, 0, step * UPPER));
            a.tileloadd(7, Address.indexed(Gpr.RDI, WIDE_STRIDE, 0, step * UPPER + LINE));
            a.tileloadd(5, Address.indexed(Gpr.RAX, KEY_STRIDE, 0, step * LINE + SIDE * keyStride()));
            multiply(a, true);
        }
        for (int i = 0; i < 4; i++) {
            a.tilestored(Address.indexed(Gpr.RBP, WIDE_STRIDE, 0, i / 2 * UPPER + i % 2 * LINE), i);
        }
        a.add(Gpr.RAX, STEP * keyStride());
        a.add(Gpr.RBP, 2 * UPPER);
        a.sub(STEPS, 1);
        a.jumpIfNotZero(loop);
    }

    /** Tiles 4 and 5 with 6 and 7, added to tiles 0 to 3; or 4 alone, to 0 and 1. */
    private static void multiply(Assembler a, boolean both) {
        a.tdpbf16ps(0, 4, 6);
        a.tdpbf16ps(1, 4, 7);
        if (both) {
            a.tdpbf16ps(2, 5, 6);
            a.tdpbf16ps(3, 5, 7);
        }
    }

    /** Scores of what fills up the last step. */
    private static void hide(Assembler a) {
        a.load(Gpr.RAX, ofFrame(LAST_HIDDEN_AT));
        a.add(Gpr.RAX, 0);
        int none = a.jumpAheadIfZero();
        a.vpbroadcastd(0, ofFrame(CONSTANTS_AT + HIDDEN * Float.BYTES));
        a.load(Gpr.RBX, ofFrame(LAST_HIDDEN_FROM_AT));
        a.add(Gpr.RBX, Gpr.RCX);
        int loop = a.here();
        a.vmovups(Address.of(Gpr.RBX, 0), 0);
        a.vmovups(Address.of(Gpr.RBX, LINE), 0);
        a.add(Gpr.RBX, WIDE);
        a.sub(Gpr.RAX, 1);
        a.jumpIfNotZero(loop);
        a.land(none);
    }

    /** Scores, up to where {@link #scores} ended, become weights. */
    private void weights(Assembler a) {
        greatest(a);
        for (int half = 0; half < 2; half++) {
            a.vxorps(NEGATIVE_GREATEST[half]);
            a.vmovups(0, ofFrame(GREATEST_AT + half * LINE));
            a.vsubps(NEGATIVE_GREATEST[half], NEGATIVE_GREATEST[half], 0);
            a.vmovups(TOTAL[half], ofFrame(TOTAL_AT + half * LINE));
        }
        a.mov(Gpr.RAX, Gpr.RCX);
        int loop = a.here();
        for (int i = 0; i < 4; i++) {
            power(a, i);
        }
        split(a);
        a.add(Gpr.RAX, PAIR);
        a.cmp(Gpr.RAX, Gpr.RBP);
        a.jumpIfBelow(loop);
        for (int half = 0; half < 2; half++) {
            a.vmovups(ofFrame(TOTAL_AT + half * LINE), TOTAL[half]);
        }
    }

    /** Each query's greatest score so far; where it grew by much, sums shrink. */
    private void greatest(Assembler a) {
        for (int i = 0; i < 4; i++) {
            a.vmovups(i, Address.of(Gpr.RCX, i * LINE));
        }
        a.mov(Gpr.RAX, Gpr.RCX);
        int loop = a.here();
        for (int i = 0; i < 8; i++) {
            a.vmaxps(i % 4, i % 4, Address.of(Gpr.RAX, i * LINE));
        }
        a.add(Gpr.RAX, 8 * LINE);
        a.cmp(Gpr.RAX, Gpr.RBP);
        a.jumpIfBelow(loop);
        for (int half = 0; half < 2; half++) {
            int greatest = 4 + half;
            a.vmaxps(half, half, half + 2);
            a.vmulps(half, half, constant(SCALE));
            a.vmovups(greatest, ofFrame(GREATEST_AT + half * LINE));
            a.vaddps(512, 6, greatest, constant(ROOM));
            a.vcmpgtps(1 + half, half, 6);
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
            a.vmovups(ofFrame(GREATEST_AT + half * LINE), 6 + half);
            a.vsubps(half, 4 + half, 6 + half);
            power(a, half, 4 + half, 8 + half);
            a.vmulps(2, half, Address.of(Gpr.R9, TOTAL_AT + half * LINE));
            a.vmovups(ofFrame(TOTAL_AT + half * LINE), 2);
        }
        scale(a, 0);
    }

    /** Sums times two vectors. */
    private void scale(Assembler a, int by) {
        for (int i = 0; i < 2 * values(); i++) {
            int to = 4 + i % 8;
            a.vmulps(to, by + i % 2, Address.of(Gpr.R8, i * LINE));
            a.vmovups(Address.of(Gpr.R8, i * LINE), to);
        }
    }

    /** Register i: the weights of half of the queries for one of two keys. */
    private static void power(Assembler a, int i) {
        int half = i % 2;
        a.vmovups(i, Address.of(Gpr.RAX, i * LINE));
        a.vfmadd213ps(i, constant(SCALE), NEGATIVE_GREATEST[half]);
        power(a, i, 4 + i, 8 + i);
        a.vaddps(512, TOTAL[half], TOTAL[half], i);
    }

    /** {@code x = 2^x}; at least 2^-126. */
    private static void power(Assembler a, int x, int integer, int power) {
        a.vmaxps(x, constant(LOWEST), x);
        a.vaddps(512, integer, x, constant(INTEGER));
        a.vsubps(power, integer, constant(INTEGER));
        a.vsubps(x, x, power);
        a.vmovaps(power, constant(POWERS + 5));
        for (int i = 4; i >= 0; i--) {
            a.vfmadd213ps(power, x, constant(POWERS + i));
        }
        a.vpslld(integer, integer, 23);
        a.vpaddd(x, power, integer);
    }

    /** Registers 0 to 3, two keys, to pairs of bfloat16 in place: what is nearest, and what is nearest to the rest. */
    private static void split(Assembler a) {
        for (int i = 0; i < 4; i++) {
            a.vpaddd(4 + i, i, constant(HALF_UP));
            a.vpandd(8 + i, 4 + i, constant(UPPER_HALF));
            a.vsubps(i, i, 8 + i);
            a.vpaddd(i, i, constant(HALF_UP));
        }
        for (int half = 0; half < 2; half++) {
            a.vpsrld(4 + half, 4 + half, 16);
            a.andOr(6 + half, constant(UPPER_HALF), 4 + half);
            a.vmovups(Address.of(Gpr.RAX, half * LINE), 6 + half);
            a.vpsrld(half, half, 16);
            a.andOr(2 + half, constant(UPPER_HALF), half);
            a.vmovups(Address.of(Gpr.RAX, WIDE + half * LINE), 2 + half);
        }
    }

    /** {@code sums (values, queries) += values (values, keys) weights (keys, queries)} of a block. */
    private void sums(Assembler a) {
        for (int tile = 0; tile < valueTiles; tile += 2) {
            boolean both = tile + 1 < valueTiles;
            int tiles = both ? 4 : 2;
            for (int i = 0; i < tiles; i++) {
                a.tileloadd(i, sums(tile, i));
            }
            a.mov(Gpr.RBX, STEPS);
            a.mov(Gpr.RAX, Gpr.RDX);
            a.add(Gpr.RAX, tile * SIDE * VALUES_STRIDE);
            a.mov(Gpr.RBP, Gpr.RCX);
            int loop = a.here();
            a.tileloadd(4, Address.indexed(Gpr.RAX, VALUE_STRIDE, 0));
            if (both) {
                a.tileloadd(5, Address.indexed(Gpr.RAX, VALUE_STRIDE, 0, SIDE * VALUES_STRIDE));
            }
            for (int part = 0; part < 2; part++) {
                a.tileloadd(6, Address.indexed(Gpr.RBP, PAIR_STRIDE, 0, part * WIDE));
                a.tileloadd(7, Address.indexed(Gpr.RBP, PAIR_STRIDE, 0, part * WIDE + LINE));
                multiply(a, both);
            }
            a.add(Gpr.RAX, LINE);
            a.add(Gpr.RBP, SIDE * PAIR);
            a.sub(Gpr.RBX, 1);
            a.jumpIfNotZero(loop);
            for (int i = 0; i < tiles; i++) {
                a.tilestored(sums(tile, i), i);
            }
        }
    }

    private static Address sums(int tile, int i) {
        return Address.indexed(Gpr.R8, WIDE_STRIDE, 0, (tile + i / 2) * UPPER + i % 2 * LINE);
    }

    private void divide(Assembler a) {
        a.vpbroadcastd(2, ofFrame(CONSTANTS_AT + ONE * Float.BYTES));
        for (int half = 0; half < 2; half++) {
            a.vmovups(3, ofFrame(TOTAL_AT + half * LINE));
            a.vdivps(half, 2, 3);
        }
        scale(a, 0);
    }
}
