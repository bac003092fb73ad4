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

    final int group;
    final int lanes;

    /** (group, lanes); padding is 0. */
    final float[] values;

    private final float[] row;

    /** @param columns K */
    TileValues(int columns, int group) {
        this.group = group;
        lanes = Math.ceilDiv(columns, group) * TILE;
        values = new float[group * lanes];
        row = new float[columns];
    }

    /** @throws InputException where a value is not finite */
    void load(String name, Tensor w, int tile) {
        int rows = Math.min(TILE, w.dim(0) - tile * TILE);
        for (int r = 0; r < TILE; r++) {
            if (r < rows) {
                read(w, tile * TILE + r);
            } else {
                Arrays.fill(row, 0);
            }
            float sum = 0;
            for (int k = 0; k < row.length; k++) {
                values[k % group * lanes + k / group * TILE + r] = row[k];
                sum += row[k] * 0;
            }
            if (sum != 0) {
                throw new InputException(
                        Quote.of(name) + " has a value that is not finite in row " + (tile * TILE + r)
                                + "; weights are quantised where all are numbers",
                        "--quantize none opens the model as it is");
            }
        }
    }

    private void read(Tensor w, int n) {
        MemorySegment memory = w.memory();
        long at = (w.offset() + (long) n * row.length) * w.dtype().bytes();
        switch (w.dtype()) {
            case FLOAT32 -> MemorySegment.copy(memory, FLOAT, at, row, 0, row.length);
            case BFLOAT16 -> {
                for (int k = 0; k < row.length; k++) {
                    row[k] = DType.bfloat16ToFloat(memory.get(SHORT, at + 2L * k));
                }
            }
            case FLOAT16 -> {
                for (int k = 0; k < row.length; k++) {
                    row[k] = Float.float16ToFloat(memory.get(SHORT, at + 2L * k));
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
