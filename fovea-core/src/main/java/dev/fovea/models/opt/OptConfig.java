package dev.fovea.models.opt;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.tensor.Activation;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** config.json of OPT, and the text_config of BLIP-2. Defaults are those of OPTConfig. */
public record OptConfig(
        int vocabSize,
        int hiddenSize,
        int numHiddenLayers,
        int ffnDim,
        int maxPositionEmbeddings,
        boolean doLayerNormBefore,
        boolean finalLayerNorm,
        int wordEmbedProjDim,
        int numAttentionHeads,
        Activation activationFunction,
        boolean tieWordEmbeddings,
        int bosTokenId,
        List<Integer> eosTokenId,
        int padTokenId) {

    /** @throws InputException for a form of OPT that no published checkpoint has */
    public static OptConfig of(Config c) {
        ignore(c);
        refuse(c, "enable_bias");
        refuse(c, "layer_norm_elementwise_affine");
        int hidden = c.integer("hidden_size", 768, Range.SIZE);
        int heads = c.integer("num_attention_heads", 12, Range.SIZE);
        Heads.check(c, "num_attention_heads", heads, hidden, 1);
        int vocabulary = c.integer("vocab_size", 50272, Range.SIZE);
        boolean before = c.flag("do_layer_norm_before", true);
        boolean removed = c.flag("_remove_final_layer_norm", false);
        return new OptConfig(
                vocabulary,
                hidden,
                c.integer("num_hidden_layers", 12, Range.POSITIVE),
                c.integer("ffn_dim", 3072, Range.SIZE),
                c.integer("max_position_embeddings", 2048, Range.SIZE),
                before,
                before && !removed,
                c.integer("word_embed_proj_dim", hidden, Range.SIZE),
                heads,
                c.optionalOf("activation_function", Activation.BY_NAME).orElse(Activation.RELU),
                c.flag("tie_word_embeddings", true),
                c.integer("bos_token_id", 2, Range.of(0, vocabulary - 1)),
                Arrays.stream(c.integers("eos_token_id", 2)).boxed().toList(),
                c.integer("pad_token_id", 1));
    }

    private static void refuse(Config c, String key) {
        if (!c.flag(key, true)) {
            throw new InputException(
                    c.where() + ": " + key + " is false; Fovea reads OPT with biases and learned layer norms");
        }
    }

    private static void ignore(Config c) {
        c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
        c.ignore("which class the reference takes; model_type decides here", "architectures");
        c.ignore("training only", "dropout", "attention_dropout", "activation_dropout", "layerdrop", "init_std");
        c.ignore("a note of the writer", "transformers_version", "_name_or_path");
        c.ignore("the tokenizer puts it in front", "prefix");
        c.ignore("the cache is always used", "use_cache");
    }

    /** The special tokens, as the reference takes them from this configuration. */
    public GenerationConfig generationDefaults() {
        return new GenerationConfig(
                Map.of("bos_token_id", bosTokenId, "eos_token_id", eosTokenId, "pad_token_id", padTokenId));
    }

    int headDim() {
        return hiddenSize / numAttentionHeads;
    }
}
