package dev.fovea;

/** transformers' class of this name: {@link AutoModelForCausalLM} for text-only Gemma 3 directories alone. */
public final class Gemma3ForCausalLM {
    private Gemma3ForCausalLM() {}

    /** @throws dev.fovea.error.InputException where the directory holds another kind of model */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /** @param model a directory, or a name as {@link Hub#pull(String)} takes it */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options, "gemma3_text");
    }
}
