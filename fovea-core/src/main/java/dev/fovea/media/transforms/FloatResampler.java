package dev.fovea.media.transforms;

import dev.fovea.media.Picture;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code torch.nn.functional.interpolate(mode="bicubic", antialias=True)} of a float32 tensor on an x86 CPU, which is what clips
 * go through where the reference holds their frames as floats. Equal to the last bit, as far as the frames' values are whole: the
 * weights and sums are float32 with the fused multiplications that PyTorch's build has (2.13, AVX2 and AVX-512).
 */
public final class FloatResampler {
    private static final VectorSpecies<Float> FOUR = FloatVector.SPECIES_128;

    private FloatResampler() {}

    /** The picture at another size: (height, width, 3), neither rounded nor kept between 0 and 255. */
    public static float[] bicubic(Picture picture, int width, int height) {
        return PixelCode.isPresent() ? FloatResampling.resize(picture, width, height) : inJava(picture, width, height);
    }

    /** {@code torchvision.transforms.functional.resize} of a uint8 tensor: as {@link #bicubic}, then rounded to bytes. */
    public static Picture bicubicBytes(Picture picture, int width, int height) {
        if (width == picture.width() && height == picture.height()) {
            return picture;
        }
        return PixelCode.isPresent()
                ? FloatResampling.resizeToBytes(picture, width, height)
                : rounded(inJava(picture, width, height), width, height);
    }

    static Picture rounded(float[] values, int width, int height) {
        byte[] rgb = new byte[values.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.rint(Math.clamp(values[i], 0f, 255f));
        }
        return new Picture(width, height, rgb);
    }

    /** What {@link #bicubic} does where there is no machine code. */
    static float[] inJava(Picture picture, int width, int height) {
        float[] rows = width == picture.width() ? values(picture, 0, picture.height(), 0) : alongRows(picture, width);
        return height == picture.height() ? rows : alongColumns(rows, width, picture.height(), height);
    }

    /** @param more values behind them, 0 */
    private static float[] values(Picture picture, int firstRow, int rows, int more) {
        int count = 3 * picture.width() * rows;
        float[] values = new float[count + more];
        int from = 3 * picture.width() * firstRow;
        byte[] rgb = picture.rgb();
        for (int i = 0; i < count; i++) {
            values[i] = rgb[from + i] & 255;
        }
        return values;
    }

    private static float[] alongRows(Picture picture, int width) {
        FloatAxis axis = FloatAxis.of(picture.width(), width);
        float[] out = new float[Math.multiplyExact(3 * width, picture.height())];
        IntStream.range(0, picture.height()).parallel().forEach(y -> {
            float[] row = values(picture, y, 1, 1);
            float[] sums = new float[3 * width + 1];
            for (int x = 0; x < width; x++) {
                sums(axis, x, row, sums);
            }
            System.arraycopy(sums, 0, out, 3 * y * width, 3 * width);
        });
        return out;
    }

    /**
     * The sums for new value i of three channels that lie side by side, and of a fourth one that nobody wants.
     *
     * @param in old values, three each, and one more behind them
     * @param out likewise; what stands behind new value i is overwritten
     */
    private static void sums(FloatAxis axis, int i, float[] in, float[] out) {
        float[] w = axis.weights()[i];
        int at = 3 * axis.first()[i];
        int rounded = axis.rounded(i);
        FloatVector sum = FloatVector.fromArray(FOUR, in, at).mul(w[0]);
        int k = 1;
        for (at += 3; k < rounded; k++, at += 3) {
            sum = FloatVector.fromArray(FOUR, in, at).mul(w[k]).add(sum);
        }
        for (; k < w.length; k++, at += 3) {
            sum = FloatVector.fromArray(FOUR, in, at).fma(FloatVector.broadcast(FOUR, w[k]), sum);
        }
        sum.intoArray(out, 3 * i);
    }

    /** Term by term for a whole row, whose values are independent: so loops become vectors. */
    private static float[] alongColumns(float[] in, int width, int oldHeight, int height) {
        FloatAxis axis = FloatAxis.of(oldHeight, height);
        int row = 3 * width;
        float[] out = new float[Math.multiplyExact(row, height)];
        IntStream.range(0, height).parallel().forEach(y -> {
            float[] w = axis.weights()[y];
            float[] sums = new float[row];
            for (int k = 0; k < w.length; k++) {
                add(in, (axis.first()[y] + k) * row, w[k], sums, k >= axis.rounded(y));
            }
            System.arraycopy(sums, 0, out, y * row, row);
        });
        return out;
    }

    private static void add(float[] in, int from, float weight, float[] sums, boolean fused) {
        if (fused) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] = Math.fma(in[from + i], weight, sums[i]);
            }
        } else {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += in[from + i] * weight;
            }
        }
    }
}
