package dev.fovea.models;

import dev.fovea.io.Config;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;

/**
 * {@code do_convert_rgb} of an image processor: transparency, a single transparent colour too, is laid on white.
 *
 * @param wanted where the key is false or null, the reference takes RGB as it is and fails at anything else, which is converted
 *     here all the same
 */
public record ConvertRgb(boolean wanted) {
    private static final String KEY = "do_convert_rgb";

    /** From preprocessor_config.json, or the image_processor of processor_config.json; true where the key is missing. */
    public static ConvertRgb of(Config c) {
        return new ConvertRgb(c.step(KEY));
    }

    public Picture apply(DecodedImage image) {
        return wanted || !image.mode().equals("RGB") ? image.rgbOverWhite() : image.rgb();
    }
}
