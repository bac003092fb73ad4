package dev.fovea;

/** transformers' class of this name: {@link AutoModelForImageTextToText} for Gemma 3 directories with pictures alone. */
public final class Gemma3ForConditionalGeneration {
    private Gemma3ForConditionalGeneration() {}

    /** @throws dev.fovea.error.InputException where the directory holds another kind of model */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /** @param model a directory, or a name as {@link Hub#pull(String)} takes it */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options, "gemma3");
    }
}
