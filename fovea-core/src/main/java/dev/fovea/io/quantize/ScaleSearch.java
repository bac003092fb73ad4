package dev.fovea.io.quantize;

import java.util.Arrays;

/**
 * Scales for codes of 8 bits: of some around the smallest that clips nothing, the one that leaves each lane of a tile the smallest
 * squared error. Sums of so few roundings differ by a fifth from scale to scale.
 */
final class ScaleSearch {
    /** Steps that are tried below: the largest value is clipped by less than it would be rounded. */
    private static final int BELOW = 1;

    /** Steps that are tried above. */
    static final int ABOVE = 6;

    private final float[] scale;
    private final float[] inverse;
    private final float[] error;
    private final float[] least;
    private final int[] best;

    ScaleSearch(int lanes) {
        scale = new float[lanes];
        inverse = new float[lanes];
        error = new float[lanes];
        least = new float[lanes];
        best = new int[lanes];
    }

    /**
     * @param scales steps of each lane, at most 255 less {@link #ABOVE}; those found take their place
     * @param factors of a step, for each row of the tile
     */
    void search(TileValues tile, byte[] scales, float[] factors) {
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        Arrays.fill(best, 0);
        for (int step = -BELOW; step <= ABOVE; step++) {
            for (int lane = 0; lane < scale.length; lane++) {
                scale[lane] = factors[lane % factors.length] * Math.max(1, (scales[lane] & 0xff) + step);
                inverse[lane] = scale[lane] > 0 ? 1 / scale[lane] : 0;
            }
            Arrays.fill(error, 0);
            for (int k = 0; k < tile.group; k++) {
                add(tile.values[k], scale, inverse, error);
            }
            for (int lane = 0; lane < scale.length; lane++) {
                if (error[lane] < least[lane]) {
                    least[lane] = error[lane];
                    best[lane] = step;
                }
            }
        }
        for (int lane = 0; lane < scale.length; lane++) {
            int steps = scales[lane] & 0xff;
            scales[lane] = (byte) (steps == 0 ? 0 : Math.max(1, steps + best[lane]));
        }
    }

    /** Arrays at the same index in all of them: see {@link GroupFit}. */
    private static void add(float[] line, float[] scale, float[] inverse, float[] error) {
        for (int i = 0; i < line.length; i++) {
            float rounded = line[i] * inverse[i] + TilePacker.ROUNDING - TilePacker.ROUNDING;
            float code = Math.min(TilePacker.TOP_8, Math.max(-TilePacker.TOP_8, rounded));
            float missed = line[i] - code * scale[i];
            error[i] += missed * missed;
        }
    }
}
