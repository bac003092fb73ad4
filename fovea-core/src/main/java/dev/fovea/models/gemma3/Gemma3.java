package dev.fovea.models.gemma3;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;

/** Directories of Gemma 3 with pictures: {@code google/gemma-3-4b-it} and larger, and what save_pretrained makes of them. */
public final class Gemma3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma3");
    }

    /** Published, saved from a model that was made from a configuration, and saved from one that was loaded: all three. */
    @Override
    public Renaming renaming() {
        return Renaming.prefix("language_model.lm_head.", "lm_head.")
                .thenPrefix("language_model.model.", "model.language_model.")
                .then("^(vision_tower|multi_modal_projector)\\.", "model.$1.")
                .thenPrefix("model.vision_tower.vision_model.", "model.vision_tower.");
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        return new Gemma3Model(config, weights);
    }

    /** The same for every size: crops are counted when a call asks for them. */
    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return Gemma3Processor.imageSeqLength(directory);
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new Gemma3Processor(directory);
    }
}
