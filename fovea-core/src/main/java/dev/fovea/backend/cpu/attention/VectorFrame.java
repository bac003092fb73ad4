package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Gpr;

/**
 * What {@link VectorFlashCode} keeps in memory beside its operands, one for a thread: what the loops count, for each query which keys
 * it sees, the greatest score and the sum of weights.
 */
final class VectorFrame {
    static final int BLOCKS_AT = 0;
    static final int LAST_AT = 8;
    static final int LAST_GROUPS_AT = 16;
    static final int SCALE_AT = 24;

    /** The first key of the block. */
    static final int KEY_AT = 32;

    /** What makes zero of the first key that all queries see. */
    static final int SEEN_BEFORE_AT = 40;

    /** From there on, how many keys can be the first of a block that all queries see. */
    static final int SEEN_BLOCKS_AT = 48;

    private static final int LINES = 128; // the longest two vectors
    static final int GREATEST_AT = 64;
    static final int TOTAL_AT = GREATEST_AT + LINES;

    /** One past the last key that a query sees, as float32. */
    static final int END_AT = TOTAL_AT + LINES;

    /** The negative of the last key in front of those that it sees. */
    static final int BEFORE_AT = END_AT + LINES;

    static final int BYTES = BEFORE_AT + LINES;

    private static final Gpr FRAME = Gpr.R9;

    private VectorFrame() {}

    static void prepare(long frame, int blocks, int last, int lastGroups, float scale) {
        MEMORY.set(JAVA_LONG, frame + BLOCKS_AT, blocks);
        MEMORY.set(JAVA_LONG, frame + LAST_AT, last);
        MEMORY.set(JAVA_LONG, frame + LAST_GROUPS_AT, lastGroups);
        MEMORY.set(JAVA_LONG, frame + KEY_AT, 0);
        MEMORY.set(FLOAT, frame + SCALE_AT, scale * FlashFrame.LOG2_E);
    }

    /** All queries see all keys. */
    static void seeAll(long frame) {
        MEMORY.set(JAVA_LONG, frame + SEEN_BEFORE_AT, 0);
        MEMORY.set(JAVA_LONG, frame + SEEN_BLOCKS_AT, Long.MAX_VALUE);
    }

    /** All queries see the keys of an interval, and blocks of so many keys that lie in it need no look at each. */
    static void seeTogether(long frame, int from, int to, int block) {
        MEMORY.set(JAVA_LONG, frame + SEEN_BEFORE_AT, -from);
        MEMORY.set(JAVA_LONG, frame + SEEN_BLOCKS_AT, Math.max(0, to - block - from + 1));
    }

    /** The query in a lane sees the keys of an interval. */
    static void see(long frame, int lane, int from, int to) {
        long at = (long) lane * Float.BYTES;
        MEMORY.set(FLOAT, frame + END_AT + at, to);
        MEMORY.set(FLOAT, frame + BEFORE_AT + at, 1 - from);
    }

    /** What is in the frame, for code. */
    static Address at(int place) {
        return Address.of(FRAME, place);
    }
}
