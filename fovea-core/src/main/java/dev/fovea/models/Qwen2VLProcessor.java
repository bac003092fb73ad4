package dev.fovea.models;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.Picture;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/**
 * What Qwen2.5-VL and LLaVA-OneVision-1.5 make of a prompt with pictures and clips: patches, and a placeholder in the prompt for
 * each merged cell of them. Source: Qwen2_5_VLProcessor.
 */
public record Qwen2VLProcessor(
        Tokenizer tokenizer,
        Optional<ChatTemplates> chatTemplates,
        Qwen2VLImageProcessor images,
        Qwen2VLVideoProcessor videos,
        int imageTokenId,
        int videoTokenId) {

    /** @throws dev.fovea.error.InputException also where patches are not those of the model's tower */
    public static Qwen2VLProcessor of(ModelDirectory directory) {
        Qwen2VLImageProcessor images = Qwen2VLImageProcessor.of(directory.imageProcessor());
        directory.config().optionalChild("vision_config").ifPresent(vision -> {
            requireSame(directory.imageProcessor(), "patch_size", images.patchSize(), vision, "patch_size", 14);
            requireSame(directory.imageProcessor(), "merge_size", images.mergeSize(), vision, "spatial_merge_size", 2);
        });
        return new Qwen2VLProcessor(
                Tokenizer.open(directory.path()),
                ChatTemplates.find(directory.path()),
                images,
                Qwen2VLVideoProcessor.of(directory.videoProcessor()),
                directory.config().integer("image_token_id", 151_655),
                directory.config().integer("video_token_id", 151_656));
    }

    private static void requireSame(
            Config processor, String key, int value, Config vision, String keyOfTower, int otherwise) {
        int ofTower = vision.integer(keyOfTower, otherwise);
        processor.require(value == ofTower, key, "vision_config's " + keyOfTower + ", " + ofTower);
    }

    /**
     * @param pictures as the family makes them RGB
     * @param options keyword arguments of the processor
     */
    public Inputs.Row process(Optional<String> text, List<Picture> pictures, List<DecodedVideo> clips, Config options) {
        Qwen2VLImageProcessor processor = images.with(options);
        List<Inputs.Visual> ofPictures =
                pictures.stream().map(processor::process).toList();
        List<Inputs.Visual> ofClips = videos.process(clips, options);
        String prompt = text.orElse("");
        int[] ids = Placeholders.expand(
                TextArguments.of(options).encode(tokenizer, prompt), imageTokenId, "image", ofPictures);
        return new Inputs.Row(prompt, Placeholders.expand(ids, videoTokenId, "video", ofClips), ofPictures, ofClips);
    }
}
