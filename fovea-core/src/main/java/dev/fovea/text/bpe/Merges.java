package dev.fovea.text.bpe;

import java.util.Arrays;

/**
 * Which pairs of pieces become one, and in which order: the rank of a pair is its place in the list. A pair is kept as what it makes
 * and where that is cut; which pieces these are is looked up when a text has them, since of half a million pairs a text meets few.
 *
 * <p>Threads may share it once it is complete.
 */
public final class Merges {
    static final int NONE = Integer.MAX_VALUE;

    private final Vocabulary vocabulary;
    private int[] results;
    private int[] cuts;
    private long[] keys;

    /** One more than the rank of a pair. */
    private int[] slots;

    private int count;

    /** @param expected how many pairs may come, so that tables seldom grow */
    Merges(Vocabulary vocabulary, int expected) {
        this.vocabulary = vocabulary;
        int capacity = Math.max(expected, 256);
        results = new int[capacity];
        cuts = new int[capacity];
        keys = new long[capacity];
        slots = Vocabulary.slots(capacity);
    }

    /** What the last pair becomes, -1 before the first. */
    int lastResult() {
        return count == 0 ? -1 : results[count - 1];
    }

    private static long key(long left, long right) {
        return Long.rotateLeft(left, 29) * 0x9E3779B97F4A7C15L + right;
    }

    /**
     * Adds the pair of the next rank. Where it is there already, the later rank counts.
     *
     * @param left the hash of the left piece
     * @param cut the bytes of the left piece
     * @param right the hash of the right piece
     * @param result the id of what they become
     */
    void add(long left, int cut, long right, int result) {
        if (count == results.length) {
            grow();
        }
        keys[count] = key(left, right);
        results[count] = result;
        cuts[count] = cut;
        int slot = Vocabulary.slot(keys[count], slots.length);
        while (slots[slot] != 0 && !isSame(slots[slot] - 1, count)) {
            slot = slot + 1 & slots.length - 1;
        }
        slots[slot] = ++count;
    }

    private boolean isSame(int rank, int other) {
        return keys[rank] == keys[other] && results[rank] == results[other] && cuts[rank] == cuts[other];
    }

    private void grow() {
        results = Arrays.copyOf(results, 2 * count);
        cuts = Arrays.copyOf(cuts, 2 * count);
        keys = Arrays.copyOf(keys, 2 * count);
        int[] old = slots;
        slots = Vocabulary.slots(results.length);
        for (int rank : old) {
            if (rank != 0) {
                int slot = Vocabulary.slot(keys[rank - 1], slots.length);
                while (slots[slot] != 0) {
                    slot = slot + 1 & slots.length - 1;
                }
                slots[slot] = rank;
            }
        }
    }

    /** The rank of two pieces, {@link #NONE} where they stay two. */
    int rank(int left, int right) {
        long key = key(vocabulary.hash(left), vocabulary.hash(right));
        int slot = Vocabulary.slot(key, slots.length);
        for (int rank = slots[slot]; rank != 0; rank = slots[slot]) {
            if (keys[rank - 1] == key && vocabulary.isJoined(results[rank - 1], cuts[rank - 1], left, right)) {
                return rank - 1;
            }
            slot = slot + 1 & slots.length - 1;
        }
        return NONE;
    }

    /** What the pair of a rank becomes. */
    int result(int rank) {
        return results[rank];
    }
}
