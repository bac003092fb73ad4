package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;

/** The shapes of AMX's eight tiles, as the processor reads them: sixteen rows each, of a line or of fewer words. */
public final class TileShapes {
    /** Rows of a tile, and words of a row, at most. */
    public static final int SIDE = 16;

    /** Bytes of a row, at most. */
    public static final int LINE = SIDE * Float.BYTES;

    /** Tiles from this one on have whole lines, for weights; those below have columns, for x and sums. */
    static final int WEIGHTS = 4;

    private static final int TILES = 8;
    private static final int WIDTHS_AT = 16;
    private static final int HEIGHTS_AT = 48;

    private TileShapes() {}

    /**
     * The address of shapes; they stay for the life of the JVM.
     *
     * @param columns words of a row of the tiles below {@link #WEIGHTS}
     */
    public static long of(int columns) {
        long at = Arena.global().allocate(LINE, LINE).address();
        MEMORY.set(JAVA_BYTE, at, (byte) 1); // the one palette
        for (int tile = 0; tile < TILES; tile++) {
            int words = tile < WEIGHTS ? columns : SIDE;
            MEMORY.set(JAVA_BYTE, at + WIDTHS_AT + 2L * tile, (byte) (words * Float.BYTES));
            MEMORY.set(JAVA_BYTE, at + HEIGHTS_AT + tile, (byte) SIDE);
        }
        return at;
    }
}
