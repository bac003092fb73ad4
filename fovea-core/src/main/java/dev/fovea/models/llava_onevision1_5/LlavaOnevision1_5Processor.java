package dev.fovea.models.llava_onevision1_5;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.text.ChatTemplate;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The processor that LLaVA-OneVision-1.5 is published with, Qwen2_5_VLProcessor of transformers 4.53 to 4.57: patches of one
 * frame, a placeholder for each merged cell, transparency dropped.
 */
final class LlavaOnevision1_5Processor implements ModelProcessor {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> chatTemplate;
    private final Qwen2VLImageProcessor images;
    private final int imageTokenId;

    LlavaOnevision1_5Processor(ModelDirectory directory) {
        tokenizer = Tokenizer.open(directory.path());
        chatTemplate = ChatTemplate.find(directory.path());
        images = Qwen2VLImageProcessor.of(directory.imageProcessor());
        imageTokenId = directory.config().integer("image_token_id", 151_655);
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
        ClassRows.of(options);
        List<Inputs.Visual> visuals =
                pictures.stream().map(p -> processor.process(p.rgb())).toList();
        String prompt = text.orElse("");
        int[] ids = Placeholders.expand(tokenizer.encode(prompt, true), imageTokenId, "image", visuals);
        Map<String, Object> arguments =
                options.value(ClassRows.KEY).map(v -> Map.of(ClassRows.KEY, v)).orElse(Map.of());
        return new Inputs.Row(prompt, ids, visuals, List.of(), arguments);
    }
}
