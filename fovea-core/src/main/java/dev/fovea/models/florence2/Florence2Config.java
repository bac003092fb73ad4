package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.tensor.Activation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * config.json of Florence-2 in either layout. Defaults are those of the layout's classes.
 *
 * @param tieWordEmbeddings whether the table of the tokens is the output layer too; the text's own flag, whether encoder and decoder
 *     share it
 * @param imageTokenId placeholder of a picture's vectors in the prompt; in Microsoft's layout they simply come first
 */
record Florence2Config(Text text, Vision vision, boolean tieWordEmbeddings, OptionalInt imageTokenId) {
    private static final int MAX_PADDING = 64;
    private static final int MAX_MLP_RATIO = 64;

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
        for (Config c : List.of(config, vision)) {
            c.require(
                    c.integer("projection_dim", t.dModel) == t.dModel,
                    "projection_dim",
                    "the text's d_model, " + t.dModel);
        }
        return new Florence2Config(
                t,
                microsofts ? microsofts(vision) : natives(vision),
                microsofts || config.flag("tie_word_embeddings", true),
                microsofts
                        ? OptionalInt.empty()
                        : OptionalInt.of(config.integer("image_token_id", 51289, Range.of(0, t.vocabSize - 1))));
    }

    private static Text text(Config c, boolean microsofts) {
        int vocabulary = c.integer("vocab_size", microsofts ? 51289 : 50265, Range.SIZE);
        int width = c.integer("d_model", 1024, Range.SIZE);
        return new Text(
                vocabulary,
                width,
                stack(c, "encoder", width),
                stack(c, "decoder", width),
                c.optionalOf("activation_function", Activation.BY_NAME).orElse(Activation.GELU),
                c.integer("decoder_start_token_id", 2, Range.of(0, vocabulary - 1)),
                c.flag("tie_word_embeddings", true));
    }

    private static Stack stack(Config c, String name, int width) {
        Stack stack = new Stack(
                c.integer(name + "_layers", 12, Range.POSITIVE),
                c.integer(name + "_attention_heads", 16, Range.SIZE),
                c.integer(name + "_ffn_dim", 4096, Range.SIZE));
        Heads.check(c, name + "_attention_heads", stack.attentionHeads, width, 1);
        return stack;
    }

    private static Vision microsofts(Config c) {
        Config learned = position(c, "image_pos_embed", "learned_abs_2d");
        Config temporal = position(c, "visual_temporal_embedding", "COSINE");
        c.require(
                c.strings("image_feature_source").equals(List.of("spatial_avg_pool", "temporal_avg_pool")),
                "image_feature_source",
                "[\"spatial_avg_pool\", \"temporal_avg_pool\"]");
        int[] dims = sizes(c, "dim_embed", 256, 512, 1024, 2048);
        return vision(
                c,
                dims,
                new int[] {8, 16, 32, 64},
                learned.integer("max_pos_embeddings", Range.SIZE),
                temporal.integer("max_temporal_embeddings", Range.SIZE));
    }

    private static Config position(Config c, String key, String type) {
        Config position = c.child(key);
        position.require(position.string("type").equals(type), "type", '"' + type + '"');
        return position;
    }

    private static Vision natives(Config c) {
        return vision(
                c,
                sizes(c, "embed_dim", 128, 256, 512, 1024),
                new int[] {4, 8, 16, 32},
                c.integer("max_position_embeddings", 50, Range.SIZE),
                c.integer("max_temporal_embeddings", 100, Range.SIZE));
    }

    private static Vision vision(Config c, int[] dims, int[] heads, int positions, int frames) {
        Vision v = new Vision(
                c.integer("in_channels", 3, Range.of(3, 3)),
                sizes(c, "depths", 1, 1, 9, 1),
                dims,
                sizes(c, "num_heads", heads),
                sizes(c, "num_groups", heads),
                sizes(c, "patch_size", 7, 3, 3, 3),
                sizes(c, "patch_stride", 4, 2, 2, 2),
                c.optionalIntegers("patch_padding", Range.of(0, MAX_PADDING)).orElse(new int[] {3, 1, 1, 1}),
                c.flags("patch_prenorm", List.of(false, true, true, true)),
                c.integer("window_size", 12, Range.PATCH),
                c.number("mlp_ratio", 4, new Range(0, true, MAX_MLP_RATIO)),
                c.flag("qkv_bias", true),
                c.optionalOf("activation_function", Activation.BY_NAME).orElse(Activation.GELU),
                positions,
                frames);
        checkStages(c, v);
        return v;
    }

    private static int[] sizes(Config c, String key, int... otherwise) {
        return c.optionalIntegers(key, Range.SIZE).orElse(otherwise);
    }

    private static void checkStages(Config c, Vision v) {
        int stages = v.stages();
        c.require(stages > 0, "depths", "at least one number");
        Map<String, Integer> lengths = new LinkedHashMap<>();
        lengths.put(c.has("dim_embed") ? "dim_embed" : "embed_dim", v.embedDim.length);
        lengths.put("num_heads", v.numHeads.length);
        lengths.put("num_groups", v.numGroups.length);
        lengths.put("patch_size", v.patchSize.length);
        lengths.put("patch_stride", v.patchStride.length);
        lengths.put("patch_padding", v.patchPadding.length);
        lengths.put("patch_prenorm", v.patchPrenorm.size());
        lengths.forEach((key, length) -> c.require(length == stages, key, "a list as long as depths, " + stages));
        for (int i = 0; i < stages; i++) {
            Heads.check(c, "num_heads", v.numHeads[i], v.embedDim[i], 1);
            Heads.check(c, "num_groups", v.numGroups[i], v.embedDim[i], 1);
        }
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
