package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cpu.products.TileShapes;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/**
 * What {@link FlashCode} keeps in memory beside its operands, one for a thread: the shapes of tiles, what the loops count, constants, and
 * for each query the greatest score and the sum of weights.
 */
final class FlashFrame {
    static final int SHAPES_AT = 0;
    static final int FULL_BLOCKS_AT = 8;
    static final int LAST_STEPS_AT = 16;
    static final int LAST_HIDDEN_AT = 24;
    static final int LAST_HIDDEN_FROM_AT = 32;

    /** Where the scores of the block after this one go. */
    static final int FURTHER_SCORES_AT = 40;

    private static final int LINE = TileShapes.LINE;
    private static final int CONSTANTS_AT = LINE;
    static final int GREATEST_AT = 2 * LINE;
    static final int TOTAL_AT = 4 * LINE;
    static final int BYTES = 6 * LINE;

    // Constants, by their place.
    static final int SCALE = 0;
    static final int INTEGER = 1;
    static final int LOWEST = 2;
    static final int HALF_UP = 3;
    static final int UPPER_HALF = 4;
    static final int POWERS = 5;
    static final int ROOM = POWERS + 6;
    static final int HIDDEN = ROOM + 1;
    static final int ONE = HIDDEN + 1;

    /** The register of the first; those up to {@link #ROOM} follow. */
    private static final int FIRST_REGISTER = 16;

    private static final Gpr FRAME = Gpr.R9;
    private static final long SHAPES = TileShapes.of(TileShapes.SIDE);

    /** 2^8: by how much a score may pass the greatest that weights are relative to. */
    static final float SLACK = 8;

    static final float LOG2_E = 1.44269504f;

    /**
     * 1.5 * 2^23, which leaves the nearest integer n in the low bits, and 128: shifted by 23 bits these are {@code 2^(n + 1)}. An even
     * number, so that halves go where they would without.
     */
    static final float TO_POWER = 12582912f + 128;

    static final float LEAST = -126;

    /** {@code 2^f} for |f| up to a half, to 2e-7. */
    private static final float[] POWER = {1, 0.693147f, 0.24022242f, 0.055507336f, 0.009671513f, 0.0013264728f};

    private FlashFrame() {}

    /** Writes what does not change. */
    static void prepare(long frame) {
        put(frame, SHAPES_AT, SHAPES);
        set(frame, INTEGER, TO_POWER);
        set(frame, LOWEST, LEAST);
        set(frame, HALF_UP, Float.intBitsToFloat(0x8000));
        set(frame, UPPER_HALF, Float.intBitsToFloat(0xffff0000));
        for (int i = 0; i < POWER.length; i++) {
            set(frame, POWERS + i, POWER[i] / 2);
        }
        set(frame, ROOM, SLACK);
        set(frame, HIDDEN, Float.NEGATIVE_INFINITY);
        set(frame, ONE, 1);
    }

    static void put(long frame, int at, long value) {
        MEMORY.set(JAVA_LONG, frame + at, value);
    }

    /** By what scores are multiplied; weights are powers of two. */
    static void scale(long frame, float scale) {
        set(frame, SCALE, scale * LOG2_E);
    }

    private static void set(long frame, int constant, float value) {
        MEMORY.set(FLOAT, frame + CONSTANTS_AT + (long) constant * Float.BYTES, value);
    }

    /** What is in the frame, for code. */
    static Address at(int place) {
        return Address.of(FRAME, place);
    }

    /** The register of a constant. */
    static int register(int constant) {
        return FIRST_REGISTER + constant;
    }

    static void broadcast(Assembler a, int to, int constant) {
        a.vpbroadcastd(to, at(CONSTANTS_AT + constant * Float.BYTES));
    }

    static void loadConstants(Assembler a) {
        for (int i = 0; i <= ROOM; i++) {
            broadcast(a, register(i), i);
        }
    }
}
