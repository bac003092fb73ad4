package dev.fovea.io.quantize;

import java.util.Arrays;

/**
 * Scales and offsets for codes 0 to 15 of each lane of a tile, {@code w = scale code + offset}, that leave a small squared error: from
 * several widths of the range, codes are rounded, the best line through them is laid by least squares, and codes are rounded again.
 * Where columns have weights, each one's square counts as many times.
 *
 * <p>Loops over lanes take arrays at the same index in all of them, the one form of which C2 makes vector instructions.
 */
final class GroupFit {
    static final int TOP = 15;

    /** Shares of a group's range that a search begins with: outliers are clipped where that serves the rest. */
    private static final float[] SHARES = {1f, 0.84f};

    private static final int ROUNDS = 3;

    final float[] scales;
    final float[] offsets;

    private final float[] count;
    private final float[] low;
    private final float[] high;
    private final float[] sum;
    private final float[] codeSum;
    private final float[] squareSum;
    private final float[] productSum;
    private final float[] scale;
    private final float[] offset;
    private final float[] gain;
    private final float[] inverse;

    GroupFit(int lanes) {
        scales = new float[lanes];
        offsets = new float[lanes];
        count = new float[lanes];
        low = new float[lanes];
        high = new float[lanes];
        sum = new float[lanes];
        codeSum = new float[lanes];
        squareSum = new float[lanes];
        productSum = new float[lanes];
        scale = new float[lanes];
        offset = new float[lanes];
        gain = new float[lanes];
        inverse = new float[lanes];
    }

    void fit(TileValues tile) {
        ranges(tile);
        Arrays.fill(gain, Float.NEGATIVE_INFINITY);
        for (float share : SHARES) {
            begin(share);
            for (int round = 0; round < ROUNDS; round++) {
                codes(tile);
                improve();
            }
        }
    }

    private void ranges(TileValues tile) {
        Arrays.fill(low, 0); // a range that holds 0 needs no further zero points
        Arrays.fill(high, 0);
        Arrays.fill(sum, 0);
        Arrays.fill(count, 0);
        for (int k = 0; k < tile.group; k++) {
            if (tile.weights.length == 0) {
                extend(tile.values[k], low, high, sum, count);
            } else {
                extend(tile.values[k], tile.weights[k], low, high, sum, count);
            }
        }
    }

    private static void extend(float[] line, float[] low, float[] high, float[] sum, float[] count) {
        for (int i = 0; i < line.length; i++) {
            low[i] = Math.min(low[i], line[i]);
            high[i] = Math.max(high[i], line[i]);
            sum[i] += line[i];
            count[i] += 1;
        }
    }

    private static void extend(float[] line, float[] weights, float[] low, float[] high, float[] sum, float[] count) {
        for (int i = 0; i < line.length; i++) {
            low[i] = Math.min(low[i], line[i]);
            high[i] = Math.max(high[i], line[i]);
            sum[i] += line[i] * weights[i];
            count[i] += weights[i];
        }
    }

    private void begin(float share) {
        for (int i = 0; i < scale.length; i++) {
            float width = (high[i] - low[i]) * share;
            scale[i] = width / TOP;
            offset[i] = low[i] * share;
        }
    }

    /** Rounds to the codes of the line at hand, and takes their sums. */
    private void codes(TileValues tile) {
        Arrays.fill(codeSum, 0);
        Arrays.fill(squareSum, 0);
        Arrays.fill(productSum, 0);
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = scale[i] > 0 ? 1 / scale[i] : 0;
        }
        for (int k = 0; k < tile.group; k++) {
            if (tile.weights.length == 0) {
                add(tile.values[k], offset, inverse, codeSum, squareSum, productSum);
            } else {
                add(tile.values[k], tile.weights[k], offset, inverse, codeSum, squareSum, productSum);
            }
        }
    }

    private static void add(
            float[] line, float[] offset, float[] inverse, float[] codeSum, float[] squareSum, float[] productSum) {
        for (int i = 0; i < line.length; i++) {
            float w = line[i];
            int code = (int) ((w - offset[i]) * inverse[i] + 0.5f);
            float q = Math.min(TOP, Math.max(0, code));
            codeSum[i] += q;
            squareSum[i] += q * q;
            productSum[i] += w * q;
        }
    }

    private static void add(
            float[] line,
            float[] weights,
            float[] offset,
            float[] inverse,
            float[] codeSum,
            float[] squareSum,
            float[] productSum) {
        for (int i = 0; i < line.length; i++) {
            float w = line[i];
            int code = (int) ((w - offset[i]) * inverse[i] + 0.5f);
            float q = Math.min(TOP, Math.max(0, code));
            float weighted = q * weights[i];
            codeSum[i] += weighted;
            squareSum[i] += q * weighted;
            productSum[i] += w * weighted;
        }
    }

    /** Lays the line through the codes, keeps it where it is the best so far, and goes on with it. */
    private void improve() {
        for (int i = 0; i < scale.length; i++) {
            float spread = count[i] * squareSum[i] - codeSum[i] * codeSum[i];
            if (!(spread > 0)) {
                continue;
            }
            float slope = (count[i] * productSum[i] - sum[i] * codeSum[i]) / spread;
            float start = (sum[i] - slope * codeSum[i]) / count[i];
            if (start > 0) { // no zero point is below code 0
                start = 0;
                slope = productSum[i] / squareSum[i];
            }
            float explained = 2 * (slope * productSum[i] + start * sum[i])
                    - slope * slope * squareSum[i]
                    - 2 * slope * start * codeSum[i]
                    - count[i] * start * start;
            if (slope > 0) {
                scale[i] = slope;
                offset[i] = start;
                if (explained > gain[i]) {
                    gain[i] = explained;
                    scales[i] = slope;
                    offsets[i] = start;
                }
            }
        }
    }

    /** Lanes without a line: all values are one. */
    void settle() {
        for (int i = 0; i < scales.length; i++) {
            if (gain[i] == Float.NEGATIVE_INFINITY) {
                scales[i] = Math.max(Math.abs(low[i]), high[i]) / TOP;
                offsets[i] = low[i];
            }
        }
    }
}
