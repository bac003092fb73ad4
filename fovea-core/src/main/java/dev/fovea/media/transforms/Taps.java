package dev.fovea.media.transforms;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The integer weights by which one axis of a picture is resampled. New pixel i is
 * {@code (round + sum over k of weights[i * stride + k] * old[first[i] + k]) >> precision}, clamped to a byte.
 *
 * @param first the first old pixel that each new one sees
 * @param count how many it sees, at most {@code stride}
 * @param weights {@code (new size, stride)}, zero beyond {@code count}
 * @param precision binary digits after the point of a weight
 */
record Taps(int[] first, int[] count, int[] weights, int stride, int precision) {

    /** Pillow: 32 bits less 8 of the pixel and 2 of head room. {@code PRECISION_BITS} of Resample.c. */
    private static final int PIL_PRECISION = 22;

    /** Geometry of {@code precompute_coeffs} in Pillow's Resample.c; PyTorch's antialiased upsampling has the same. */
    static Taps of(int from, int to, Filter filter, Resampler resampler) {
        double scale = (double) from / to;
        double stretch = Math.max(scale, 1);
        double reach = filter.radius * stretch;
        // Both references multiply by the reciprocal; a division differs in the last digit.
        double shrink = 1 / stretch;
        int stride = (int) Math.ceil(reach) * 2 + 1;
        var first = new int[to];
        var count = new int[to];
        var exact = new double[Math.multiplyExact(to, stride)];
        for (int i = 0; i < to; i++) {
            double centre = (i + 0.5) * scale;
            first[i] = Math.max((int) (centre - reach + 0.5), 0);
            count[i] = Math.min((int) (centre + reach + 0.5), from) - first[i];
            double sum = 0;
            for (int k = 0; k < count[i]; k++) {
                double weight = filter.at((k + first[i] - centre + 0.5) * shrink);
                exact[i * stride + k] = weight;
                sum += weight;
            }
            for (int k = 0; k < count[i] && sum != 0; k++) {
                exact[i * stride + k] /= sum;
            }
        }
        int precision = resampler == Resampler.PIL ? PIL_PRECISION : precisionOfShorts(exact);
        return new Taps(first, count, round(exact, precision), stride, precision);
    }

    /** The old pixel behind the last one that new pixel i sees. */
    int end(int i) {
        return first[i] + count[i];
    }

    /** Each new pixel is the old one. */
    static Taps same(int size) {
        int precision = 14; // of weights that fit into 16 bits
        int[] first = IntStream.range(0, size).toArray();
        int[] ones = new int[size];
        Arrays.fill(ones, 1);
        int[] weights = new int[size];
        Arrays.fill(weights, 1 << precision);
        return new Taps(first, ones, weights, 1, precision);
    }

    /** PyTorch holds weights in 16 bits: the most digits, 22 at most, with which the largest weight still fits. */
    private static int precisionOfShorts(double[] exact) {
        double largest = Arrays.stream(exact).max().orElse(0);
        int precision = 0;
        while (precision < PIL_PRECISION && (int) (0.5 + largest * (1 << (precision + 1))) < 1 << 15) {
            precision++;
        }
        return precision;
    }

    /** Halves away from zero. */
    private static int[] round(double[] exact, int precision) {
        var weights = new int[exact.length];
        for (int i = 0; i < exact.length; i++) {
            weights[i] = (int) (exact[i] * (1 << precision) + (exact[i] < 0 ? -0.5 : 0.5));
        }
        return weights;
    }
}
