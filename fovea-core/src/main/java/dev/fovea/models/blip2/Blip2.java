package dev.fovea.models.blip2;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.VisionLanguageModel;
import java.util.List;
import java.util.Set;

/**
 * Directories of BLIP-2 with OPT: {@code Salesforce/blip2-opt-*}, older conversions, and what save_pretrained makes of
 * them.
 */
public final class Blip2 implements Family {
    /** Whether a picture of another size than the model's is taken, the position table resized to it. */
    static final String INTERPOLATE_POS_ENCODING = "interpolate_pos_encoding";

    @Override
    public List<String> modelTypes() {
        return List.of("blip-2");
    }

    @Override
    public Renaming renaming() {
        return Renaming.NONE;
    }

    @Override
    public VisionLanguageModel load(Config config, Weights weights) {
        return new Blip2Model(config, weights);
    }

    @Override
    public int imageTokens(ModelDirectory directory, int height, int width) {
        return Blip2Config.of(directory.config()).numQueryTokens();
    }

    @Override
    public ModelProcessor processor(ModelDirectory directory) {
        return new Blip2Processor(directory);
    }

    /** None: the reference generates with the decoder by itself, which knows the text_config alone. */
    @Override
    public GenerationConfig generationConfig(Config config, GenerationConfig file) {
        return GenerationConfig.EMPTY;
    }

    @Override
    public GenerationConfig generationDefaults(Config config) {
        return Blip2Config.of(config).text().generationDefaults();
    }

    @Override
    public Set<String> modelArguments() {
        return Set.of(INTERPOLATE_POS_ENCODING);
    }
}
