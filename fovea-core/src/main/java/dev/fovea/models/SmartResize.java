package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.media.DecodedImage;

/**
 * The size that a picture of any size gets: multiples of a factor, within limits of area, about the same aspect ratio. The
 * reference has two versions that differ for thin pictures. Double arithmetic, divisions in the order of the reference.
 */
public record SmartResize(int height, int width) {
    private static final int MAX_RATIO = 200;

    /** smart_resize of transformers' Qwen2VLImageProcessor. */
    public static SmartResize transformers(int height, int width, int factor, double minPixels, double maxPixels) {
        checkRatio(height, width);
        long h = (long) Math.rint((double) height / factor) * factor;
        long w = (long) Math.rint((double) width / factor) * factor;
        if (h * w > maxPixels) {
            double beta = Math.sqrt(((double) height * width) / maxPixels);
            h = Math.max(factor, (long) Math.floor(height / beta / factor) * factor);
            w = Math.max(factor, (long) Math.floor(width / beta / factor) * factor);
        } else if (h * w < minPixels) {
            if (minPixels > DecodedImage.MAX_PIXELS) {
                throw new InputException(
                        "min_pixels asks for pictures of at least " + minPixels + " pixels; at most "
                                + DecodedImage.MAX_PIXELS + " are processed",
                        "lower min_pixels");
            }
            double beta = Math.sqrt(minPixels / ((double) height * width));
            h = (long) Math.ceil(height * beta / factor) * factor;
            w = (long) Math.ceil(width * beta / factor) * factor;
        }
        return new SmartResize(Math.toIntExact(h), Math.toIntExact(w));
    }

    /** smart_resize of qwen-vl-utils. */
    public static SmartResize qwenVlUtils(int height, int width, int factor, double minPixels, double maxPixels) {
        checkRatio(height, width);
        long h = Math.max(factor, (long) Math.rint((double) height / factor) * factor);
        long w = Math.max(factor, (long) Math.rint((double) width / factor) * factor);
        if (h * w > maxPixels) {
            double beta = Math.sqrt(((double) height * width) / maxPixels);
            h = (long) Math.floor(height / beta / factor) * factor;
            w = (long) Math.floor(width / beta / factor) * factor;
        } else if (h * w < minPixels) {
            double beta = Math.sqrt(minPixels / ((double) height * width));
            h = (long) Math.ceil(height * beta / factor) * factor;
            w = (long) Math.ceil(width * beta / factor) * factor;
        }
        if (h < factor || w < factor) {
            throw new InputException(
                    "max_pixels " + (long) maxPixels + " leaves nothing of a picture of " + width + " x " + height
                            + " pixels: a side would be under " + factor,
                    "raise max_pixels");
        }
        return new SmartResize(Math.toIntExact(h), Math.toIntExact(w));
    }

    private static void checkRatio(int height, int width) {
        double ratio = (double) Math.max(height, width) / Math.min(height, width);
        if (ratio > MAX_RATIO) {
            throw new InputException(
                    "a picture of " + width + " x " + height + " pixels has the aspect ratio " + ratio
                            + "; it must be at most " + MAX_RATIO,
                    "crop the picture");
        }
    }
}
