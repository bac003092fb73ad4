package dev.fovea.models.qwen2_5_vl;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.models.Qwen2VLVideoProcessor;
import dev.fovea.text.ChatTemplate;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/** Qwen2_5_VLProcessor of transformers: patches, and a placeholder for each merged cell. */
final class Qwen2_5_VLProcessor implements ModelProcessor {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> chatTemplate;
    private final Qwen2VLImageProcessor images;
    private final Qwen2VLVideoProcessor videos;
    private final int imageTokenId;
    private final int videoTokenId;

    Qwen2_5_VLProcessor(ModelDirectory directory) {
        tokenizer = Tokenizer.open(directory.path());
        chatTemplate = ChatTemplate.find(directory.path());
        images = Qwen2VLImageProcessor.of(directory.imageProcessor());
        videos = Qwen2VLVideoProcessor.of(directory.videoProcessor());
        imageTokenId = directory.config().integer("image_token_id", 151655);
        videoTokenId = directory.config().integer("video_token_id", 151656);
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
    public boolean takesVideos() {
        return true;
    }

    @Override
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        return process(text, pictures, List.of(), options);
    }

    @Override
    public Inputs.Row process(
            Optional<String> text, List<DecodedImage> pictures, List<DecodedVideo> clips, Config options) {
        Qwen2VLImageProcessor processor = images.with(options);
        List<Inputs.Visual> ofPictures =
                pictures.stream().map(p -> processor.process(rgb(p))).toList();
        List<Inputs.Visual> ofClips = videos.process(clips, options);
        String prompt = text.orElse("");
        int[] ids = Placeholders.expand(tokenizer.encode(prompt, true), imageTokenId, "image", ofPictures);
        return new Inputs.Row(prompt, Placeholders.expand(ids, videoTokenId, "video", ofClips), ofPictures, ofClips);
    }

    /** Any transparency over white: convert_to_rgb of transformers. */
    private static Picture rgb(DecodedImage image) {
        return image.hasTransparency() ? image.rgbOverWhite() : image.rgb();
    }
}
