package dev.fovea.models.blip2;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.models.opt.OptConfig;
import dev.fovea.tensor.Activation;
import java.util.OptionalInt;

/**
 * config.json of BLIP-2. The published one leaves most of its sub-configurations to the defaults of Blip2VisionConfig,
 * Blip2QFormerConfig and OPTConfig.
 *
 * @param numQueryTokens vectors that stand for a picture
 * @param imageTokenIndex the placeholder; absent in the form of before transformers 4.46, whose prompts have none
 */
record Blip2Config(Vision vision, QFormer qformer, OptConfig text, int numQueryTokens, OptionalInt imageTokenIndex) {

    record Vision(
            int hiddenSize,
            int intermediateSize,
            int numHiddenLayers,
            int numAttentionHeads,
            int imageSize,
            int patchSize,
            Activation hiddenAct,
            double layerNormEps,
            boolean qkvBias) {

        int headDim() {
            return hiddenSize / numAttentionHeads;
        }

        /** Rows and columns of patches that the position table is for. */
        int gridSize() {
            return imageSize / patchSize;
        }
    }

    record QFormer(
            int hiddenSize,
            int intermediateSize,
            int numHiddenLayers,
            int numAttentionHeads,
            Activation hiddenAct,
            double layerNormEps,
            int crossAttentionFrequency) {

        int headDim() {
            return hiddenSize / numAttentionHeads;
        }
    }

    static Blip2Config of(Config c) {
        c.ignore("which class the reference takes; model_type decides here", "architectures");
        c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
        c.ignore("training only", "initializer_factor", "initializer_range");
        c.ignore("a note of the writer", "transformers_version", "_name_or_path");
        c.ignore("the contrastive heads, which no answer needs", "image_text_hidden_size");
        c.ignore("follows from the text_config", "use_decoder_only_language_model", "is_encoder_decoder");
        c.ignore("the tie in text_config decides", "tie_word_embeddings");
        Config text = c.child("text_config");
        String decoder = text.string("model_type", "opt");
        if (!decoder.equals("opt")) {
            throw new InputException(
                    c.where() + ": text_config is of type \"" + decoder + "\"; Fovea runs BLIP-2 with opt",
                    "take a checkpoint such as Salesforce/blip2-opt-2.7b");
        }
        OptConfig opt = OptConfig.of(text);
        return new Blip2Config(
                vision(c.child("vision_config")),
                qformer(c.child("qformer_config")),
                opt,
                c.integer("num_query_tokens", 32, Range.SIZE),
                c.optionalInteger("image_token_index", Range.of(0, opt.vocabSize() - 1))
                        .map(OptionalInt::of)
                        .orElse(OptionalInt.empty()));
    }

    private static Vision vision(Config c) {
        ignore(c);
        c.ignore("the contrastive heads, which no answer needs", "projection_dim");
        c.ignore("always three", "num_channels");
        Vision v = new Vision(
                c.integer("hidden_size", 1408, Range.SIZE),
                c.integer("intermediate_size", 6144, Range.SIZE),
                c.integer("num_hidden_layers", 39, Range.POSITIVE),
                c.integer("num_attention_heads", 16, Range.SIZE),
                c.integer("image_size", 224, Range.SIDE),
                c.integer("patch_size", 14, Range.PATCH),
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(Activation.GELU),
                c.number("layer_norm_eps", 1e-6, Range.EPS),
                c.flag("qkv_bias", true));
        Heads.check(c, "num_attention_heads", v.numAttentionHeads, v.hiddenSize, 1);
        c.require(v.patchSize <= v.imageSize, "patch_size", "at most image_size, " + v.imageSize);
        return v;
    }

    private static QFormer qformer(Config c) {
        ignore(c);
        c.ignore("the width of the vision tower is taken, as the reference does", "encoder_hidden_size");
        c.ignore(
                "of the text that a Q-Former reads in other tasks",
                "vocab_size",
                "pad_token_id",
                "use_qformer_text_input");
        c.ignore("queries have no positions", "max_position_embeddings", "position_embedding_type");
        QFormer q = new QFormer(
                c.integer("hidden_size", 768, Range.SIZE),
                c.integer("intermediate_size", 3072, Range.SIZE),
                c.integer("num_hidden_layers", 12, Range.POSITIVE),
                c.integer("num_attention_heads", 12, Range.SIZE),
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(Activation.GELU),
                c.number("layer_norm_eps", 1e-12, Range.EPS),
                c.integer("cross_attention_frequency", 2, Range.POSITIVE));
        Heads.check(c, "num_attention_heads", q.numAttentionHeads, q.hiddenSize, 1);
        return q;
    }

    private static void ignore(Config c) {
        c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
        c.ignore(
                "training only", "dropout", "attention_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob");
        c.ignore("training only", "classifier_dropout", "initializer_range", "initializer_factor");
        c.ignore("a note of the writer", "transformers_version", "_name_or_path");
    }
}
