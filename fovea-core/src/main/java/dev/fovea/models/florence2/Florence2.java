package dev.fovea.models.florence2;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;

/**
 * Directories of Florence-2 in both layouts: Microsoft's own ({@code microsoft/Florence-2-large}), whose code current
 * transformers cannot run, and transformers' ({@code florence-community/Florence-2-large}).
 */
public final class Florence2 implements Family {
    private static final String PROJECTOR = "model.multi_modal_projector.";

    @Override
    public List<String> modelTypes() {
        return List.of("florence2");
    }

    /** Names as transformers' own class has them; without a head it saves them without the first part. */
    @Override
    public Renaming renaming() {
        return Renaming.prefix("language_model.model.", "model.language_model.")
                .then("^(language_model\\.(shared|encoder|decoder)\\.|multi_modal_projector\\.)", "model.$1")
                .thenPrefix("language_model.", "")
                .thenPrefix("image_pos_embed.", PROJECTOR + "image_position_embed.")
                .then("^(image_proj|visual_temporal_embed)", PROJECTOR + "$1")
                .thenPrefix("vision_tower.", "model.vision_tower.")
                .then("(convs\\.\\d+)\\.proj\\.", "$1.conv.")
                .then("(conv[12])\\.fn\\.dw\\.", "$1.")
                .then("(window|channel)_attn\\.norm\\.", "norm1.")
                .then("(window|channel)_attn\\.fn\\.", "$1_attn.")
                .then("ffn\\.norm\\.", "norm2.")
                .then("ffn\\.fn\\.net\\.", "ffn.");
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        return new Florence2Model(config, weights);
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return Florence2Processor.imageTokens(directory);
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new Florence2Processor(directory);
    }

    /**
     * In Microsoft's layout the file belongs to a wrapper that hands generation to its inner model, which takes its options from
     * text_config.
     */
    @Override
    public GenerationConfig generationConfig(Config config, GenerationConfig file) {
        return Florence2Config.isMicrosofts(config) ? GenerationConfig.EMPTY : file;
    }
}
