package dev.fovea.backend.cuda;

import dev.fovea.tensor.Mask;
import java.util.Arrays;

/**
 * A mask as kernels take it, all in one table: from, to and sequence of the queries, the key rows of each sequence's positions,
 * and spans of queries.
 *
 * @param values the table
 * @param capacity positions of each sequence in it; 0 where positions are rows
 * @param end one past the last position that any query sees
 * @param spans how many there are
 * @param spansAt where they begin in the table
 */
record MaskTable(int[] values, int capacity, int end, int spans, int spansAt) {
    /** Tables grow in steps of so many positions, so that decode steps ask for the same launches again and again. */
    private static final int POSITIONS = 1024;

    private static final int SPAN_FIELDS = 5;

    /** Without spans. */
    static MaskTable of(Mask mask) {
        return of(mask, new int[0]);
    }

    /** With spans of at most so many queries: neighbours of one sequence that see overlapping keys. */
    static MaskTable withSpans(Mask mask, int limit) {
        return of(mask, spans(mask, limit));
    }

    private static MaskTable of(Mask mask, int[] spans) {
        int queries = mask.queries();
        int end = Arrays.stream(mask.to()).max().orElse(0);
        int sequences = mask.rows().length;
        int capacity = sequences == 0 ? 0 : roundUp(end);
        int spansAt = 3 * queries + sequences * capacity;
        int[] table = new int[spansAt + spans.length];
        System.arraycopy(mask.from(), 0, table, 0, queries);
        System.arraycopy(mask.to(), 0, table, queries, queries);
        System.arraycopy(mask.sequence(), 0, table, 2 * queries, mask.sequence().length);
        for (int s = 0; s < sequences; s++) {
            int[] rows = mask.rows()[s];
            System.arraycopy(rows, 0, table, 3 * queries + s * capacity, Math.min(rows.length, end));
        }
        System.arraycopy(spans, 0, table, spansAt, spans.length);
        return new MaskTable(table, capacity, end, spans.length / SPAN_FIELDS, spansAt);
    }

    /** So many positions, as far as tables and grids go. */
    static int roundUp(int positions) {
        return Math.ceilDiv(positions, POSITIONS) * POSITIONS;
    }

    /** Of each span: first query, number, first and one past the last position that any of them sees, sequence. */
    private static int[] spans(Mask mask, int limit) {
        int queries = mask.queries();
        int[] spans = new int[queries * SPAN_FIELDS];
        int used = 0;
        int first = 0;
        while (first < queries) {
            int from = mask.from()[first];
            int to = mask.to()[first];
            int end = first + 1;
            while (end < queries
                    && end - first < limit
                    && sequence(mask, end) == sequence(mask, first)
                    && mask.from()[end] < to
                    && mask.to()[end] > from) {
                from = Math.min(from, mask.from()[end]);
                to = Math.max(to, mask.to()[end]);
                end++;
            }
            int[] span = {first, end - first, from, to, sequence(mask, first)};
            System.arraycopy(span, 0, spans, used, SPAN_FIELDS);
            used += SPAN_FIELDS;
            first = end;
        }
        return Arrays.copyOf(spans, used);
    }

    private static int sequence(Mask mask, int query) {
        return mask.rows().length == 0 ? 0 : mask.sequence()[query];
    }
}
