package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Pictures to one size, whatever their aspect ratio: BlipImageProcessor, and CLIPImageProcessor with a height and a width. pixel_values is (1, 3,
 * height, width).
 *
 * @param crop the middle of this size that is left of the resized picture
 */
public record FixedSizeImageProcessor(Size size, Optional<Size> crop, ImageSteps steps) {
    private static final int MAX_SIDE = 8192;

    /** In pixels. */
    public record Size(int height, int width) {
        /**
         * As processors' files have it: one number, two, or an object; empty where the key is absent.
         *
         * @param square whether one number is that of both sides; else it is that of the shorter one
         * @throws InputException for sizes that leave pictures their shape
         */
        public static Optional<Size> of(Config c, String key, boolean square) {
            Object value = c.value(key).orElse(null);
            boolean keepsShape = value instanceof Map<?, ?> sides
                    ? !sides.containsKey("height") && !sides.containsKey("width")
                    : value instanceof Number && !square;
            c.require(
                    !keepsShape,
                    key,
                    "{\"height\": …, \"width\": …}: pictures of this model have one size, whatever their shape");
            if (value instanceof Map) {
                Config size = c.child(key);
                return Optional.of(new Size(size.integer("height", Range.SIDE), size.integer("width", Range.SIDE)));
            }
            Optional<int[]> sides = c.optionalIntegers(key, Range.SIDE);
            sides.ifPresent(s -> c.require(s.length == 1 || s.length == 2, key, "height and width"));
            return sides.map(s -> new Size(s[0], s[s.length - 1]));
        }
    }

    /** From preprocessor_config.json, or the image_processor of processor_config.json: BlipImageProcessor. */
    public static FixedSizeImageProcessor ofBlip(Config c, Resampler resampler) {
        return of(c, resampler, Optional.of(new Size(384, 384)), true, false);
    }

    /** CLIPImageProcessor, whose own size is that of the shorter side, and which crops unless it is told not to. */
    public static FixedSizeImageProcessor ofClip(Config c, Resampler resampler) {
        return of(c, resampler, Optional.empty(), false, true);
    }

    private static FixedSizeImageProcessor of(
            Config c, Resampler resampler, Optional<Size> otherwise, boolean square, boolean cropsByDefault) {
        c.ignore("for a padding that is not made", "pad_size");
        c.require(!c.flag("do_pad", false), "do_pad", "false: pictures of this model have one size");
        Optional<Size> size =
                Size.of(c, "size", c.flag("default_to_square", square)).or(() -> otherwise);
        c.require(size.isPresent(), "size", "height and width");
        Optional<Size> crop = Size.of(c, "crop_size", true).or(() -> Optional.of(new Size(224, 224)));
        boolean crops = cropsByDefault ? c.step("do_center_crop") : c.flag("do_center_crop", false);
        return new FixedSizeImageProcessor(
                size.orElseThrow(), crops ? crop : Optional.empty(), ImageSteps.ofClip(c, resampler));
    }

    /** With the size (height and width, or one number for both) and the resampler that a call gives. */
    public FixedSizeImageProcessor with(Config call) {
        boolean square = call.value("size").filter(Number.class::isInstance).isPresent();
        Optional<Config> size = square ? Optional.empty() : call.optionalChild("size");
        int height = square
                ? call.integer("size")
                : size.map(s -> s.integer("height")).orElse(this.size.height);
        int width = square
                ? call.integer("size")
                : size.map(s -> s.integer("width")).orElse(this.size.width);
        return new FixedSizeImageProcessor(new Size(side(height), side(width)), crop, steps.with(call));
    }

    private static int side(int pixels) {
        if (pixels < 1 || pixels > MAX_SIDE) {
            throw new OptionException("size has a side of " + pixels + " pixels; expected 1 to " + MAX_SIDE);
        }
        return pixels;
    }

    /** @param tokens placeholders that the picture takes in the prompt */
    public Inputs.Visual process(Picture picture, int tokens) {
        Picture resized = steps.resized(picture, size.width, size.height);
        Pixels pixels = steps.pixels(crop.map(c -> middle(resized, c)).orElse(resized));
        return new Inputs.Visual(
                pixels, Optional.empty(), tokens, 0, picture.width(), picture.height(), List.of(view(picture)));
    }

    private View view(Picture picture) {
        double x = steps.doResize() ? (double) picture.width() / size.width : 1;
        double y = steps.doResize() ? (double) picture.height() / size.height : 1;
        int width = steps.doResize() ? size.width : picture.width();
        int height = steps.doResize() ? size.height : picture.height();
        if (crop.isEmpty()) {
            return View.whole(width, height, picture.width(), picture.height());
        }
        Size to = crop.get();
        boolean pil = steps.resampler() == Resampler.PIL;
        int left = first(width, to.width, pil);
        int top = first(height, to.height, pil);
        return new View(to.width, to.height, left * x, top * y, (left + to.width) * x, (top + to.height) * y);
    }

    /** The middle of a picture, black where it is smaller: center_crop, whose two forms round differently. */
    private Picture middle(Picture picture, Size to) {
        boolean pil = steps.resampler() == Resampler.PIL;
        int top = first(picture.height(), to.height, pil);
        int left = first(picture.width(), to.width, pil);
        byte[] rgb = new byte[Math.multiplyExact(3 * to.width, to.height)];
        int from = Math.max(left, 0);
        int count = Math.min(picture.width(), left + to.width) - from;
        for (int y = 0; y < to.height; y++) {
            int row = y + top;
            if (row >= 0 && row < picture.height()) {
                System.arraycopy(
                        picture.rgb(),
                        3 * (row * picture.width() + from),
                        rgb,
                        3 * (y * to.width + from - left),
                        3 * count);
            }
        }
        return new Picture(to.width, to.height, rgb);
    }

    /** Where the middle begins along an axis; negative where black comes first. */
    private static int first(int from, int to, boolean pil) {
        int more = from - to;
        return more >= 0 || pil ? Math.floorDiv(more, 2) : -(-more / 2);
    }
}
