package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
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
        double minPixels, double maxPixels, int patchSize, int temporalPatchSize, int mergeSize, ImageSteps steps) {

    private static final Range LIMIT = Range.atLeast(1);

    /** From preprocessor_config.json, or the image_processor of processor_config.json. */
    public static Qwen2VLImageProcessor of(Config c) {
        return of(c, 56 * 56, 28 * 28 * 1280);
    }

    /** With other limits where the file has none. */
    static Qwen2VLImageProcessor of(Config c, double minPixels, double maxPixels) {
        c.ignore("pictures are neither cropped nor padded", "do_center_crop", "crop_size", "do_pad", "pad_size");
        c.ignore("limits are pixels of the whole picture", "default_to_square");
        Optional<Config> size = c.optionalChild("size");
        return new Qwen2VLImageProcessor(
                limit(c, "min_pixels", size, "shortest_edge", minPixels),
                limit(c, "max_pixels", size, "longest_edge", maxPixels),
                c.integer("patch_size", 14, Range.PATCH),
                c.integer("temporal_patch_size", 2, Range.FEW),
                c.integer("merge_size", 2, Range.FEW),
                ImageSteps.ofClip(c, Resampler.TORCHVISION));
    }

    /**
     * A limit from its own key, else from size, else as before: where there is a size, it has to have both of its edges. As in the
     * reference, nothing compares the two limits, and the upper one is looked at first.
     */
    private static double limit(Config c, String key, Optional<Config> size, String edge, double otherwise) {
        Optional<Double> own = c.optionalNumber(key, LIMIT);
        Optional<Double> ofSize = size.flatMap(s -> s.optionalNumber(edge, LIMIT));
        return own.or(() -> ofSize).orElseGet(() -> {
            size.ifPresent(s -> s.require(false, edge, "a number" + LIMIT + ", beside the other edge, or " + key));
            return otherwise;
        });
    }

    /** With the limits that a call gives; one without the other leaves the configured value. */
    public Qwen2VLImageProcessor with(Config call) {
        Optional<Config> size = call.optionalChild("size");
        double min = limit(call, "min_pixels", size, "shortest_edge", minPixels);
        double max = limit(call, "max_pixels", size, "longest_edge", maxPixels);
        return new Qwen2VLImageProcessor(min, max, patchSize, temporalPatchSize, mergeSize, steps.with(call));
    }

    /** One picture to its patches. */
    public Inputs.Visual process(Picture picture) {
        SmartResize size = size(picture.height(), picture.width());
        Picture resized = steps.resized(picture, size.width(), size.height());
        GridThw grid = patches().grid(1, size);
        Pixels pixels = patches().of(List.of(Patches.Frame.of(resized, steps.normalization())), grid);
        return new Inputs.Visual(
                pixels,
                Optional.of(grid),
                grid.tokens(mergeSize),
                0,
                picture.width(),
                picture.height(),
                List.of(View.whole(size.width(), size.height(), picture.width(), picture.height())));
    }

    /** Tokens that a picture of this size costs. */
    public int tokens(int height, int width) {
        return patches().grid(1, size(height, width)).tokens(mergeSize);
    }

    private SmartResize size(int height, int width) {
        return size(height, width, maxPixels);
    }

    /** The size that pictures of a size get; their own where they are not resized. */
    SmartResize size(int height, int width, double max) {
        int factor = patches().factor();
        if (steps.doResize()) {
            return SmartResize.transformers(height, width, factor, minPixels, max);
        }
        if (height % factor != 0 || width % factor != 0) {
            throw new InputException(
                    "a picture has " + width + " x " + height
                            + " pixels, and do_resize is false in this model's processor; expected multiples of "
                            + factor,
                    "resize the picture, or leave out do_resize");
        }
        return new SmartResize(height, width);
    }

    Patches patches() {
        return new Patches(patchSize, temporalPatchSize, mergeSize);
    }
}
