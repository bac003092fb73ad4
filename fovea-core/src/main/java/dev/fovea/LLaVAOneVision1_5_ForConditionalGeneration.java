package dev.fovea;

/** The published class of this name: {@link AutoModelForCausalLM} for LLaVA-OneVision-1.5 directories alone. */
public final class LLaVAOneVision1_5_ForConditionalGeneration {
    private LLaVAOneVision1_5_ForConditionalGeneration() {}

    /** @throws dev.fovea.error.InputException where the directory holds another kind of model */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /** @param model a directory, or a name as {@link Hub#pull(String)} takes it */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options, "llavaonevision1_5");
    }
}
