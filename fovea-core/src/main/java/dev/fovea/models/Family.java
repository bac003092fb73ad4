package dev.fovea.models;

import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Renaming;
import dev.fovea.io.Weights;
import java.util.List;
import java.util.Set;

/** How a kind of model directory is opened. */
public interface Family {
    /** The values of {@code model_type} in config.json that belong here. */
    List<String> modelTypes();

    /** From the names of published files to the names that {@link #load} asks for. */
    Renaming renaming();

    /** Takes the tensors that the model needs; the caller checks the weights afterwards. */
    VisionLanguageModel load(Config config, Weights weights);

    /**
     * Rows of the prompt that a picture of this size takes, by the directory's configuration alone; 0 where the model reads text
     * only.
     *
     * @throws dev.fovea.error.InputException where the model takes no picture of this size
     */
    int imageTokens(ModelDirectory directory, int height, int width);

    /** @throws dev.fovea.error.InputException where files are missing or wrong */
    ModelProcessor processor(ModelDirectory directory);

    /** What of generation_config.json counts; all of it by default. */
    default GenerationConfig generationConfig(Config config, GenerationConfig file) {
        return file;
    }

    /** Generation values that the directory carries outside generation_config.json; none by default. */
    default GenerationConfig generationDefaults(Config config) {
        return GenerationConfig.EMPTY;
    }

    /** Keyword arguments of generate that are the model's own, as {@code interpolate_pos_encoding}; none by default. */
    default Set<String> modelArguments() {
        return Set.of();
    }
}
