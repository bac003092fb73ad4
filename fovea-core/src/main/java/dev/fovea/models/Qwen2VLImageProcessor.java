package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.Filter;
import dev.fovea.media.Normalization;
import dev.fovea.media.Picture;
import dev.fovea.media.Resampler;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Pictures of any size to patches: Qwen2VLImageProcessor, of Qwen2-VL, Qwen2.5-VL and LLaVA-OneVision-1.5.
 *
 * <p>pixel_values is (patches, channels * temporalPatchSize * patchSize²). Patches come in squares of mergeSize x mergeSize that
 * will be merged: row of squares, column of squares, row in the square, column in the square. Inside a patch: channel,
 * frame, y, x; a picture's single frame is repeated.
 */
public record Qwen2VLImageProcessor(
        long minPixels,
        long maxPixels,
        int patchSize,
        int temporalPatchSize,
        int mergeSize,
        double rescaleFactor,
        double[] imageMean,
        double[] imageStd,
        Filter filter,
        Resampler resampler) {

    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};

    /** From preprocessor_config.json, or the image_processor of processor_config.json. */
    public static Qwen2VLImageProcessor of(Config c) {
        c.ignore("names of classes", "image_processor_type", "processor_class");
        c.ignore("always done", "do_convert_rgb", "do_normalize", "do_rescale", "do_resize");
        c.ignore("always bicubic", "resample");
        c.ignore("superseded by min_pixels and max_pixels where those are present", "size");
        return new Qwen2VLImageProcessor(
                limit(c, "min_pixels", "shortest_edge", 56 * 56),
                limit(c, "max_pixels", "longest_edge", 28 * 28 * 1280),
                c.integer("patch_size", 14),
                c.integer("temporal_patch_size", 2),
                c.integer("merge_size", 2),
                c.number("rescale_factor", 1 / 255.0),
                c.numbers("image_mean", CLIP_MEAN),
                c.numbers("image_std", CLIP_STD),
                Filter.BICUBIC,
                Resampler.TORCHVISION);
    }

    private static long limit(Config c, String key, String edge, long otherwise) {
        return c.optionalNumber(key)
                .or(() -> c.optionalChild("size").flatMap(size -> size.optionalNumber(edge)))
                .map(Double::longValue)
                .orElse(otherwise);
    }

    /** With the limits that a call gives; one without the other leaves the configured value. */
    public Qwen2VLImageProcessor with(Config call) {
        long min = limit(call, "min_pixels", "shortest_edge", minPixels);
        long max = limit(call, "max_pixels", "longest_edge", maxPixels);
        if (min < 0 || max < 1 || min > max) {
            throw new OptionException(
                    "min_pixels is " + min + " and max_pixels " + max + "; expected 0 <= min_pixels <= max_pixels");
        }
        Resampler r = call.has("resampler") ? Resampler.of(call.string("resampler")) : resampler;
        return new Qwen2VLImageProcessor(
                min, max, patchSize, temporalPatchSize, mergeSize, rescaleFactor, imageMean, imageStd, filter, r);
    }

    /** One picture to its patches. */
    public Inputs.Visual process(Picture picture) {
        SmartResize size = SmartResize.transformers(
                picture.height(), picture.width(), patchSize * mergeSize, minPixels, maxPixels);
        Picture resized = resampler.resize(picture, size.width(), size.height(), filter);
        GridThw grid = new GridThw(1, size.height() / patchSize, size.width() / patchSize);
        Pixels pixels =
                new Pixels(patches(resized, grid), grid.patches(), 3 * temporalPatchSize * patchSize * patchSize);
        return new Inputs.Visual(
                pixels, Optional.of(grid), grid.tokens(mergeSize), 0, picture.width(), picture.height());
    }

    /** Tokens that a picture of this size costs. */
    public int tokens(int height, int width) {
        SmartResize size = SmartResize.transformers(height, width, patchSize * mergeSize, minPixels, maxPixels);
        return new GridThw(1, size.height() / patchSize, size.width() / patchSize).tokens(mergeSize);
    }

    private float[] patches(Picture picture, GridThw grid) {
        float[][] table = normalization().table();
        int area = patchSize * patchSize;
        int width = 3 * temporalPatchSize * area;
        float[] out = new float[Math.multiplyExact(grid.patches(), width)];
        int columns = grid.w() / mergeSize;
        IntStream.range(0, grid.h() / mergeSize).parallel().forEach(band -> {
            int patch = band * columns * mergeSize * mergeSize;
            for (int c = 0; c < columns; c++) {
                for (int r = 0; r < mergeSize; r++) {
                    for (int s = 0; s < mergeSize; s++, patch++) {
                        int y = (band * mergeSize + r) * patchSize;
                        int x = (c * mergeSize + s) * patchSize;
                        patch(picture, table, y, x, out, patch * width);
                    }
                }
            }
        });
        return out;
    }

    private void patch(Picture picture, float[][] table, int top, int left, float[] out, int at) {
        byte[] rgb = picture.rgb();
        int area = patchSize * patchSize;
        for (int channel = 0; channel < 3; channel++) {
            float[] values = table[channel];
            int start = at + channel * temporalPatchSize * area;
            for (int y = 0; y < patchSize; y++) {
                int source = ((top + y) * picture.width() + left) * 3 + channel;
                for (int x = 0; x < patchSize; x++) {
                    out[start + y * patchSize + x] = values[rgb[source + 3 * x] & 0xff];
                }
            }
            for (int frame = 1; frame < temporalPatchSize; frame++) {
                System.arraycopy(out, start, out, start + frame * area, area);
            }
        }
    }

    private Normalization normalization() {
        return resampler == Resampler.PIL
                ? Normalization.pil(rescaleFactor, imageMean, imageStd)
                : Normalization.torchvision(rescaleFactor, imageMean, imageStd);
    }
}
