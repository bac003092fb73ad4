package dev.fovea;

/** transformers' class of this name: {@link AutoModelForImageTextToText} for Florence-2 directories of both layouts alone. */
public final class Florence2ForConditionalGeneration {
    private Florence2ForConditionalGeneration() {}

    /** @throws dev.fovea.error.InputException where the directory holds another kind of model */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /** @param model a directory, or a name as {@link Hub#pull(String)} takes it */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options, "florence2");
    }
}
