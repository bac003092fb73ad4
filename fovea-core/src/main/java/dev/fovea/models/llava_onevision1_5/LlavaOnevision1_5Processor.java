package dev.fovea.models.llava_onevision1_5;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Qwen2VLProcessor;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The processor that LLaVA-OneVision-1.5 is published with, Qwen2_5_VLProcessor of transformers 4.53 to 4.57: patches of one
 * frame, a placeholder for each merged cell, transparency dropped.
 */
final class LlavaOnevision1_5Processor implements ModelProcessor {
    private final Qwen2VLProcessor shared;

    LlavaOnevision1_5Processor(ModelDirectory directory) {
        shared = Qwen2VLProcessor.of(directory);
        directory
                .imageProcessor()
                .require(
                        shared.images().temporalPatchSize() == 1,
                        "temporal_patch_size",
                        "1, as the model's patches have");
    }

    @Override
    public Tokenizer tokenizer() {
        return shared.tokenizer();
    }

    @Override
    public Optional<ChatTemplates> chatTemplates() {
        return shared.chatTemplates();
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
        ClassRows.of(options);
        checkTemporalPatch(clips);
        Map<String, Object> arguments =
                options.value(ClassRows.KEY).map(v -> Map.of(ClassRows.KEY, v)).orElse(Map.of());
        List<Picture> rgb = pictures.stream().map(DecodedImage::rgb).toList();
        return shared.process(text, rgb, clips, options).with(arguments);
    }

    /** The merge script of the authors sets one frame a patch for pictures only; the reference then fails on clips. */
    private void checkTemporalPatch(List<DecodedVideo> clips) {
        int ofClips = shared.videos().frames().temporalPatchSize();
        int ofPictures = shared.images().temporalPatchSize();
        if (!clips.isEmpty() && ofClips != ofPictures) {
            throw new InputException(
                    "temporal_patch_size is " + ofClips + " for clips and " + ofPictures
                            + " for pictures; the model takes one kind of patch",
                    "remove video_preprocessor_config.json; preprocessor_config.json then holds for clips too");
        }
    }
}
