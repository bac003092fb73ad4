package dev.fovea.models.gemma3;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.media.Picture;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Gemma 3's way to look closer at long pictures: beside the whole picture, crops that divide its longer side. pan_and_scan of
 * transformers' Gemma3ImageProcessor.
 *
 * @param minCropSize pixels; where a crop's side would be shorter, there are no crops
 * @param minRatioToActivate of the longer to the shorter side; below it there are no crops
 */
record PanAndScan(int minCropSize, int maxNumCrops, double minRatioToActivate) {

    /**
     * As a call asks for it.
     *
     * @throws OptionException for a value out of range
     */
    static Optional<PanAndScan> of(Config call) {
        PanAndScan asked = new PanAndScan(
                call.integer("pan_and_scan_min_crop_size", 256),
                call.integer("pan_and_scan_max_num_crops", 4),
                call.number("pan_and_scan_min_ratio_to_activate", 1.2));
        if (asked.minCropSize < 1 || asked.maxNumCrops < 1) {
            throw new OptionException("pan_and_scan_min_crop_size is " + asked.minCropSize
                    + " and pan_and_scan_max_num_crops is " + asked.maxNumCrops + "; expected at least 1");
        }
        return call.flag("do_pan_and_scan", false) ? Optional.of(asked) : Optional.empty();
    }

    /** From left to right, or from top to bottom; the last may be smaller. */
    List<Picture> crops(Picture picture) {
        boolean wide = picture.width() >= picture.height();
        int length = wide ? picture.width() : picture.height();
        int breadth = wide ? picture.height() : picture.width();
        if ((double) length / breadth < minRatioToActivate) {
            return List.of();
        }
        int fitting = Math.min(length / minCropSize, (int) Math.floor((double) length / breadth + 0.5));
        int crops = Math.min(maxNumCrops, Math.max(2, fitting));
        int size = Math.ceilDiv(length, crops);
        if (Math.min(size, breadth) < minCropSize) {
            return List.of();
        }
        if (size * (crops - 1) >= length) {
            throw new InputException(
                    "pan and scan would cut a picture of " + picture.width() + " x " + picture.height()
                            + " pixels into " + crops + " crops of " + size + ", which leaves nothing for the last",
                    "raise pan_and_scan_min_crop_size");
        }
        return IntStream.range(0, crops)
                .mapToObj(i -> crop(picture, wide, i * size, Math.min(length, (i + 1) * size)))
                .toList();
    }

    private static Picture crop(Picture picture, boolean wide, int from, int to) {
        int left = wide ? from : 0;
        int top = wide ? 0 : from;
        int width = wide ? to - from : picture.width();
        int height = wide ? picture.height() : to - from;
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            System.arraycopy(picture.rgb(), 3 * ((top + y) * picture.width() + left), rgb, 3 * y * width, 3 * width);
        }
        return new Picture(width, height, rgb);
    }
}
