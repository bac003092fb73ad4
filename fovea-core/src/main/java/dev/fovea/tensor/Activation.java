package dev.fovea.tensor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Elementwise functions; {@link #BY_NAME} has the names of config.json. */
public enum Activation {
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code x / (1 + exp(-x))}. */
    SILU,
    /** {@code 0.5 x (1 + erf(x / sqrt 2))}: torch's default GELU. */
    GELU,
    /** {@code 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))}: torch's GELU with approximate="tanh". */
    GELU_TANH;

    /** By the names that transformers' ACT2FN has for them; other names are those of no supported model. */
    public static final Map<String, Activation> BY_NAME = byName();

    private static Map<String, Activation> byName() {
        Map<String, Activation> names = new LinkedHashMap<>();
        names.put("relu", RELU);
        names.put("silu", SILU);
        names.put("swish", SILU);
        names.put("gelu", GELU);
        names.put("gelu_pytorch_tanh", GELU_TANH);
        names.put("gelu_new", GELU_TANH);
        return Collections.unmodifiableMap(names);
    }
}
