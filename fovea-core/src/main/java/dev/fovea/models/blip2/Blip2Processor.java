package dev.fovea.models.blip2;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Range;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
import dev.fovea.models.ConvertRgb;
import dev.fovea.models.FixedSizeImageProcessor;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.TextArguments;
import dev.fovea.text.AddedToken;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Blip2Processor of transformers: a picture of one size, and a placeholder for each query in front of the text.
 * Configurations of before 4.46 have no placeholder; their prompts are the text alone.
 */
final class Blip2Processor implements ModelProcessor {
    private static final String IMAGE_TOKEN = "<image>";

    private final Blip2Config config;
    private final int numQueryTokens;
    private final Tokenizer tokenizer;
    private final FixedSizeImageProcessor images;
    private final ConvertRgb convertRgb;

    Blip2Processor(ModelDirectory directory) {
        config = Blip2Config.of(directory.config());
        directory
                .processorConfig()
                .ifPresent(c ->
                        c.ignore("the reference adds <image> to the tokenizer, whatever stands here", "image_token"));
        numQueryTokens = directory
                .processorConfig()
                .flatMap(c -> c.optionalInteger("num_query_tokens", Range.SIZE))
                .orElse(config.numQueryTokens());
        tokenizer = hasPlaceholders()
                ? Tokenizer.open(directory.path(), List.of(AddedToken.special(IMAGE_TOKEN)))
                : Tokenizer.open(directory.path());
        convertRgb = ConvertRgb.of(directory.imageProcessor());
        images = FixedSizeImageProcessor.ofBlip(
                directory.imageProcessor(), hasPlaceholders() ? Resampler.TORCHVISION : Resampler.PIL);
    }

    private boolean hasPlaceholders() {
        return config.imageTokenIndex().isPresent();
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<ChatTemplates> chatTemplates() {
        return Optional.empty();
    }

    @Override
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        options.ignore("rows are never padded", "padding", "padding_side");
        FixedSizeImageProcessor processor = images.with(options);
        TextArguments arguments = TextArguments.of(options);
        if (pictures.isEmpty()) {
            throw new InputException(
                    "BLIP-2 describes a picture or answers about one; the request has none", "give a picture");
        }
        if (text.isEmpty() && pictures.size() > 1) {
            throw new InputException(
                    "a caption is of one picture; found " + pictures.size() + " and no text",
                    "give each picture in a request of its own");
        }
        List<Inputs.Visual> visuals = pictures.stream()
                .map(p -> processor.process(rgb(p), numQueryTokens))
                .toList();
        int[] ids = text.map(t -> arguments.encode(tokenizer, t))
                .orElseGet(() -> new int[] {config.text().bosTokenId()});
        return new Inputs.Row(text.orElse(""), withPlaceholders(ids, pictures.size()), visuals, List.of());
    }

    /**
     * convert_to_rgb of transformers: transparency over white; it was dropped in 4.49, which runs the older
     * configurations.
     */
    private Picture rgb(DecodedImage image) {
        return hasPlaceholders() ? convertRgb.apply(image) : image.rgb();
    }

    /** In front of the text and its {@code </s>}, unless the text spells them out. */
    private int[] withPlaceholders(int[] ids, int pictures) {
        if (!hasPlaceholders()) {
            return ids;
        }
        int placeholder = config.imageTokenIndex().getAsInt();
        long spelled = Arrays.stream(ids).filter(id -> id == placeholder).count();
        if (spelled == 0) {
            IntStream front = IntStream.generate(() -> placeholder).limit(numQueryTokens);
            return IntStream.concat(front, Arrays.stream(ids)).toArray();
        }
        if (spelled != (long) pictures * numQueryTokens) {
            throw new InputException(
                    "the text has " + spelled + " " + IMAGE_TOKEN + " placeholders; expected none, or " + numQueryTokens
                            + " for each of its " + pictures + " pictures",
                    "leave them out of the text");
        }
        return ids;
    }
}
