package dev.fovea.media;

import java.util.stream.IntStream;

/**
 * {@code torch.nn.functional.interpolate(mode="bicubic", antialias=True)} of a float32 tensor on an x86 CPU, which is what clips
 * go through where the reference holds their frames as floats. Equal to the last bit, as far as the frames' values are whole: the
 * weights and sums are float32 with the fused multiplications that PyTorch's build has (2.13, AVX2 and AVX-512).
 */
public final class FloatResampler {
    private static final float A = -0.5f;

    private FloatResampler() {}

    /**
     * One axis: new value i is the sum over k of weights[i][k] * old[first[i] + k].
     */
    @SuppressWarnings("ArrayRecordComponent")
    private record Axis(int[] first, float[][] weights) {

        /** Source: {@code _compute_indices_min_size_weights_aa} of UpSampleKernel.cpp. */
        static Axis of(int from, int to) {
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
            return new Axis(first, weights);
        }

        private static float cubic(float distance) {
            float x = Math.abs(distance);
            if (x < 1) {
                return Math.fma(Math.fma(A + 2, x, -(A + 3)) * x, x, 1);
            }
            return x < 2 ? Math.fma(Math.fma(Math.fma(A, x, -5 * A), x, 8 * A), x, -4 * A) : 0;
        }

        /**
         * The sum for new value i. PyTorch's compiler takes terms in fours, whose products are rounded before they are added, and
         * fuses what is left.
         *
         * @param at of the first old value
         * @param stride between old values
         */
        float sum(int i, float[] in, int at, int stride) {
            float[] w = weights[i];
            float sum = in[at] * w[0];
            int fours = 1 + (w.length - 1) / 4 * 4;
            for (int k = 1; k < fours; k++) {
                sum += in[at + k * stride] * w[k];
            }
            for (int k = fours; k < w.length; k++) {
                sum = Math.fma(in[at + k * stride], w[k], sum);
            }
            return sum;
        }
    }

    /** The picture at another size: (height, width, 3), neither rounded nor kept between 0 and 255. */
    public static float[] bicubic(Picture picture, int width, int height) {
        byte[] rgb = picture.rgb();
        float[] values = new float[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            values[i] = rgb[i] & 255;
        }
        float[] rows = width == picture.width() ? values : alongRows(values, picture, width);
        return height == picture.height() ? rows : alongColumns(rows, width, picture.height(), height);
    }

    /** {@code torchvision.transforms.functional.resize} of a uint8 tensor: as {@link #bicubic}, then rounded to bytes. */
    public static Picture bicubicBytes(Picture picture, int width, int height) {
        if (width == picture.width() && height == picture.height()) {
            return picture;
        }
        float[] values = bicubic(picture, width, height);
        byte[] rgb = new byte[values.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.rint(Math.clamp(values[i], 0f, 255f));
        }
        return new Picture(width, height, rgb);
    }

    private static float[] alongRows(float[] in, Picture picture, int width) {
        Axis axis = Axis.of(picture.width(), width);
        float[] out = new float[Math.multiplyExact(3 * width, picture.height())];
        IntStream.range(0, picture.height()).parallel().forEach(y -> {
            int row = y * picture.width() * 3;
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    out[(y * width + x) * 3 + c] = axis.sum(x, in, row + axis.first[x] * 3 + c, 3);
                }
            }
        });
        return out;
    }

    private static float[] alongColumns(float[] in, int width, int oldHeight, int height) {
        Axis axis = Axis.of(oldHeight, height);
        int row = 3 * width;
        float[] out = new float[Math.multiplyExact(row, height)];
        IntStream.range(0, height).parallel().forEach(y -> {
            for (int i = 0; i < row; i++) {
                out[y * row + i] = axis.sum(y, in, axis.first[y] * row + i, row);
            }
        });
        return out;
    }
}
