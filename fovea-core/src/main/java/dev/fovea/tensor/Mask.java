package dev.fovea.tensor;

/**
 * Which keys each query sees. Every mask of the supported models is an interval of key positions per query: causal,
 * sliding, windows of a picture, one sequence among packed ones, an image block inside a causal text. So a mask is two
 * numbers per query, never a matrix, and memory stays linear in length.
 *
 * <p>Position p of sequence s is row {@code rows[s][p]} of the key and value tensors. The table lets beams share a prompt's
 * keys and be reordered by index, and lets a sliding cache reuse rows. Where {@code rows} is empty, position and row are
 * the same.
 *
 * @param sequence for each query, its entry in {@code rows}; empty where {@code rows} is
 * @param from for each query, the first key position it sees
 * @param to for each query, one past the last key position it sees; greater than {@code from}
 * @param rows for each sequence, the key row of each position
 */
public record Mask(int[] sequence, int[] from, int[] to, int[][] rows) {
    private static final int[] NONE = {};
    private static final int[][] IDENTITY = {};

    /** Every one of the queries sees all keys. */
    public static Mask full(int queries, int keys) {
        int[] to = new int[queries];
        java.util.Arrays.fill(to, keys);
        return new Mask(NONE, new int[queries], to, IDENTITY);
    }

    /**
     * Bidirectional attention inside segments (windows, pictures, frames) of packed rows.
     *
     * @param bounds ascending row numbers, from 0 to the number of rows: transformers' cu_seqlens
     */
    public static Mask segments(int[] bounds) {
        int n = bounds[bounds.length - 1];
        int[] from = new int[n];
        int[] to = new int[n];
        for (int s = 0; s + 1 < bounds.length; s++) {
            java.util.Arrays.fill(from, bounds[s], bounds[s + 1], bounds[s]);
            java.util.Arrays.fill(to, bounds[s], bounds[s + 1], bounds[s + 1]);
        }
        return new Mask(NONE, from, to, IDENTITY);
    }

    /** Each query sees itself and what stands before it, in one sequence without a cache. */
    public static Mask causal(int queries) {
        int[] to = new int[queries];
        for (int i = 0; i < queries; i++) {
            to[i] = i + 1;
        }
        return new Mask(NONE, new int[queries], to, IDENTITY);
    }

    /** Number of queries. */
    public int queries() {
        return from.length;
    }

    /** The row of the key at a position that a query sees. */
    public int row(int query, int position) {
        return rows.length == 0 ? position : rows[sequence[query]][position];
    }
}
