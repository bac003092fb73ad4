package dev.fovea.models.qwen3;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.nn.RopeFrequencies;
import dev.fovea.tensor.Activation;
import java.util.Optional;

/** config.json of Qwen3, and the text_config of LLaVA-OneVision-1.5. */
public record Qwen3Config(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        Activation hiddenAct,
        int maxPositionEmbeddings,
        double rmsNormEps,
        double ropeTheta,
        RopeFrequencies rope,
        boolean tieWordEmbeddings) {

    /** Those of transformers' class of this name, for keys that a file leaves out. */
    public static final Qwen3Config DEFAULTS = new Qwen3Config(
            151_936,
            4096,
            22_016,
            32,
            32,
            32,
            128,
            Activation.SILU,
            32_768,
            1e-6,
            10_000,
            RopeFrequencies.of(10_000, 128),
            false);

    /**
     * @param otherwise for keys that are absent
     * @throws InputException for a form of Qwen3 that no published checkpoint has
     */
    public static Qwen3Config of(Config c, Qwen3Config otherwise) {
        ignore(c);
        refuse(c, "attention_bias");
        refuse(c, "use_sliding_window");
        int headDim = c.integer("head_dim", otherwise.headDim, Range.SIZE);
        int positions = c.integer("max_position_embeddings", otherwise.maxPositionEmbeddings, Range.POSITIVE);
        Optional<Config> rope = c.optionalChild("rope_scaling")
                .filter(r -> !r.keys().isEmpty())
                .or(() -> c.optionalChild("rope_parameters"));
        double theta = c.optionalNumber("rope_theta", Range.SCALE).orElse(otherwise.ropeTheta);
        Qwen3Config config = new Qwen3Config(
                c.integer("vocab_size", otherwise.vocabSize, Range.SIZE),
                c.integer("hidden_size", otherwise.hiddenSize, Range.SIZE),
                c.integer("intermediate_size", otherwise.intermediateSize, Range.SIZE),
                c.integer("num_hidden_layers", otherwise.numHiddenLayers, Range.POSITIVE),
                c.integer("num_attention_heads", otherwise.numAttentionHeads, Range.SIZE),
                c.integer("num_key_value_heads", otherwise.numKeyValueHeads, Range.SIZE),
                headDim,
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(otherwise.hiddenAct),
                positions,
                c.number("rms_norm_eps", otherwise.rmsNormEps, Range.EPS),
                rope.flatMap(r -> r.optionalNumber("rope_theta", Range.SCALE)).orElse(theta),
                RopeFrequencies.of(rope, theta, new RopeFrequencies.Head(headDim, positions)),
                c.flag("tie_word_embeddings", otherwise.tieWordEmbeddings));
        Heads.checkGroups(c, config.numAttentionHeads, config.numKeyValueHeads);
        c.require(config.headDim % 2 == 0, "head_dim", "an even number");
        return config;
    }

    private static void refuse(Config c, String key) {
        if (c.flag(key, false)) {
            throw new InputException(
                    c.where() + ": " + key + " is true; no published Qwen3 has it, and Fovea does not");
        }
    }

    private static void ignore(Config c) {
        c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
        c.ignore("which class the reference takes; model_type decides here", "architectures");
        c.ignore("training only", "attention_dropout", "initializer_range");
        c.ignore("a note of the writer", "transformers_version", "_name_or_path");
        c.ignore("defaults of generation", "bos_token_id", "eos_token_id", "pad_token_id");
        c.ignore("the cache is always used", "use_cache");
        c.ignore("inert without use_sliding_window", "sliding_window", "max_window_layers", "layer_types");
        c.ignore("superseded by rope_scaling where that is present", "rope_parameters");
    }
}
