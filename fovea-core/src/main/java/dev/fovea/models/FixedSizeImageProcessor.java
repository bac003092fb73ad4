package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.Filter;
import dev.fovea.media.Normalization;
import dev.fovea.media.Picture;
import dev.fovea.media.Resampler;
import java.util.Optional;

/**
 * Pictures to one size, whatever their aspect ratio: CLIPImageProcessor with a height and a width, BlipImageProcessor. pixel_values is (1, 3, height,
 * width).
 */
public record FixedSizeImageProcessor(
        int height,
        int width,
        Filter filter,
        double rescaleFactor,
        double[] imageMean,
        double[] imageStd,
        Resampler resampler) {

    private static final int MAX_SIDE = 8192;

    /** From preprocessor_config.json, or the image_processor of processor_config.json. */
    public static FixedSizeImageProcessor of(Config c, Resampler resampler) {
        c.ignore("names of classes", "image_processor_type", "processor_class", "auto_map", "_valid_processor_keys");
        c.ignore("always done", "do_convert_rgb", "do_normalize", "do_rescale", "do_resize");
        c.ignore("for a crop that is not made", "crop_size");
        if (c.flag("do_center_crop", false)) {
            throw new InputException(
                    c.where() + ": do_center_crop is true; Fovea resizes pictures of this model and crops none");
        }
        Config size = c.child("size");
        return new FixedSizeImageProcessor(
                size.integer("height"),
                size.integer("width"),
                filter(c),
                c.number("rescale_factor", 1 / 255.0),
                c.numbers("image_mean"),
                c.numbers("image_std"),
                resampler);
    }

    /** By Pillow's numbers. */
    private static Filter filter(Config c) {
        int resample = c.integer("resample", 3);
        return switch (resample) {
            case 1 -> Filter.LANCZOS;
            case 2 -> Filter.BILINEAR;
            case 3 -> Filter.BICUBIC;
            default ->
                throw new InputException(c.where() + ": resample is " + resample
                        + "; expected 1 (Lanczos), 2 (bilinear) or 3 (bicubic)");
        };
    }

    /** With the size (height and width, or one number for both) and the resampler that a call gives. */
    public FixedSizeImageProcessor with(Config call) {
        boolean square = call.value("size").filter(Number.class::isInstance).isPresent();
        Optional<Config> size = square ? Optional.empty() : call.optionalChild("size");
        return new FixedSizeImageProcessor(
                side(
                        square
                                ? call.integer("size")
                                : size.map(s -> s.integer("height")).orElse(height)),
                side(
                        square
                                ? call.integer("size")
                                : size.map(s -> s.integer("width")).orElse(width)),
                filter,
                rescaleFactor,
                imageMean,
                imageStd,
                call.optionalString("resampler").map(Resampler::of).orElse(resampler));
    }

    private static int side(int pixels) {
        if (pixels < 1 || pixels > MAX_SIDE) {
            throw new OptionException("size has a side of " + pixels + " pixels; expected 1 to " + MAX_SIDE);
        }
        return pixels;
    }

    /** (1, 3, height, width). */
    public Pixels process(Picture picture) {
        Normalization normalization = resampler == Resampler.PIL
                ? Normalization.pil(rescaleFactor, imageMean, imageStd)
                : Normalization.torchvision(rescaleFactor, imageMean, imageStd);
        return new Pixels(
                normalization.toPlanar(resampler.resize(picture, width, height, filter)), 1, 3, height, width);
    }
}
