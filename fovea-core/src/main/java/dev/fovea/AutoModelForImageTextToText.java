package dev.fovea;

import java.nio.file.Path;

/** Opens any vision-language model: transformers' AutoModelForImageTextToText. */
public final class AutoModelForImageTextToText {
    private AutoModelForImageTextToText() {}

    /** In the checkpoint's own dtype, on all processors. */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /**
     * @param model a Hugging Face model directory, or a name as {@link Hub#pull(String)} takes it
     * @throws dev.fovea.error.InputException where it is none, files are missing or wrong, or the model is of an unknown kind
     */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options);
    }

    public static Model fromPretrained(Path directory) {
        return fromPretrained(directory.toString());
    }
}
