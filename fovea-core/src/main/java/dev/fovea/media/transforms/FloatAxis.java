package dev.fovea.media.transforms;

/**
 * One axis of {@link FloatResampler}: new value i is the sum over k of {@code weights[i][k] * old[first[i] + k]}.
 */
@SuppressWarnings("ArrayRecordComponent")
record FloatAxis(int[] first, float[][] weights) {
    private static final float A = -0.5f;

    /** PyTorch's compiler takes terms behind the first one in fours, and fuses what is left. */
    static final int GROUP = 4;

    /** Source: {@code _compute_indices_min_size_weights_aa} of UpSampleKernel.cpp. */
    static FloatAxis of(int from, int to) {
        if (from == to) {
            return same(from);
        }
        float scale = (float) from / to;
        float support = scale >= 1 ? 2 * scale : 2;
        float invscale = scale >= 1 ? 1 / scale : 1;
        int[] first = new int[to];
        float[][] weights = new float[to][];
        for (int i = 0; i < to; i++) {
            float center = (float) (scale * (i + 0.5));
            first[i] = Math.max((int) (center - support + 0.5), 0);
            int count = Math.min((int) (center + support + 0.5), from) - first[i];
            weights[i] = new float[Math.min(count, (int) Math.ceil(support) * 2 + 1)];
            float total = 0;
            for (int k = 0; k < weights[i].length; k++) {
                weights[i][k] = cubic((float) ((k + first[i] - center + 0.5) * invscale));
                total += weights[i][k];
            }
            for (int k = 0; k < weights[i].length; k++) {
                weights[i][k] /= total;
            }
        }
        return new FloatAxis(first, weights);
    }

    /** An axis that is not resized: each value is the old one. */
    private static FloatAxis same(int size) {
        int[] first = new int[size];
        float[][] weights = new float[size][];
        for (int i = 0; i < size; i++) {
            first[i] = i;
            weights[i] = new float[] {1};
        }
        return new FloatAxis(first, weights);
    }

    private static float cubic(float distance) {
        float x = Math.abs(distance);
        if (x < 1) {
            return Math.fma(Math.fma(A + 2, x, -(A + 3)) * x, x, 1);
        }
        return x < 2 ? Math.fma(Math.fma(Math.fma(A, x, -5 * A), x, 8 * A), x, -4 * A) : 0;
    }

    int size() {
        return first.length;
    }

    /** The old value behind the last one that new value i sees. */
    int end(int i) {
        return first[i] + weights[i].length;
    }

    /** How many of a sum's terms are multiplied, rounded, and then added; the others are fused. */
    int rounded(int i) {
        return 1 + (weights[i].length - 1) / GROUP * GROUP;
    }
}
