package dev.fovea.models.gemma3;

import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.TextOnlyProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;

/** Directories of the text-only models: {@code google/gemma-3-270m-it} and {@code google/gemma-3-1b-it}. */
public final class Gemma3Text implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma3_text");
    }

    @Override
    public Renaming renaming() {
        return Renaming.NONE;
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        return new Gemma3TextModel(config, weights);
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return 0;
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new TextOnlyProcessor(directory, "leave the pictures out, or open a Gemma 3 of 4B or more");
    }
}
