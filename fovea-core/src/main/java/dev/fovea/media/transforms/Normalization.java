package dev.fovea.media.transforms;

import dev.fovea.media.Picture;
import java.util.stream.IntStream;

/**
 * From bytes to the numbers that a vision tower sees: the 256 values that each channel can take, computed once in
 * exactly the order of operations of the reference.
 *
 * @param table {@code (3, 256)}: channel, byte
 */
public record Normalization(float[][] table) {

    /** The bytes as they are, for processors with {@code do_rescale} and {@code do_normalize} false. */
    public static final Normalization NONE = of((_, value) -> value);

    /** What one channel makes of one byte. */
    private interface Step {
        float apply(int channel, int value);
    }

    /**
     * The PIL processors of transformers, {@code rescale} then {@code normalize} in NumPy: the product in float64, then
     * everything in float32. With {@code do_rescale} false the factor is 1.
     */
    public static Normalization pil(double rescaleFactor, double[] mean, double[] std) {
        return of((c, value) -> ((float) (value * rescaleFactor) - (float) mean[c]) / (float) std[c]);
    }

    /**
     * The torchvision processors of transformers, {@code rescale_and_normalize}: mean and deviation are scaled up
     * instead of the pixels scaled down. With {@code do_rescale} false the factor is 1.
     */
    public static Normalization torchvision(double rescaleFactor, double[] mean, double[] std) {
        float scale = (float) (1 / rescaleFactor);
        return of((c, value) -> (value - (float) mean[c] * scale) / ((float) std[c] * scale));
    }

    /**
     * {@link #torchvision} of values that are no bytes, where the reference has resized without rounding. In place.
     *
     * @param values {@code (pixels, 3)}
     */
    public static void torchvision(float[] values, double rescaleFactor, double[] mean, double[] std) {
        float scale = (float) (1 / rescaleFactor);
        for (int i = 0; i < values.length; i++) {
            int c = i % 3;
            values[i] = (values[i] - (float) mean[c] * scale) / ((float) std[c] * scale);
        }
    }

    /** {@code rescale} of either backend, for processors with {@code do_normalize} false. */
    public static Normalization rescaled(double rescaleFactor, Resampler backend) {
        float rounded = (float) rescaleFactor;
        return of((c, value) -> backend == Resampler.PIL ? (float) (value * rescaleFactor) : value * rounded);
    }

    /** {@link #rescaled(double, Resampler)} by torchvision of values that are no bytes. In place. */
    public static void rescaled(float[] values, double rescaleFactor) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= (float) rescaleFactor;
        }
    }

    private static Normalization of(Step step) {
        var table = new float[3][256];
        for (int c = 0; c < 3; c++) {
            for (int value = 0; value < 256; value++) {
                table[c][value] = step.apply(c, value);
            }
        }
        return new Normalization(table);
    }

    /** The picture as {@code (3, height, width)}. */
    public float[] toPlanar(Picture picture) {
        byte[] rgb = picture.rgb();
        int width = picture.width();
        var out = new float[rgb.length];
        IntStream.range(0, picture.height()).parallel().forEach(y -> {
            for (int c = 0; c < 3; c++) {
                row(rgb, 3 * y * width + c, table[c], out, (c * picture.height() + y) * width, width);
            }
        });
        return out;
    }

    private static void row(byte[] rgb, int from, float[] values, float[] out, int to, int width) {
        for (int x = 0; x < width; x++) {
            out[to + x] = values[rgb[from + 3 * x] & 255];
        }
    }
}
