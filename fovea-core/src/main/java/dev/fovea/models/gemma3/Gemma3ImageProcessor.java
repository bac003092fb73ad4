package dev.fovea.models.gemma3;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.media.Filter;
import dev.fovea.media.Normalization;
import dev.fovea.media.Picture;
import dev.fovea.media.Resampler;
import dev.fovea.models.Inputs;
import dev.fovea.models.Pixels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Pictures to squares of one size, whatever their shape: Gemma3ImageProcessor of transformers. pixel_values is (1 + crops, 3,
 * height, width), the whole picture first.
 *
 * @param tokens rows that each square takes in the prompt
 * @param panAndScan where crops are asked for
 */
record Gemma3ImageProcessor(
        int height,
        int width,
        double rescaleFactor,
        double[] imageMean,
        double[] imageStd,
        int tokens,
        Filter filter,
        Resampler resampler,
        Optional<PanAndScan> panAndScan) {

    private static final double[] HALF = {0.5, 0.5, 0.5};

    /** From preprocessor_config.json, or the image_processor of processor_config.json. */
    static Gemma3ImageProcessor of(Config c, int tokens) {
        c.ignore("names of classes", "image_processor_type", "processor_class");
        c.ignore(
                "the processor's own count, image_seq_length of processor_config.json, is the one used",
                "image_seq_length");
        c.ignore(
                "transformers' processor puts its own defaults before the file's: only a call counts",
                "do_convert_rgb",
                "do_pan_and_scan",
                "pan_and_scan_min_crop_size",
                "pan_and_scan_max_num_crops",
                "pan_and_scan_min_ratio_to_activate");
        for (String step : List.of("do_resize", "do_rescale", "do_normalize")) {
            if (!c.flag(step, true)) {
                throw new InputException(
                        c.where() + ": " + step + " is false; Gemma 3 needs pictures of one size, from -1 to 1");
            }
        }
        Optional<Config> size = c.optionalChild("size");
        return new Gemma3ImageProcessor(
                size.map(s -> s.integer("height")).orElse(224),
                size.map(s -> s.integer("width")).orElse(224),
                c.number("rescale_factor", 1 / 255.0),
                c.numbers("image_mean", HALF),
                c.numbers("image_std", HALF),
                tokens,
                Filter.of(c.integer("resample", 2)),
                Resampler.TORCHVISION,
                Optional.empty());
    }

    /** As a call asks for it. */
    Gemma3ImageProcessor with(Config call) {
        Resampler r = call.optionalString("resampler").map(Resampler::of).orElse(resampler);
        return new Gemma3ImageProcessor(
                height, width, rescaleFactor, imageMean, imageStd, tokens, filter, r, PanAndScan.of(call));
    }

    /** One picture, and its crops. */
    Inputs.Visual process(Picture picture) {
        Normalization normalization = resampler == Resampler.PIL
                ? Normalization.pil(rescaleFactor, imageMean, imageStd)
                : Normalization.torchvision(rescaleFactor, imageMean, imageStd);
        List<Picture> squares = new ArrayList<>();
        squares.add(picture);
        panAndScan.ifPresent(p -> squares.addAll(p.crops(picture)));
        Pixels pixels = Pixels.concat(squares.stream()
                .map(p -> resampler.resize(p, width, height, filter))
                .map(p -> new Pixels(normalization.toPlanar(p), 1, 3, height, width))
                .toList());
        return new Inputs.Visual(
                pixels, Optional.empty(), squares.size() * tokens, 0, picture.width(), picture.height());
    }
}
