package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.tensor.Activation;
import java.util.List;
import java.util.OptionalInt;

/**
 * config.json of Florence-2 in either layout. Defaults are those of the layout's classes.
 *
 * @param tieWordEmbeddings whether the table of the tokens is the output layer too; the text's own flag, whether encoder and decoder
 *     share it
 * @param imageTokenId placeholder of a picture's vectors in the prompt; in Microsoft's layout they simply come first
 */
record Florence2Config(Text text, Vision vision, boolean tieWordEmbeddings, OptionalInt imageTokenId) {

    /** The BART. */
    record Text(
            int vocabSize,
            int dModel,
            Stack encoder,
            Stack decoder,
            Activation activationFunction,
            int decoderStartTokenId,
            boolean tieWordEmbeddings) {}

    /** Encoder or decoder. */
    record Stack(int layers, int attentionHeads, int ffnDim) {}

    /** The DaViT, and the positions that its features get. */
    record Vision(
            int inChannels,
            int[] depths,
            int[] embedDim,
            int[] numHeads,
            int[] numGroups,
            int[] patchSize,
            int[] patchStride,
            int[] patchPadding,
            List<Boolean> patchPrenorm,
            int windowSize,
            double mlpRatio,
            boolean qkvBias,
            Activation activationFunction,
            int maxPositionEmbeddings,
            int maxTemporalEmbeddings) {

        int stages() {
            return depths.length;
        }

        /** Channels that leave the tower. */
        int outChannels() {
            return embedDim[embedDim.length - 1];
        }
    }

    /** Whether a directory is laid out as Microsoft publishes it, and not as transformers writes it. */
    static boolean isMicrosofts(Config config) {
        return !config.child("vision_config").string("model_type", "davit").equals("florence_vision");
    }

    static Florence2Config of(Config config) {
        boolean microsofts = isMicrosofts(config);
        Config text = config.child("text_config");
        Config vision = config.child("vision_config");
        ignore(config, text, vision);
        if (microsofts) {
            refuse(text, "normalize_before", "add_final_layer_norm", "add_bias_logits");
        }
        refuse(text, "scale_embedding");
        Text t = text(text, microsofts);
        int width = vision.integer("projection_dim", config.integer("projection_dim", t.dModel));
        if (width != t.dModel) {
            throw new InputException("config.json: projection_dim is " + width + " and d_model " + t.dModel
                    + "; pictures and tokens need vectors of one width");
        }
        return new Florence2Config(
                t,
                microsofts ? microsofts(vision) : natives(vision),
                microsofts || config.flag("tie_word_embeddings", true),
                microsofts ? OptionalInt.empty() : OptionalInt.of(config.integer("image_token_id", 51289)));
    }

    private static Text text(Config c, boolean microsofts) {
        return new Text(
                c.integer("vocab_size", microsofts ? 51289 : 50265),
                c.integer("d_model", 1024),
                stack(c, "encoder"),
                stack(c, "decoder"),
                Activation.of(c.string("activation_function", "gelu")),
                c.integer("decoder_start_token_id", 2),
                c.flag("tie_word_embeddings", true));
    }

    private static Stack stack(Config c, String name) {
        return new Stack(
                c.integer(name + "_layers", 12),
                c.integer(name + "_attention_heads", 16),
                c.integer(name + "_ffn_dim", 4096));
    }

    private static Vision microsofts(Config c) {
        Config learned = position(c, "image_pos_embed", "learned_abs_2d");
        Config temporal = position(c, "visual_temporal_embedding", "COSINE");
        List<String> source = c.strings("image_feature_source");
        if (!source.equals(List.of("spatial_avg_pool", "temporal_avg_pool"))) {
            throw new InputException("config.json: image_feature_source is " + source
                    + "; Fovea knows [spatial_avg_pool, temporal_avg_pool]");
        }
        int[] dims = c.integers("dim_embed", 256, 512, 1024, 2048);
        return vision(
                c,
                dims,
                new int[] {8, 16, 32, 64},
                learned.integer("max_pos_embeddings"),
                temporal.integer("max_temporal_embeddings"));
    }

    private static Config position(Config c, String key, String type) {
        Config position = c.child(key);
        String found = position.string("type");
        if (!found.equals(type)) {
            throw new InputException("config.json: " + key + " is of type " + found + "; Fovea knows " + type);
        }
        return position;
    }

    private static Vision natives(Config c) {
        return vision(
                c,
                c.integers("embed_dim", 128, 256, 512, 1024),
                new int[] {4, 8, 16, 32},
                c.integer("max_position_embeddings", 50),
                c.integer("max_temporal_embeddings", 100));
    }

    private static Vision vision(Config c, int[] dims, int[] heads, int positions, int frames) {
        Vision v = new Vision(
                c.integer("in_channels", 3),
                c.integers("depths", 1, 1, 9, 1),
                dims,
                c.integers("num_heads", heads),
                c.integers("num_groups", heads),
                c.integers("patch_size", 7, 3, 3, 3),
                c.integers("patch_stride", 4, 2, 2, 2),
                c.integers("patch_padding", 3, 1, 1, 1),
                c.flags("patch_prenorm", List.of(false, true, true, true)),
                c.integer("window_size", 12),
                c.number("mlp_ratio", 4),
                c.flag("qkv_bias", true),
                Activation.of(c.string("activation_function", "gelu")),
                positions,
                frames);
        int[][] lists = {v.embedDim, v.numHeads, v.numGroups, v.patchSize, v.patchStride, v.patchPadding};
        for (int[] list : lists) {
            if (list.length != v.stages() || v.patchPrenorm.size() != v.stages()) {
                throw new InputException("config.json: the lists of vision_config have different lengths; depths has "
                        + v.stages() + " stages");
            }
        }
        return v;
    }

    private static void refuse(Config text, String... flags) {
        for (String flag : flags) {
            if (text.flag(flag, false)) {
                throw new InputException(
                        "config.json: " + flag + " is true; no published Florence-2 has it, and Fovea does not");
            }
        }
    }

    private static void ignore(Config config, Config text, Config vision) {
        config.ignore("which class the reference takes", "architectures", "auto_map", "_name_or_path");
        config.ignore("text_config has it", "vocab_size", "is_encoder_decoder");
        config.ignore("training only", "ignore_index", "output_attentions");
        for (Config c : new Config[] {config, text, vision}) {
            c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
            c.ignore("a note of the writer", "transformers_version");
            c.ignore("read by GenerationConfig", "bos_token_id", "eos_token_id", "pad_token_id");
        }
        text.ignore(
                "read by GenerationConfig",
                "forced_bos_token_id",
                "forced_eos_token_id",
                "num_beams",
                "early_stopping");
        text.ignore("read by GenerationConfig", "no_repeat_ngram_size", "max_length");
        text.ignore("training only", "dropout", "activation_dropout", "attention_dropout", "classifier_dropout");
        text.ignore("training only", "classif_dropout", "encoder_layerdrop", "decoder_layerdrop", "init_std");
        text.ignore(
                "training only", "output_attentions", "gradient_checkpointing", "label2id", "id2label", "num_labels");
        text.ignore("another word for encoder_layers", "num_hidden_layers");
        text.ignore("the tables have as many rows as they have", "max_position_embeddings");
        text.ignore("always so", "is_encoder_decoder", "is_decoder", "use_cache");
        vision.ignore("training only", "drop_path_rate", "enable_checkpoint", "initializer_range");
    }
}
