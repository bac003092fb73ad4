package dev.fovea.backend.cpu;

import dev.fovea.tensor.DType;

/** For decoding: a handful of rows do not pay for transposing the keys, so scores are dot products. */
final class FewRowsTile implements TileProducts {
    /** Rows from which on {@link JavaTile} is faster. */
    static final int LIMIT = 16;

    private final float[] tile = new float[Dot.SIDE * Dot.SIDE];
    private float[] lines = {};

    @Override
    public DType dtype() {
        return DType.FLOAT32;
    }

    @Override
    public int pitch(int width) {
        return Lanes.padded(width);
    }

    @Override
    public void scores(long queries, long keys, long scores, Size size) {
        int tile = size.tile();
        for (int row = 0; row < size.rows(); row += Dot.SIDE) {
            int valid = Math.min(Dot.SIDE, size.rows() - row);
            lines = Lanes.atLeast(lines, Dot.SIDE * tile);
            scores(queries + 4L * row * pitch(size.width()), valid, keys, size);
            for (int i = 0; i < valid; i++) {
                Lanes.store(DType.FLOAT32, lines, i * tile, scores + 4L * (row + i) * tile, tile);
            }
        }
    }

    /** Up to four lines. */
    private void scores(long queries, int rows, long keys, Size size) {
        int pitch = pitch(size.width());
        long stride = 4L * pitch;
        for (int key = 0; key < size.tile(); key += Dot.SIDE) {
            long from = keys + key * stride;
            if (rows > 2) {
                Dot.tile(DType.FLOAT32, from, stride, queries, stride, pitch, tile);
                for (int i = 0; i < rows; i++) {
                    System.arraycopy(tile, i * Dot.SIDE, lines, i * size.tile() + key, Dot.SIDE);
                }
            } else {
                for (int i = 0; i < rows; i++) {
                    Dot.column(DType.FLOAT32, from, stride, queries + i * stride, pitch, lines, i * size.tile() + key);
                }
            }
        }
    }

    @Override
    public void sums(long weights, long values, long sums, Size size) {
        JavaTile.multiply(weights, size.tile(), values, sums, pitch(size.width()), size.rows(), size.tile());
    }
}
