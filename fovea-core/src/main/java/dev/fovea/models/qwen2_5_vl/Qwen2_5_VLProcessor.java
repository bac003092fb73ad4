package dev.fovea.models.qwen2_5_vl;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.text.ChatTemplate;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/** Qwen2_5_VLProcessor of transformers: patches, and a placeholder for each merged cell. */
final class Qwen2_5_VLProcessor implements ModelProcessor {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> chatTemplate;
    private final Qwen2VLImageProcessor images;
    private final int imageTokenId;

    Qwen2_5_VLProcessor(ModelDirectory directory) {
        tokenizer = Tokenizer.open(directory.path());
        chatTemplate = ChatTemplate.find(directory.path());
        images = Qwen2VLImageProcessor.of(directory.imageProcessor());
        imageTokenId = directory.config().integer("image_token_id", 151655);
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<ChatTemplate> chatTemplate() {
        return chatTemplate;
    }

    @Override
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        Qwen2VLImageProcessor processor = images.with(options);
        List<Inputs.Visual> visuals =
                pictures.stream().map(p -> processor.process(rgb(p))).toList();
        String prompt = text.orElse("");
        int[] ids = tokenizer.encode(prompt, true);
        return new Inputs.Row(prompt, Placeholders.expand(ids, imageTokenId, "image", visuals), visuals, List.of());
    }

    /** Any transparency over white: convert_to_rgb of transformers. */
    private static Picture rgb(DecodedImage image) {
        return image.hasTransparency() ? image.rgbOverWhite() : image.rgb();
    }
}
