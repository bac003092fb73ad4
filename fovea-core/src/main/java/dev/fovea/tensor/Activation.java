package dev.fovea.tensor;

/** Elementwise functions, by the names of config.json. {@link #of(String)} maps those names. */
public enum Activation {
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code x / (1 + exp(-x))}. */
    SILU,
    /** {@code 0.5 x (1 + erf(x / sqrt 2))}: torch's default GELU. */
    GELU,
    /** {@code 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))}: torch's GELU with approximate="tanh". */
    GELU_TANH;

    /**
     * The activation that transformers' ACT2FN has under a name.
     *
     * @throws IllegalArgumentException for a name that no supported model uses
     */
    public static Activation of(String name) {
        return switch (name) {
            case "relu" -> RELU;
            case "silu", "swish" -> SILU;
            case "gelu" -> GELU;
            case "gelu_pytorch_tanh", "gelu_new" -> GELU_TANH;
            default ->
                throw new IllegalArgumentException("unknown activation \"" + name
                        + "\"; known: relu, silu, swish, gelu, gelu_pytorch_tanh, gelu_new");
        };
    }
}
