package dev.fovea.text.bpe;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * Pieces and their ids: the UTF-8 of all pieces in one array, found by an open hash table, without an object for each.
 *
 * <p>Threads may share it once it is complete.
 */
public final class Vocabulary {
    /** Ten times the largest vocabulary known; ids above it are not worth an array. */
    public static final int MAX_IDS = 1 << 22;

    /** Of this process alone, so that no file can be made whose pieces share one slot; odd, and no power of a small one. */
    private static final long FACTOR = new SplittableRandom().nextLong() & ~7L | 5;

    private byte[] bytes;
    private int[] starts;
    private int[] ids;
    private long[] hashes;
    private int count;

    /** One more than the entry of a piece. */
    private int[] slots;

    /** One more than the entry of each id, 0 where there is none. */
    private int[] entries;

    /** @param expected how many pieces may come, so that tables seldom grow */
    Vocabulary(int expected) {
        int capacity = Math.max(expected, 256);
        bytes = new byte[8 * capacity];
        starts = new int[capacity + 1];
        ids = new int[capacity];
        hashes = new long[capacity];
        entries = new int[capacity];
        slots = slots(capacity);
    }

    /** A hash table for so many entries, at least a third of it free. */
    static int[] slots(int capacity) {
        return new int[Integer.highestOneBit(capacity + capacity / 2) << 1];
    }

    /** The hash of a text and one byte more. */
    static long hash(long before, byte next) {
        return before * FACTOR + (next & 0xFF) + 1;
    }

    static long hash(byte[] text, int from, int to) {
        long hash = 0;
        for (int i = from; i < to; i++) {
            hash = hash(hash, text[i]);
        }
        return hash;
    }

    /** How many pieces it has. */
    public int size() {
        return count;
    }

    /** Adds a piece. Returns false where it has it already. */
    boolean add(byte[] text, int length, long hash, int id) {
        reserve(length, id);
        int slot = find(text, length, hash);
        if (slots[slot] != 0) {
            return false;
        }
        System.arraycopy(text, 0, bytes, starts[count], length);
        hashes[count] = hash;
        ids[count] = id;
        starts[count + 1] = starts[count] + length;
        count++;
        slots[slot] = count;
        entries[id] = count;
        return true;
    }

    private void reserve(int length, int id) {
        if (starts[count] + length > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, starts[count] + length));
        }
        if (id >= entries.length) {
            entries = Arrays.copyOf(entries, Math.max(id + 1, 2 * entries.length));
        }
        if (count == ids.length) {
            starts = Arrays.copyOf(starts, 2 * count + 1);
            ids = Arrays.copyOf(ids, 2 * count);
            hashes = Arrays.copyOf(hashes, 2 * count);
            rehash();
        }
    }

    private void rehash() {
        slots = slots(ids.length);
        for (int entry = 0; entry < count; entry++) {
            int slot = slot(hashes[entry], slots.length);
            while (slots[slot] != 0) {
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = entry + 1;
        }
    }

    /** Where the search for a key begins in a table of so many places, a power of two. */
    static int slot(long key, int capacity) {
        return (int) ((key * FACTOR) >>> 32) & (capacity - 1);
    }

    /** Where the text is, or where it would be added. */
    private int find(byte[] text, int length, long hash) {
        int slot = slot(hash, slots.length);
        for (int entry = slots[slot]; entry != 0; entry = slots[slot]) {
            if (hashes[entry - 1] == hash && isAt(entry - 1, text, length)) {
                return slot;
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        return slot;
    }

    private boolean isAt(int entry, byte[] text, int length) {
        return Arrays.equals(bytes, starts[entry], starts[entry + 1], text, 0, length);
    }

    /** The id of the first bytes of an array, -1 where they are no piece. */
    int id(byte[] text, int length, long hash) {
        int entry = slots[find(text, length, hash)];
        return entry == 0 ? -1 : ids[entry - 1];
    }

    /** The id of a piece, -1 where it is none. */
    public int id(String piece) {
        byte[] text = piece.getBytes(StandardCharsets.UTF_8);
        return id(text, text.length, hash(text, 0, text.length));
    }

    /**
     * As {@link #id(byte[], int, long)} of a text in two parts.
     *
     * @param guess an id that it may be, or the one before: merges stand in the order of what they make
     */
    int joined(byte[] text, int length, long left, int cut, long right, int guess) {
        for (int id = guess; id <= guess + 1; id++) {
            if (id >= 0 && id < entries.length && entries[id] != 0 && isAt(entries[id] - 1, text, length)) {
                return id;
            }
        }
        return id(text, length, left * power(length - cut) + right);
    }

    private static long power(int exponent) {
        long power = 1;
        long square = FACTOR;
        for (int left = exponent; left > 0; left >>= 1) {
            power = (left & 1) == 0 ? power : power * square;
            square *= square;
        }
        return power;
    }

    /** The hash of the piece of an id. */
    long hash(int id) {
        return hashes[entries[id] - 1];
    }

    /**
     * Whether a piece is two others, one behind the other.
     *
     * @param cut the bytes that the left one has to have
     */
    boolean isJoined(int whole, int cut, int left, int right) {
        int a = entries[left] - 1;
        int b = entries[right] - 1;
        int start = starts[entries[whole] - 1];
        int end = starts[entries[whole]];
        return Arrays.equals(bytes, start, start + cut, bytes, starts[a], starts[a + 1])
                && Arrays.equals(bytes, start + cut, end, bytes, starts[b], starts[b + 1]);
    }

    /** The piece of an id, empty where it has none. */
    public String piece(int id) {
        if (id < 0 || id >= entries.length || entries[id] == 0) {
            return "";
        }
        int entry = entries[id] - 1;
        return new String(bytes, starts[entry], starts[entry + 1] - starts[entry], StandardCharsets.UTF_8);
    }

    /** The characters that stand before a character within a piece, other than itself; in ascending order. */
    int[] charactersBefore(int character) {
        byte[] wanted = Character.toString(character).getBytes(StandardCharsets.UTF_8);
        BitSet before = new BitSet();
        for (int entry = 0; entry < count; entry++) {
            for (int at = starts[entry] + 1; at <= starts[entry + 1] - wanted.length; at++) {
                if (bytes[at] == wanted[0] && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                    String head = new String(bytes, starts[entry], at - starts[entry], StandardCharsets.UTF_8);
                    before.set(head.codePointBefore(head.length()));
                }
            }
        }
        before.clear(character);
        return before.stream().toArray();
    }
}
