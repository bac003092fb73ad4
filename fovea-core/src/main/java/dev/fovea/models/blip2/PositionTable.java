package dev.fovea.models.blip2;

import dev.fovea.tensor.Tensor;

/**
 * Learned positions of a square of patches, resized to another grid: torch.nn.functional.interpolate, bicubic,
 * align_corners=False, no antialiasing. Resizing is linear, so it is one product with a matrix of weights.
 */
final class PositionTable {
    private static final double A = -0.75; // torch's; picture resamplers take -0.5
    private static final int TAPS = 4;

    private PositionTable() {}

    /**
     * @param table (side², D), row-major
     * @return (rows columns, D), row-major, float32
     */
    static Tensor resize(Tensor table, int side, int rows, int columns) {
        float[][] y = weights(side, rows);
        float[][] x = weights(side, columns);
        int width = side * side;
        float[] product = new float[rows * columns * width];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                int at = (r * columns + c) * width;
                for (int i = 0; i < width; i++) {
                    product[at + i] = y[r][i / side] * x[c][i % side];
                }
            }
        }
        Tensor weights = Tensor.of(table.backend(), product, rows * columns, width);
        return table.backend().linear(weights, table.transpose(), null);
    }

    /** For each new place along an axis, the weights of the old ones; places beyond an edge count as the edge. */
    private static float[][] weights(int from, int to) {
        float[][] weights = new float[to][from];
        float scale = (float) from / to;
        for (int i = 0; i < to; i++) {
            float center = scale * (i + 0.5f) - 0.5f;
            int first = (int) Math.floor(center);
            for (int tap = 0; tap < TAPS; tap++) {
                int source = Math.clamp(first - 1 + tap, 0, from - 1);
                weights[i][source] += (float) cubic(Math.abs(center - (first - 1 + tap)));
            }
        }
        return weights;
    }

    /** Keys' kernel. */
    private static double cubic(double x) {
        if (x < 1) {
            return ((A + 2) * x - (A + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
}
