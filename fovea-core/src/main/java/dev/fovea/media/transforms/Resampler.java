package dev.fovea.media.transforms;

import dev.fovea.error.OptionException;
import dev.fovea.media.Clip8;
import dev.fovea.media.Picture;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The two ways in which the reference makes a picture larger or smaller. They share kernels and geometry and differ in
 * the digits of their weights, so that their results differ by at most 1 in a few pixels; both are met bit for bit.
 *
 * <p>Rows and columns are two passes with bytes in between, as in both references: a fused loop would round
 * differently, and so would the other order. Rows are split over the common pool; the result does not depend on how.
 */
public enum Resampler {
    /** {@code PIL.Image.resize}: weights of 22 binary digits. The "slow" processors of transformers. */
    PIL,
    /**
     * {@code torchvision.transforms.v2.functional.resize} of a uint8 tensor with antialiasing on an x86 CPU: weights of
     * 16 bits. The "fast" processors of transformers.
     */
    TORCHVISION;

    /** New pixels that a thread takes at a time: large enough to hide the cost of handing them out. */
    private static final int CHUNK = 1 << 14;

    /** By its name in a request: {@code pil}, {@code torchvision}. */
    public static Resampler of(String label) {
        return switch (label) {
            case "pil" -> PIL;
            case "torchvision" -> TORCHVISION;
            default -> throw new OptionException("resampler is \"" + label + "\"; expected pil or torchvision");
        };
    }

    /**
     * The picture at another size; the same object where the size is already that.
     *
     * @throws IllegalArgumentException where a side is below 1
     */
    public Picture resize(Picture picture, int width, int height, Filter filter) {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("Cannot resize to " + width + " x " + height);
        }
        if (picture.width() == width && picture.height() == height) {
            return picture;
        }
        if (filter == Filter.NEAREST) {
            return nearest(picture, width, height);
        }
        if (PixelCode.isPresent()) {
            Taps columns = taps(picture.width(), width, filter);
            Taps rows = taps(picture.height(), height, filter);
            boolean columnsFirst = columnsFirst(picture, width, height);
            return ByteResampling.resize(picture, width, height, columns, rows, columnsFirst);
        }
        return inJava(picture, width, height, filter);
    }

    private Taps taps(int from, int to, Filter filter) {
        return from == to ? Taps.same(from) : Taps.of(from, to, filter, this);
    }

    /** What {@link #resize} does where there is no machine code. */
    Picture inJava(Picture picture, int width, int height, Filter filter) {
        return columnsFirst(picture, width, height)
                ? alongRows(alongColumns(picture, height, filter), width, filter)
                : alongColumns(alongRows(picture, width, filter), height, filter);
    }

    /** Whether the reference has a filter for it; torchvision lacks Pillow's box and Hamming. */
    public boolean knows(Filter filter) {
        return this == PIL || (filter != Filter.BOX && filter != Filter.HAMMING);
    }

    private Picture nearest(Picture picture, int width, int height) {
        int[] columns = nearest(picture.width(), width);
        int[] rows = nearest(picture.height(), height);
        byte[] out = new byte[Math.multiplyExact(3 * width, height)];
        int at = 0;
        for (int row : rows) {
            for (int column : columns) {
                System.arraycopy(picture.rgb(), 3 * (row * picture.width() + column), out, at, 3);
                at += 3;
            }
        }
        return new Picture(width, height, out);
    }

    /**
     * For each new pixel along an axis the old one. Pillow adds up the steps in float64, {@code ImagingScaleAffine}; PyTorch's
     * nearest-exact multiplies in float32.
     */
    private int[] nearest(int from, int to) {
        int[] source = new int[to];
        double step = (double) from / to;
        double at = step * 0.5;
        float scale = (float) from / to;
        for (int i = 0; i < to; i++, at += step) {
            int pixel = this == PIL ? (int) at : (int) Math.floor((i + 0.5f) * scale);
            source[i] = Math.min(pixel, from - 1);
        }
        return source;
    }

    /** Pillow turns the passes round where that saves work; it does so since 13.0, {@code ImagingResampleInner}. */
    private boolean columnsFirst(Picture picture, int width, int height) {
        int rowsLess = picture.height() - height;
        return this == PIL && rowsLess > 0 && rowsLess > 2 * (picture.width() - width);
    }

    private Picture alongRows(Picture picture, int width, Filter filter) {
        if (width == picture.width()) {
            return picture;
        }
        Taps taps = Taps.of(picture.width(), width, filter, this);
        var out = new byte[Math.multiplyExact(3 * width, picture.height())];
        forRows(picture.height(), width, (from, to) -> {
            for (int y = from; y < to; y++) {
                resampleRow(picture.rgb(), y * picture.width() * 3, out, y * width * 3, taps);
            }
        });
        return new Picture(width, picture.height(), out);
    }

    private static void resampleRow(byte[] in, int inAt, byte[] out, int outAt, Taps taps) {
        int[] weights = taps.weights();
        int precision = taps.precision();
        for (int x = 0; x < taps.first().length; x++) {
            int red = 1 << precision - 1;
            int green = red;
            int blue = red;
            int from = inAt + taps.first()[x] * 3;
            int weightAt = x * taps.stride();
            for (int k = 0; k < taps.count()[x]; k++) {
                int weight = weights[weightAt + k];
                red += weight * (in[from + 3 * k] & 255);
                green += weight * (in[from + 3 * k + 1] & 255);
                blue += weight * (in[from + 3 * k + 2] & 255);
            }
            out[outAt + 3 * x] = Clip8.of(red >> precision);
            out[outAt + 3 * x + 1] = Clip8.of(green >> precision);
            out[outAt + 3 * x + 2] = Clip8.of(blue >> precision);
        }
    }

    private Picture alongColumns(Picture picture, int height, Filter filter) {
        if (height == picture.height()) {
            return picture;
        }
        Taps taps = Taps.of(picture.height(), height, filter, this);
        int rowBytes = 3 * picture.width();
        var out = new byte[Math.multiplyExact(rowBytes, height)];
        forRows(height, picture.width(), (from, to) -> {
            var sums = new int[rowBytes];
            for (int y = from; y < to; y++) {
                mixRows(picture.rgb(), out, y, taps, sums);
            }
        });
        return new Picture(picture.width(), height, out);
    }

    /** Row y of the result. The inner loops run over contiguous bytes, which is the form that C2 vectorises. */
    private static void mixRows(byte[] in, byte[] out, int y, Taps taps, int[] sums) {
        Arrays.fill(sums, 1 << taps.precision() - 1);
        for (int k = 0; k < taps.count()[y]; k++) {
            addRow(in, (taps.first()[y] + k) * sums.length, taps.weights()[y * taps.stride() + k], sums);
        }
        store(sums, taps.precision(), out, y * sums.length);
    }

    private static void addRow(byte[] in, int at, int weight, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += weight * (in[at + i] & 255);
        }
    }

    private static void store(int[] sums, int precision, byte[] out, int at) {
        for (int i = 0; i < sums.length; i++) {
            out[at + i] = Clip8.of(sums[i] >> precision);
        }
    }

    /** A run of rows, {@code from} to {@code to} exclusive. */
    private interface Rows {
        void run(int from, int to);
    }

    private static void forRows(int rows, int width, Rows body) {
        int chunk = Math.max(1, CHUNK / width);
        int chunks = Math.ceilDiv(rows, chunk);
        IntStream.range(0, chunks).parallel().forEach(i -> body.run(i * chunk, Math.min(rows, (i + 1) * chunk)));
    }
}
