package dev.fovea.io.quantize;

import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Sixteen rows of a weight, turned so that loops run over all their groups at once: value k of a group lies beside value k of the
 * next. A lane is a row of a group, {@code lane = group * 16 + row}.
 */
final class TileValues {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int MAGNITUDE = 0x7fffffff;
    private static final int INFINITE = 0x7f800000;

    /** Of a group's mean, what each column has more, since other rows may meet it. */
    private static final float FLOOR = 0.1f;

    final int group;
    final int lanes;

    /** (group, lanes); padding is 0. */
    final float[][] values;

    /** How much each value counts, in the order of {@link #values}; empty where all count alike. */
    final float[][] weights;

    private final int columns;
    private final float[] rows; // (16, K) as they are stored
    private final short[] bits;

    /**
     * @param columns K
     * @param meanSquares of what meets each column; empty where nobody knows
     */
    TileValues(int columns, int group, float[] meanSquares) {
        this.group = group;
        lanes = Math.ceilDiv(columns, group) * TILE;
        this.columns = columns;
        values = new float[group][lanes];
        weights = meanSquares.length == 0 ? new float[0][] : weights(meanSquares);
        rows = new float[TILE * columns];
        bits = new short[columns];
    }

    /** Roots of shares of each group's mean: the squares themselves fit the rows that were seen, and others worse. Padding has none. */
    private float[][] weights(float[] meanSquares) {
        float[][] all = new float[group][lanes];
        for (int first = 0; first < columns; first += group) {
            int end = Math.min(columns, first + group);
            double sum = 0;
            for (int k = first; k < end; k++) {
                sum += meanSquares[k];
            }
            float mean = (float) (sum / (end - first));
            int lane = first / group * TILE;
            for (int k = first; k < end; k++) {
                float weight = mean > 0 ? (float) Math.sqrt((meanSquares[k] / mean + FLOOR) / (1 + FLOOR)) : 1;
                Arrays.fill(all[k - first], lane, lane + TILE, weight);
            }
        }
        return all;
    }

    /** @throws InputException where a value is not finite */
    void load(String name, Tensor w, int tile) {
        int count = Math.min(TILE, w.dim(0) - tile * TILE);
        Arrays.fill(rows, count * columns, rows.length, 0);
        for (int r = 0; r < count; r++) {
            read(w, tile * TILE + r, r * columns);
        }
        checkFinite(name, tile);
        for (int k = 0; k < columns; k++) {
            float[] line = values[k % group];
            int at = k / group * TILE;
            for (int r = 0; r < TILE; r++) {
                line[at + r] = rows[r * columns + k];
            }
        }
    }

    private void checkFinite(String name, int tile) {
        int largest = 0;
        for (float value : rows) {
            largest = Math.max(largest, Float.floatToRawIntBits(value) & MAGNITUDE);
        }
        for (int i = 0; i < rows.length && largest >= INFINITE; i++) {
            if (!Float.isFinite(rows[i])) {
                throw new InputException(
                        Quote.of(name) + " has a value that is not finite in row " + (tile * TILE + i / columns)
                                + "; weights are quantised where all are numbers",
                        "--quantize none opens the model as it is");
            }
        }
    }

    private void read(Tensor w, int n, int to) {
        MemorySegment memory = w.memory();
        long at = (w.offset() + (long) n * columns) * w.dtype().bytes();
        if (w.dtype() == DType.FLOAT32) {
            MemorySegment.copy(memory, FLOAT, at, rows, to, columns);
            return;
        }
        MemorySegment.copy(memory, SHORT, at, bits, 0, columns);
        switch (w.dtype()) {
            case BFLOAT16 -> {
                for (int k = 0; k < columns; k++) {
                    rows[to + k] = DType.bfloat16ToFloat(bits[k]);
                }
            }
            case FLOAT16 -> {
                for (int k = 0; k < columns; k++) {
                    rows[to + k] = Float.float16ToFloat(bits[k]);
                }
            }
            default -> throw new IllegalArgumentException(w.dtype().torchName());
        }
    }

    /** Tiles of a weight. */
    static int tiles(Tensor w) {
        return QuantizedMatrix.tiles(w.dim(0));
    }
}
