package dev.fovea;

import dev.fovea.io.HubCache;
import dev.fovea.io.ModelDirectory;
import java.nio.file.Path;

/** Opens the processor that fits a model directory: transformers' AutoProcessor. */
public final class AutoProcessor {
    private AutoProcessor() {}

    /**
     * @param model a Hugging Face model directory, or the hub id of a model in this machine's cache
     * @throws dev.fovea.error.InputException where it is none, or files are missing or wrong
     */
    public static Processor fromPretrained(String model) {
        return new Processor(ModelDirectory.open(HubCache.resolve(model)));
    }

    public static Processor fromPretrained(Path directory) {
        return fromPretrained(directory.toString());
    }
}
