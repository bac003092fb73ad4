package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import org.jspecify.annotations.Nullable;

/** For decoding: a handful of rows do not pay for transposing the keys, so scores are dot products. */
public final class FewRowsTile implements TileProducts {
    /** Rows from which on {@link JavaTile} is faster. */
    public static final int LIMIT = 16;

    private final float[] tile = new float[Dot.SIDE * Dot.SIDE];
    private final @Nullable DotCode code;
    private float[] lines = {};

    /** @param code what multiplies in machine code, or null */
    public FewRowsTile(@Nullable DotCode code) {
        this.code = code;
    }

    @Override
    public DType dtype() {
        return DType.FLOAT32;
    }

    @Override
    public int pitch(int width) {
        return Lanes.padded(width);
    }

    @Override
    public boolean readsKeys(DType dtype, int width) {
        return width == pitch(width) && (dtype != DType.FLOAT16 || code != null);
    }

    @Override
    public void scores(long queries, Rows keys, long scores, Size size) {
        int tile = size.tile();
        int pitch = pitch(size.width());
        Panel.Strip strip = new Panel.Strip(DType.FLOAT32, queries, size.rows(), pitch);
        lines = Lanes.atLeast(lines, Dot.SIDE * tile);
        int whole = keys.count() / Dot.SIDE * Dot.SIDE;
        for (int row = 0; row < size.rows(); row += Dot.SIDE) {
            int valid = Math.min(Dot.SIDE, size.rows() - row);
            scores(strip, row, valid, keys, 0, whole, tile);
            if (whole < keys.count()) { // the last four once more, rather than what lies behind them
                scores(strip, row, valid, keys, keys.count() - Dot.SIDE, Dot.SIDE, tile);
            }
            for (int i = 0; i < valid; i++) {
                Lanes.store(DType.FLOAT32, lines, i * tile, scores + 4L * (row + i) * tile, tile);
            }
        }
    }

    /** Up to four lines, for so many keys from one on. */
    private void scores(Panel.Strip queries, int row, int rows, Rows keys, int first, int count, int step) {
        if (code != null) {
            Rows part = new Rows(keys.dtype(), keys.row(first), count, keys.width(), keys.stride());
            code.multiply(part, queries, row, rows, lines, first, step);
            return;
        }
        for (int key = first; key < first + count; key += Dot.SIDE) {
            dots(queries, row, rows, keys, key, step);
        }
    }

    private void dots(Panel.Strip queries, int row, int rows, Rows keys, int key, int step) {
        int pitch = queries.pitch();
        if (rows > 2) {
            Dot.tile(keys.dtype(), keys.row(key), keys.stride(), queries.row(row), 4L * pitch, pitch, tile);
            for (int i = 0; i < rows; i++) {
                System.arraycopy(tile, i * Dot.SIDE, lines, i * step + key, Dot.SIDE);
            }
            return;
        }
        for (int i = 0; i < rows; i++) {
            Dot.column(keys.dtype(), keys.row(key), keys.stride(), queries.row(row + i), pitch, lines, i * step + key);
        }
    }

    @Override
    public void sums(long weights, long values, long sums, Size size) {
        if (code == null) {
            JavaTile.multiply(weights, size.tile(), values, sums, pitch(size.width()), size.rows(), size.tile());
        } else {
            code.sums().multiply(weights, size.tile(), values, sums, pitch(size.width()), size.rows(), size.tile());
        }
    }
}
