package dev.fovea.models.llava_onevision1_5;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Qwen2VLImageProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;
import java.util.Set;

/** Directories of LLaVA-OneVision-1.5: {@code lmms-lab/LLaVA-OneVision-1.5-*-Instruct} and what their code saves. */
public final class LlavaOnevision1_5 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("llavaonevision1_5");
    }

    @Override
    public Renaming renaming() {
        return Renaming.of("^visual\\.", "model.visual.")
                .then("^model\\.(?!language_model\\.|visual\\.)", "model.language_model.");
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        return new LlavaOnevision1_5Model(config, weights);
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return Qwen2VLImageProcessor.of(directory.imageProcessor()).tokens(height, width);
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new LlavaOnevision1_5Processor(directory);
    }

    @Override
    public Set<String> modelArguments() {
        return Set.of(ClassRows.KEY);
    }
}
