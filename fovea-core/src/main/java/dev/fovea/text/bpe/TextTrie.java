package dev.fovea.text.bpe;

import java.util.Arrays;

/** Texts with a number each, found at a place of a longer text. Threads may share it once it is complete. */
public final class TextTrie {
    private static final int NONE = -1;

    /** The edges of all nodes in one open hash table: node and character to node. */
    private long[] edges = new long[1 << 8];

    private int[] targets = new int[1 << 8];
    private int[] values = {NONE};
    private int nodes = 1;

    /** The characters that texts begin with, by their low bits. */
    private final long[] firsts = new long[4];

    /** Adds a text, unless it is there already or empty. */
    public void add(String text, int value) {
        int node = 0;
        for (int i = 0; i < text.length(); i++) {
            int next = next(node, text.charAt(i));
            node = next == NONE ? grow(node, text.charAt(i)) : next;
        }
        if (!text.isEmpty()) {
            firsts[text.charAt(0) >> 6 & 3] |= 1L << text.charAt(0);
            values[node] = values[node] == NONE ? value : values[node];
        }
    }

    private int next(int node, char c) {
        int slot = slot(node, c);
        return targets[slot] == 0 ? NONE : targets[slot];
    }

    private int slot(int node, char c) {
        long edge = (long) node << 16 | c;
        int slot = Vocabulary.slot(edge, edges.length);
        while (targets[slot] != 0 && edges[slot] != edge) {
            slot = slot + 1 & edges.length - 1;
        }
        return slot;
    }

    private int grow(int node, char c) {
        if (2 * nodes >= edges.length) {
            long[] oldEdges = edges;
            int[] oldTargets = targets;
            edges = new long[2 * oldEdges.length];
            targets = new int[2 * oldEdges.length];
            for (int i = 0; i < oldEdges.length; i++) {
                if (oldTargets[i] != 0) {
                    int slot = slot((int) (oldEdges[i] >> 16), (char) oldEdges[i]);
                    edges[slot] = oldEdges[i];
                    targets[slot] = oldTargets[i];
                }
            }
        }
        if (nodes == values.length) {
            values = Arrays.copyOf(values, 2 * nodes);
        }
        int slot = slot(node, c);
        edges[slot] = (long) node << 16 | c;
        targets[slot] = nodes;
        values[nodes] = NONE;
        return nodes++;
    }

    /** A place of a text from which on one of the texts may begin. */
    public int candidate(String text, int from) {
        int at = from;
        while (at < text.length() && (firsts[text.charAt(at) >> 6 & 3] >>> text.charAt(at) & 1) == 0) {
            at++;
        }
        return at;
    }

    /** The longest text that begins at a place: its end in the upper 32 bits, its number in the lower ones; -1 where there is none. */
    public long longest(String text, int at) {
        long found = NONE;
        int node = 0;
        for (int i = at; i < text.length(); ) {
            node = next(node, text.charAt(i++));
            if (node == NONE) {
                break;
            }
            if (values[node] != NONE) {
                found = (long) i << 32 | values[node];
            }
        }
        return found;
    }
}
