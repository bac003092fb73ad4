package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Filter;
import dev.fovea.media.Picture;
import dev.fovea.media.Resampler;
import java.util.List;
import java.util.Set;

/**
 * The front end that Qwen2.5-VL and LLaVA-OneVision-1.5 document: qwen-vl-utils' process_vision_info. It opens a picture as
 * Pillow does, puts RGBA over white, and resizes by Pillow to what the message item asks for. The processor behind it finds
 * sides that are multiples of 28 already.
 */
public final class ProcessVisionInfo {
    /** Keys of a message item that ask for this front end. */
    public static final List<String> IMAGE_OPTIONS =
            List.of("resized_height", "resized_width", "min_pixels", "max_pixels");

    private static final Set<String> NEUTRAL = Set.of("type", "image", "image_url", "url", "path", "base64", "text");
    private static final int FACTOR = 28;
    private static final long MIN_PIXELS = 4L * FACTOR * FACTOR;
    private static final long MAX_PIXELS = 16384L * FACTOR * FACTOR;

    private ProcessVisionInfo() {}

    /**
     * One picture.
     *
     * @param item the message item that names it, with its options
     * @throws OptionException for an option that qwen-vl-utils does not have, or for one side without the other
     */
    public static Picture image(DecodedImage image, Config item) {
        for (String key : item.keys()) {
            if (!NEUTRAL.contains(key) && !IMAGE_OPTIONS.contains(key)) {
                throw new OptionException(
                        "image item has the key \"" + key + "\"; known: " + String.join(", ", IMAGE_OPTIONS));
            }
        }
        Picture picture = image.rgbaOverWhite();
        SmartResize size = size(picture, item);
        return Resampler.PIL.resize(picture, size.width(), size.height(), Filter.BICUBIC);
    }

    private static SmartResize size(Picture picture, Config item) {
        boolean height = item.has("resized_height");
        if (height != item.has("resized_width")) {
            throw new OptionException("resized_height and resized_width go together; only "
                    + (height ? "resized_height" : "resized_width") + " is given");
        }
        if (height) {
            return SmartResize.qwenVlUtils(
                    item.integer("resized_height"), item.integer("resized_width"), FACTOR, MIN_PIXELS, MAX_PIXELS);
        }
        long min = (long) item.number("min_pixels", MIN_PIXELS);
        long max = (long) item.number("max_pixels", MAX_PIXELS);
        if (min > max) {
            throw new OptionException("min_pixels " + min + " is above max_pixels " + max);
        }
        return SmartResize.qwenVlUtils(picture.height(), picture.width(), FACTOR, min, max);
    }
}
