package dev.fovea.text.bpe;

import java.util.Arrays;

/**
 * Applies merges to the symbols of one word: always the pair of the lowest rank, the leftmost of several, until none is left. Short
 * words look at all pairs each time; long ones keep them in a heap, so that a word of n symbols takes n log n. Not thread-safe.
 */
final class MergeQueue {
    private static final int SHORT = 24;

    private final Merges merges;
    private int[] symbols = new int[64];
    private int[] ranks = new int[64];
    private int count;

    private int[] before = {};
    private int[] after = {};
    private long[] heap = {};
    private int heaped;

    MergeQueue(Merges merges) {
        this.merges = merges;
    }

    void clear() {
        count = 0;
    }

    void add(int symbol) {
        if (count == symbols.length) {
            symbols = Arrays.copyOf(symbols, 2 * count);
            ranks = new int[2 * count];
        }
        symbols[count++] = symbol;
    }

    /** Merges what was added. Returns how many symbols are left; {@link #symbols()} begins with them. */
    int merge() {
        for (int i = 0; i < count - 1; i++) {
            ranks[i] = merges.rank(symbols[i], symbols[i + 1]);
        }
        if (count <= SHORT) {
            mergeShort();
        } else {
            mergeLong();
        }
        return count;
    }

    int[] symbols() {
        return symbols;
    }

    private void mergeShort() {
        while (true) {
            int lowest = Merges.NONE;
            int at = 0;
            for (int i = 0; i < count - 1; i++) {
                if (ranks[i] < lowest) {
                    lowest = ranks[i];
                    at = i;
                }
            }
            if (lowest == Merges.NONE) {
                return;
            }
            symbols[at] = merges.result(lowest);
            count--;
            for (int i = at + 1; i < count; i++) {
                symbols[i] = symbols[i + 1];
                ranks[i - 1] = ranks[i];
            }
            if (at > 0) {
                ranks[at - 1] = merges.rank(symbols[at - 1], symbols[at]);
            }
            if (at < count - 1) {
                ranks[at] = merges.rank(symbols[at], symbols[at + 1]);
            }
        }
    }

    /** The heap holds rank and place of each pair; one whose rank is no longer that of its place is passed by. */
    private void mergeLong() {
        if (before.length < count) {
            before = new int[count + count / 2];
            after = new int[before.length];
            heap = new long[2 * before.length];
        }
        heaped = 0;
        for (int i = 0; i < count; i++) {
            before[i] = i - 1;
            after[i] = i + 1;
            if (i < count - 1 && ranks[i] != Merges.NONE) {
                push((long) ranks[i] << 32 | i);
            }
        }
        ranks[count - 1] = Merges.NONE;
        while (heaped > 0) {
            long pair = pop();
            int at = (int) pair;
            if (ranks[at] == (int) (pair >>> 32)) {
                join(at);
            }
        }
        int left = 0;
        for (int i = 0; i < count; i = after[i]) {
            symbols[left++] = symbols[i];
        }
        count = left;
    }

    private void join(int at) {
        int gone = after[at];
        symbols[at] = merges.result(ranks[at]);
        ranks[gone] = Merges.NONE;
        after[at] = after[gone];
        if (after[at] < count) {
            before[after[at]] = at;
        }
        rank(at);
        if (before[at] >= 0) {
            rank(before[at]);
        }
    }

    private void rank(int at) {
        ranks[at] = after[at] < count ? merges.rank(symbols[at], symbols[after[at]]) : Merges.NONE;
        if (ranks[at] != Merges.NONE) {
            push((long) ranks[at] << 32 | at);
        }
    }

    private void push(long pair) {
        if (heaped == heap.length) {
            heap = Arrays.copyOf(heap, 2 * heaped);
        }
        int at = heaped++;
        while (at > 0 && heap[(at - 1) >> 1] > pair) {
            heap[at] = heap[(at - 1) >> 1];
            at = (at - 1) >> 1;
        }
        heap[at] = pair;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heaped];
        int at = 0;
        for (int child = 1; child < heaped; child = 2 * at + 1) {
            if (child + 1 < heaped && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }
}
