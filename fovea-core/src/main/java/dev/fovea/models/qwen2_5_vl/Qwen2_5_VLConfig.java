package dev.fovea.models.qwen2_5_vl;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.nn.RopeFrequencies;
import dev.fovea.tensor.Activation;
import java.util.Arrays;
import java.util.Optional;

/**
 * config.json of Qwen2.5-VL, published (text keys at the top level) or as save_pretrained writes it (text_config).
 * Defaults are those of Qwen2_5_VLTextConfig and Qwen2_5_VLVisionConfig, which differ from the published values.
 */
record Qwen2_5_VLConfig(
        Text text,
        Vision vision,
        boolean tieWordEmbeddings,
        int imageTokenId,
        int videoTokenId,
        int visionStartTokenId) {
    private static final int MAX_TOKENS_PER_SECOND = 10_000;

    record Text(
            int vocabSize,
            int hiddenSize,
            int intermediateSize,
            int numHiddenLayers,
            int numAttentionHeads,
            int numKeyValueHeads,
            Activation hiddenAct,
            int maxPositionEmbeddings,
            double rmsNormEps,
            RopeFrequencies rope,
            int[] mropeSection) {

        int headDim() {
            return hiddenSize / numAttentionHeads;
        }
    }

    record Vision(
            int depth,
            int hiddenSize,
            int intermediateSize,
            int numHeads,
            Activation hiddenAct,
            int inChannels,
            int outHiddenSize,
            int patchSize,
            int spatialMergeSize,
            int temporalPatchSize,
            int windowSize,
            int[] fullattBlockIndexes,
            double tokensPerSecond) {

        int headDim() {
            return hiddenSize / numHeads;
        }

        /** Numbers of one patch in pixel_values. */
        int patchWidth() {
            return inChannels * temporalPatchSize * patchSize * patchSize;
        }
    }

    static Qwen2_5_VLConfig of(Config config) {
        Config text = config.optionalChild("text_config").orElse(config);
        Config vision = config.child("vision_config");
        ignore(config, text, vision);
        Text t = text(text);
        Vision v = vision(vision);
        vision.require(v.outHiddenSize == t.hiddenSize, "out_hidden_size", "the text's hidden_size, " + t.hiddenSize);
        Range ids = Range.of(0, t.vocabSize - 1);
        return new Qwen2_5_VLConfig(
                t,
                v,
                tieWordEmbeddings(config, text),
                config.integer("image_token_id", 151655, ids),
                config.integer("video_token_id", 151656, ids),
                config.integer("vision_start_token_id", 151652, ids));
    }

    /** Said at either place, as transformers 4 wrote it into text_config. */
    private static boolean tieWordEmbeddings(Config config, Config text) {
        boolean inText = text.flag("tie_word_embeddings", false);
        return config.flag("tie_word_embeddings", false) || inText;
    }

    private static Text text(Config c) {
        Optional<Config> rope = c.optionalChild("rope_scaling")
                .filter(r -> !r.keys().isEmpty())
                .or(() -> c.optionalChild("rope_parameters"));
        if (c.flag("use_sliding_window", false)) {
            throw new InputException(
                    "use_sliding_window is true in config.json; no published Qwen2.5-VL has it, and Fovea does not");
        }
        int heads = c.integer("num_attention_heads", 64, Range.SIZE);
        int hidden = c.integer("hidden_size", 8192, Range.SIZE);
        int positions = c.integer("max_position_embeddings", 32768, Range.POSITIVE);
        Heads.check(c, "num_attention_heads", heads, hidden, 2);
        RopeFrequencies.Head head = new RopeFrequencies.Head(hidden / heads, positions);
        Text t = new Text(
                c.integer("vocab_size", 152064, Range.SIZE),
                hidden,
                c.integer("intermediate_size", 29568, Range.SIZE),
                c.integer("num_hidden_layers", 80, Range.POSITIVE),
                heads,
                c.integer("num_key_value_heads", 8, Range.SIZE),
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(Activation.SILU),
                positions,
                c.number("rms_norm_eps", 1e-5, Range.EPS),
                RopeFrequencies.of(rope, c.number("rope_theta", 1e6, Range.SCALE), head),
                rope.flatMap(r -> r.optionalIntegers("mrope_section", Range.NOT_NEGATIVE))
                        .orElse(new int[] {16, 24, 24}));
        Heads.checkGroups(c, t.numAttentionHeads, t.numKeyValueHeads);
        rope.orElse(c)
                .require(
                        t.mropeSection.length == 3
                                && Arrays.stream(t.mropeSection).sum() == t.headDim() / 2,
                        "mrope_section",
                        "three numbers that add up to half of a head's width, " + t.headDim() / 2);
        return t;
    }

    private static Vision vision(Config c) {
        int depth = c.integer("depth", 32, Range.POSITIVE);
        Vision v = new Vision(
                depth,
                c.integer("hidden_size", 3584, Range.SIZE),
                c.integer("intermediate_size", 3420, Range.SIZE),
                c.integer("num_heads", 16, Range.SIZE),
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(Activation.SILU),
                c.integer("in_channels", 3, Range.of(3, 3)),
                c.integer("out_hidden_size", 3584, Range.SIZE),
                c.integer("patch_size", 14, Range.PATCH),
                c.integer("spatial_merge_size", 2, Range.FEW),
                c.integer("temporal_patch_size", 2, Range.FEW),
                c.integer("window_size", 112, Range.SIZE),
                c.optionalIntegers("fullatt_block_indexes", Range.of(0, depth - 1))
                        .orElse(new int[] {7, 15, 23, 31}),
                c.number("tokens_per_second", 4, Range.of(0, MAX_TOKENS_PER_SECOND)));
        Heads.check(c, "num_heads", v.numHeads, v.hiddenSize, 4);
        int cell = v.spatialMergeSize * v.patchSize;
        c.require(v.windowSize >= cell, "window_size", "at least spatial_merge_size x patch_size, " + cell);
        return v;
    }

    private static void ignore(Config config, Config text, Config vision) {
        config.ignore("which class the reference takes; model_type decides here", "architectures");
        config.ignore(
                "ends of a picture in the prompt; the chat template has them as text",
                "vision_end_token_id",
                "vision_token_id");
        for (Config c : new Config[] {config, text, vision}) {
            c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
            c.ignore("training only", "attention_dropout", "initializer_range");
            c.ignore("a note of the writer", "transformers_version", "_name_or_path");
            c.ignore(
                    "defaults of generation; generation_config.json has them",
                    "bos_token_id",
                    "eos_token_id",
                    "pad_token_id");
        }
        text.ignore("the cache is always used", "use_cache");
        text.ignore("inert without use_sliding_window", "sliding_window", "max_window_layers", "layer_types");
        text.ignore("superseded by rope_scaling where that is present", "rope_parameters");
        vision.ignore("the reference does not read it either", "in_chans", "spatial_patch_size");
        vision.ignore("always axial with theta 10000", "rope_parameters");
    }
}
