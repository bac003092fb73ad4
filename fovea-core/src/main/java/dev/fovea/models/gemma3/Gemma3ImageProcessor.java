package dev.fovea.models.gemma3;

import dev.fovea.io.Config;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
import dev.fovea.models.FixedSizeImageProcessor;
import dev.fovea.models.ImageSteps;
import dev.fovea.models.Inputs;
import dev.fovea.models.Pixels;
import dev.fovea.models.View;
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
record Gemma3ImageProcessor(int height, int width, int tokens, ImageSteps steps, Optional<PanAndScan> panAndScan) {

    /** From preprocessor_config.json, or the image_processor of processor_config.json. */
    static Gemma3ImageProcessor of(Config c, int tokens) {
        c.ignore(
                "the processor's own count, image_seq_length of processor_config.json, is the one used",
                "image_seq_length");
        c.ignore("pictures are neither cropped nor padded", "do_center_crop", "crop_size", "do_pad", "pad_size");
        c.ignore(
                "transformers' processor puts its own defaults before the file's: only a call counts",
                "do_convert_rgb",
                "do_pan_and_scan",
                "pan_and_scan_min_crop_size",
                "pan_and_scan_max_num_crops",
                "pan_and_scan_min_ratio_to_activate");
        FixedSizeImageProcessor.Size size = FixedSizeImageProcessor.Size.of(
                        c, "size", c.flag("default_to_square", true))
                .orElse(new FixedSizeImageProcessor.Size(224, 224));
        return new Gemma3ImageProcessor(
                size.height(), size.width(), tokens, ImageSteps.ofHalf(c, Resampler.TORCHVISION), Optional.empty());
    }

    /** As a call asks for it. */
    Gemma3ImageProcessor with(Config call) {
        return new Gemma3ImageProcessor(height, width, tokens, steps.with(call), PanAndScan.of(call));
    }

    /** One picture, and its crops. */
    Inputs.Visual process(Picture picture) {
        List<Picture> squares = new ArrayList<>();
        squares.add(picture);
        panAndScan.ifPresent(p -> squares.addAll(p.crops(picture)));
        List<Picture> resized = squares.stream().map(this::square).toList();
        return new Inputs.Visual(
                Pixels.concat(resized.stream().map(steps::pixels).toList()),
                Optional.empty(),
                squares.size() * tokens,
                0,
                picture.width(),
                picture.height(),
                views(picture, resized.getFirst(), squares.subList(1, squares.size())));
    }

    /** The whole, then the crops, which lie one after another along the longer side. */
    private List<View> views(Picture picture, Picture whole, List<Picture> crops) {
        List<View> views = new ArrayList<>();
        views.add(new View(whole.width(), whole.height(), 0, 0, picture.width(), picture.height()));
        int x = 0;
        int y = 0;
        for (Picture crop : crops) {
            views.add(new View(width, height, x, y, x + crop.width(), y + crop.height()));
            x += crop.height() == picture.height() ? crop.width() : 0;
            y += crop.height() == picture.height() ? 0 : crop.height();
        }
        return views;
    }

    /** Crops are resized even where pictures are not. */
    private Picture square(Picture picture) {
        return panAndScan.isPresent()
                ? steps.resampler().resize(picture, width, height, steps.filter())
                : steps.resized(picture, width, height);
    }
}
