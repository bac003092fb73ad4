package dev.fovea.models.qwen3;

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

/** Text-only directories of Qwen3: {@code Qwen/Qwen3-*} without experts. */
public final class Qwen3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public Renaming renaming() {
        return Renaming.NONE;
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        Qwen3Decoder decoder =
                new Qwen3Decoder(Qwen3Config.of(config, Qwen3Config.DEFAULTS), weights.at("model"), weights);
        return new TextOnlyModel(decoder, weights.dtype(), decoder.maxPositionEmbeddings());
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return 0;
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new TextOnlyProcessor(directory);
    }
}
