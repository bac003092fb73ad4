package dev.fovea.backend.cpu.rows;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.tensor.Backend;

/** The column of the greatest value of each row, by all threads: a step ends with the best of a vocabulary. */
public final class Greatest {
    /** Values that a thread takes at once. */
    private static final int PIECE = 1 << 14;

    /** Values in scratch at once: 8 KiB. */
    private static final int CHUNK = 2048;

    private final Workers workers;

    public Greatest(Workers workers) {
        this.workers = workers;
    }

    /** As {@link Backend#argmax} has it, of densely packed rows that are not empty. */
    public int[] columns(Rows x) {
        int parts = Math.ceilDiv(x.width(), PIECE);
        int[] columns = new int[x.count() * parts];
        float[] values = new float[columns.length];
        workers.run(columns.length, i -> part(x, i / parts, i % parts * PIECE, i, columns, values));
        int[] result = new int[x.count()];
        for (int row = 0; row < result.length; row++) {
            int best = row * parts;
            for (int i = best; i < (row + 1) * parts && columns[best] >= 0; i++) {
                if (columns[i] < 0 || values[i] > values[best]) {
                    best = i;
                }
            }
            result[row] = columns[best];
        }
        return result;
    }

    private static void part(Rows x, int row, int first, int i, int[] columns, float[] values) {
        int end = Math.min(x.width(), first + PIECE);
        float[] chunk = new float[CHUNK];
        for (int from = first; from < end; from += CHUNK) {
            int count = Math.min(CHUNK, end - from);
            Lanes.load(x.dtype(), x.row(row) + (long) from * x.dtype().bytes(), chunk, 0, count);
            int found = Backend.greatest(chunk, 0, count);
            if (found < 0) {
                columns[i] = found;
                return;
            }
            if (from == first || chunk[found] > values[i]) {
                columns[i] = from + found;
                values[i] = chunk[found];
            }
        }
    }
}
