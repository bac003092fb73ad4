package dev.fovea.models.llava_onevision1_5;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.models.Qwen2VLVideoProcessor;
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
    private final Qwen2VLVideoProcessor videos;
    private final int imageTokenId;
    private final int videoTokenId;

    LlavaOnevision1_5Processor(ModelDirectory directory) {
        tokenizer = Tokenizer.open(directory.path());
        chatTemplate = ChatTemplate.find(directory.path());
        images = Qwen2VLImageProcessor.of(directory.imageProcessor());
        videos = Qwen2VLVideoProcessor.of(directory.videoProcessor());
        imageTokenId = directory.config().integer("image_token_id", 151_655);
        videoTokenId = directory.config().integer("video_token_id", 151_656);
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
        ClassRows.of(options);
        checkTemporalPatch(clips);
        List<Inputs.Visual> ofPictures =
                pictures.stream().map(p -> processor.process(p.rgb())).toList();
        List<Inputs.Visual> ofClips = videos.process(clips, options);
        String prompt = text.orElse("");
        int[] ids = Placeholders.expand(tokenizer.encode(prompt, true), imageTokenId, "image", ofPictures);
        Map<String, Object> arguments =
                options.value(ClassRows.KEY).map(v -> Map.of(ClassRows.KEY, v)).orElse(Map.of());
        return new Inputs.Row(
                prompt, Placeholders.expand(ids, videoTokenId, "video", ofClips), ofPictures, ofClips, arguments);
    }

    /** The merge script of the authors sets one frame a patch for pictures only; the reference then fails on clips. */
    private void checkTemporalPatch(List<DecodedVideo> clips) {
        int ofClips = videos.frames().temporalPatchSize();
        if (!clips.isEmpty() && ofClips != images.temporalPatchSize()) {
            throw new InputException(
                    "temporal_patch_size is " + ofClips + " for clips and " + images.temporalPatchSize()
                            + " for pictures; the model takes one kind of patch",
                    "remove video_preprocessor_config.json; preprocessor_config.json then holds for clips too");
        }
    }
}
