package dev.fovea;

/** transformers' class of this name: {@link AutoModelForCausalLM} for text-only Qwen3 directories alone. */
public final class Qwen3ForCausalLM {
    private Qwen3ForCausalLM() {}

    /** @throws dev.fovea.error.InputException where the directory holds another kind of model */
    public static Model fromPretrained(String model) {
        return fromPretrained(model, LoadOptions.DEFAULT);
    }

    /** @param model a directory, or a name as {@link Hub#pull(String)} takes it */
    public static Model fromPretrained(String model, LoadOptions options) {
        return Model.open(model, options, "qwen3");
    }
}
