package dev.fovea.models.qwen2_5_vl;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.models.ConvertRgb;
import dev.fovea.models.Grounding;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.models.Qwen2VLProcessor;
import dev.fovea.models.View;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/** Qwen2_5_VLProcessor of transformers: patches, and a placeholder for each merged cell. */
final class Qwen2_5_VLProcessor implements ModelProcessor {
    private final Qwen2VLProcessor shared;
    private final ConvertRgb convertRgb;

    Qwen2_5_VLProcessor(ModelDirectory directory) {
        shared = Qwen2VLProcessor.of(directory);
        convertRgb = ConvertRgb.of(directory.imageProcessor());
        requireFrames(directory, directory.imageProcessor(), shared.images());
        requireFrames(directory, directory.videoProcessor(), shared.videos().frames());
    }

    /** The tower takes one kind of patch. */
    private static void requireFrames(ModelDirectory directory, Config processor, Qwen2VLImageProcessor images) {
        int frames = directory
                .config()
                .optionalChild("vision_config")
                .map(c -> c.integer("temporal_patch_size", 2))
                .orElse(2);
        processor.require(
                images.temporalPatchSize() == frames,
                "temporal_patch_size",
                "vision_config's temporal_patch_size, " + frames);
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
    public Optional<Grounding> ground(String text, View view) {
        return Optional.of(Grounding.read(text, view));
    }

    @Override
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        return process(text, pictures, List.of(), options);
    }

    @Override
    public Inputs.Row process(
            Optional<String> text, List<DecodedImage> pictures, List<DecodedVideo> clips, Config options) {
        List<Picture> rgb = pictures.stream().map(convertRgb::apply).toList();
        return shared.process(text, rgb, clips, options);
    }
}
