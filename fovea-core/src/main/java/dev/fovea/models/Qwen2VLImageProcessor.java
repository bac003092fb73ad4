package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.Filter;
import dev.fovea.media.Normalization;
import dev.fovea.media.Picture;
import dev.fovea.media.Resampler;
import java.util.List;
import java.util.Optional;

/**
 * Pictures of any size to patches: Qwen2VLImageProcessor, of Qwen2-VL, Qwen2.5-VL and LLaVA-OneVision-1.5.
 *
 * <p>pixel_values is (patches, 3 * temporalPatchSize * patchSize²). Patches of one time come in squares of mergeSize x mergeSize
 * that will be merged: row of squares, column of squares, row in the square, column in the square. Inside a patch: channel,
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
        return of(c, 56 * 56, 28 * 28 * 1280);
    }

    /** With other limits where the file has none. */
    static Qwen2VLImageProcessor of(Config c, long minPixels, long maxPixels) {
        c.ignore("names of classes", "image_processor_type", "processor_class");
        c.ignore("always done", "do_convert_rgb", "do_normalize", "do_rescale", "do_resize");
        c.ignore("always bicubic", "resample");
        c.ignore("superseded by min_pixels and max_pixels where those are present", "size");
        return new Qwen2VLImageProcessor(
                limit(c, "min_pixels", "shortest_edge", minPixels),
                limit(c, "max_pixels", "longest_edge", maxPixels),
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
        SmartResize size = size(picture.height(), picture.width());
        Picture resized = resampler.resize(picture, size.width(), size.height(), filter);
        GridThw grid = patches().grid(1, size);
        Pixels pixels = patches().of(List.of(Patches.Frame.of(resized, normalization())), grid);
        return new Inputs.Visual(
                pixels, Optional.of(grid), grid.tokens(mergeSize), 0, picture.width(), picture.height());
    }

    /** Tokens that a picture of this size costs. */
    public int tokens(int height, int width) {
        return patches().grid(1, size(height, width)).tokens(mergeSize);
    }

    private SmartResize size(int height, int width) {
        return SmartResize.transformers(height, width, patches().factor(), minPixels, maxPixels);
    }

    Patches patches() {
        return new Patches(patchSize, temporalPatchSize, mergeSize);
    }

    private Normalization normalization() {
        return resampler == Resampler.PIL
                ? Normalization.pil(rescaleFactor, imageMean, imageStd)
                : Normalization.torchvision(rescaleFactor, imageMean, imageStd);
    }
}
