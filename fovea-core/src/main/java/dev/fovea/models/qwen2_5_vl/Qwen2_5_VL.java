package dev.fovea.models.qwen2_5_vl;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;

/** Directories of Qwen2.5-VL: {@code Qwen/Qwen2.5-VL-*-Instruct} and what save_pretrained makes of them. */
public final class Qwen2_5_VL implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen2_5_vl");
    }

    /** Published, saved by transformers 5, and saved from the model without its head. */
    @Override
    public Renaming renaming() {
        return Renaming.of("^(visual|language_model)\\.", "model.$1.")
                .then("^model\\.(?!language_model\\.|visual\\.)", "model.language_model.");
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        return new Qwen2_5_VLModel(config, weights);
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return Qwen2VLImageProcessor.of(directory.imageProcessor()).tokens(height, width);
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new Qwen2_5_VLProcessor(directory);
    }
}
