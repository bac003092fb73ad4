package dev.fovea;

import dev.fovea.error.Warnings;
import dev.fovea.hub.PullOptions;
import dev.fovea.io.ModelDirectory;
import java.nio.file.Path;
import java.util.Objects;

/** Opens the processor that fits a model directory: transformers' AutoProcessor. */
public final class AutoProcessor {
    private AutoProcessor() {}

    /**
     * @param model a Hugging Face model directory, or a name as {@link Hub#pull(String)} takes it, of which no weights are
     *     fetched
     * @throws dev.fovea.error.InputException where it is none, or files are missing or wrong
     */
    public static Processor fromPretrained(String model) {
        return fromPretrained(model, Warnings.log());
    }

    /** @param warnings where is said what is odd about the directory, or about a picture, but no error */
    public static Processor fromPretrained(String model, Warnings warnings) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(warnings, "warnings");
        PullOptions pull = PullOptions.DEFAULT.withWarnings(warnings).withWeights(false);
        ModelDirectory directory = ModelDirectory.open(Hub.pull(model, pull), warnings);
        Processor processor = Fence.of(directory.path(), () -> new Processor(directory));
        directory.warnOfUnreadProcessorKeys();
        return processor;
    }

    public static Processor fromPretrained(Path directory) {
        return fromPretrained(directory.toString());
    }
}
