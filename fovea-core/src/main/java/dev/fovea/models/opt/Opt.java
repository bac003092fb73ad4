package dev.fovea.models.opt;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.TextOnlyModel;
import dev.fovea.models.TextOnlyProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;

/** Directories of OPT: {@code facebook/opt-*}. */
public final class Opt implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("opt");
    }

    /** Older files lack the prefix of the base model. */
    @Override
    public Renaming renaming() {
        return Renaming.prefix("decoder.", "model.decoder.");
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        OptConfig c = OptConfig.of(config);
        weights.ignore("a mark of the writer", "model.decoder.version"::equals);
        return new TextOnlyModel(new OptDecoder(c, weights), weights.dtype(), c.maxPositionEmbeddings());
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return 0;
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new TextOnlyProcessor(directory);
    }

    @Override
    public GenerationConfig generationDefaults(Config config) {
        return OptConfig.of(config).generationDefaults();
    }
}
