package dev.fovea;

/** transformers' class of this name: {@link AutoModelForImageTextToText} for Qwen2.5-VL directories alone. */
public final class Qwen2_5_VLForConditionalGeneration {
    private Qwen2_5_VLForConditionalGeneration() {}

    /** @throws dev.fovea.error.InputException where the directory holds another kind of model */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /** @param model a directory, or a name as {@link Hub#pull(String)} takes it */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options, "qwen2_5_vl");
    }
}
