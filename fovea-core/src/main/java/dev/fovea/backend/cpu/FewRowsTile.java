package dev.fovea.backend.cpu;

import dev.fovea.tensor.DType;

/** For decoding: a handful of rows do not pay for transposing the keys, so scores are dot products. */
final class FewRowsTile implements TileProducts {
    /** Rows from which on {@link JavaTile} is faster. */
    static final int LIMIT = 16;

    private final float[] tile = new float[Dot.SIDE * Dot.SIDE];

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
        int pitch = pitch(size.width());
        long stride = 4L * pitch;
        for (int key = 0; key < size.tile(); key += Dot.SIDE) {
            for (int row = 0; row < size.rows(); row += Dot.SIDE) {
                int valid = Math.min(Dot.SIDE, size.rows() - row);
                products(keys + key * stride, queries + row * stride, stride, pitch, valid);
                for (int i = 0; i < valid; i++) {
                    long to = scores + 4L * ((long) (row + i) * size.tile() + key);
                    Lanes.store(DType.FLOAT32, tile, i * Dot.SIDE, to, Dot.SIDE);
                }
            }
        }
    }

    private void products(long keys, long queries, long stride, int pitch, int valid) {
        if (valid > 2) {
            Dot.float32Tile(keys, stride, queries, stride, pitch, tile);
            return;
        }
        for (int i = 0; i < valid; i++) {
            Dot.float32Column(keys, stride, queries + i * stride, pitch, tile, i * Dot.SIDE);
        }
    }

    @Override
    public void sums(long weights, long values, long sums, Size size) {
        JavaTile.multiply(weights, size.tile(), values, sums, pitch(size.width()), size.rows(), size.tile());
    }
}
