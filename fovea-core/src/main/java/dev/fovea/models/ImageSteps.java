package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Filter;
import dev.fovea.media.transforms.Normalization;
import dev.fovea.media.transforms.Resampler;
import java.util.Map;
import java.util.Optional;

/**
 * The steps that processors of pictures share, each with its switch: resize, rescale, normalise. Source:
 * TorchvisionBackend and PilBackend of transformers.
 *
 * @param imageMean for each channel
 * @param imageStd for each channel
 */
public record ImageSteps(
        boolean doResize,
        Filter filter,
        boolean doRescale,
        double rescaleFactor,
        boolean doNormalize,
        double[] imageMean,
        double[] imageStd,
        Resampler resampler) {

    private static final Map<String, Filter> WORDS =
            Map.of("bilinear", Filter.BILINEAR, "bicubic", Filter.BICUBIC, "lanczos", Filter.LANCZOS);

    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};
    private static final double[] HALF = {0.5, 0.5, 0.5};

    /** Of processors whose classes take CLIP's numbers: BLIP's, CLIP's, Qwen2-VL's. */
    static ImageSteps ofClip(Config c, Resampler resampler) {
        return of(c, Filter.BICUBIC, CLIP_MEAN, CLIP_STD, resampler);
    }

    /** Of processors whose classes take one half for mean and deviation and the bilinear filter: Gemma 3's. */
    public static ImageSteps ofHalf(Config c, Resampler resampler) {
        return of(c, Filter.BILINEAR, HALF, HALF, resampler);
    }

    private static ImageSteps of(Config c, Filter filter, double[] mean, double[] std, Resampler resampler) {
        c.ignore("names of classes", "image_processor_type", "processor_class", "auto_map", "feature_extractor_type");
        c.ignore("a picture is RGB when it gets here; ConvertRgb reads it where it counts", "do_convert_rgb");
        c.ignore("a note of the writer", "_valid_processor_keys", "transformers_version");
        c.ignore("pixels are always laid out in the model's way", "data_format", "input_data_format", "return_tensors");
        c.ignore("how the reference computes, not what", "device", "disable_grouping");
        ImageSteps steps = new ImageSteps(
                c.step("do_resize"),
                filter(c).orElse(filter),
                c.step("do_rescale"),
                c.number("rescale_factor", 1 / 255.0, Range.SCALE),
                c.step("do_normalize"),
                channels(c, "image_mean", new Range(-Float.MAX_VALUE, false, Float.MAX_VALUE), mean),
                channels(c, "image_std", Range.SCALE, std),
                resampler);
        c.require(
                resampler.knows(steps.filter),
                "resample",
                "a filter that the reference's resampler of this model has: 0 (nearest), 1 (Lanczos), 2 (bilinear) or 3"
                        + " (bicubic)");
        return steps;
    }

    /** By its number, or by the word that torchvision has for it. */
    private static Optional<Filter> filter(Config c) {
        Optional<Filter> filter;
        if (c.value("resample").orElse(null) instanceof String word) {
            filter = Optional.ofNullable(WORDS.get(word));
        } else {
            Optional<Integer> number = c.optionalInteger("resample", Range.NOT_NEGATIVE);
            if (number.isEmpty()) {
                return Optional.empty();
            }
            filter = Filter.of(number.get());
        }
        c.require(
                filter.isPresent(),
                "resample",
                "0 (nearest), 1 (Lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (Hamming)");
        return filter;
    }

    /** One value for all channels, or one for each. */
    private static double[] channels(Config c, String key, Range range, double[] otherwise) {
        double[] values = c.optionalNumbers(key, range).orElse(otherwise);
        c.require(values.length == 1 || values.length == 3, key, "one number, or three: red, green, blue");
        return values.length == 3 ? values : new double[] {values[0], values[0], values[0]};
    }

    /** With the resampler that a call names. */
    public ImageSteps with(Config call) {
        Resampler other = call.optionalString("resampler").map(Resampler::of).orElse(resampler);
        if (!other.knows(filter)) {
            throw new OptionException(
                    "the resampler torchvision has no filter " + filter + ", which this model's processor takes");
        }
        return new ImageSteps(doResize, filter, doRescale, rescaleFactor, doNormalize, imageMean, imageStd, other);
    }

    /** The picture in a size, or as it is where pictures are not resized. */
    public Picture resized(Picture picture, int width, int height) {
        return doResize ? resampler.resize(picture, width, height, filter) : picture;
    }

    /** What becomes of a channel's bytes. */
    public Normalization normalization() {
        if (!doNormalize) {
            return doRescale ? Normalization.rescaled(rescaleFactor, resampler) : Normalization.NONE;
        }
        double factor = doRescale ? rescaleFactor : 1;
        return resampler == Resampler.PIL
                ? Normalization.pil(factor, imageMean, imageStd)
                : Normalization.torchvision(factor, imageMean, imageStd);
    }

    /** {@link #normalization} of values that are no bytes, by torchvision. In place. */
    void normalize(float[] values) {
        if (doNormalize) {
            Normalization.torchvision(values, doRescale ? rescaleFactor : 1, imageMean, imageStd);
        } else if (doRescale) {
            Normalization.rescaled(values, rescaleFactor);
        }
    }

    /** (1, 3, height, width) of the picture. */
    public Pixels pixels(Picture picture) {
        return new Pixels(normalization().toPlanar(picture), 1, 3, picture.height(), picture.width());
    }
}
