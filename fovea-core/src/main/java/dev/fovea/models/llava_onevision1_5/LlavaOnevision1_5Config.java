package dev.fovea.models.llava_onevision1_5;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.models.qwen3.Qwen3Config;
import dev.fovea.nn.RopeFrequencies;
import dev.fovea.tensor.Activation;

/** config.json of LLaVA-OneVision-1.5. Defaults are those of the published classes, which are the 4B model's. */
record LlavaOnevision1_5Config(Qwen3Config text, Vision vision, int imageTokenId, int videoTokenId) {
    private static final Qwen3Config TEXT_DEFAULTS = new Qwen3Config(
            151_936,
            2560,
            9728,
            36,
            32,
            8,
            128,
            Activation.SILU,
            262_144,
            1e-6,
            Double.NaN,
            RopeFrequencies.of(Double.NaN, 128),
            false);

    record Vision(
            int depth,
            int hiddenSize,
            int intermediateSize,
            int numHeads,
            Activation hiddenAct,
            int inChannels,
            int patchSize,
            int spatialMergeSize,
            double layerNormEps,
            int textHiddenSize) {

        int headDim() {
            return hiddenSize / numHeads;
        }

        /** Numbers of one patch in pixel_values. */
        int patchWidth() {
            return inChannels * patchSize * patchSize;
        }
    }

    static LlavaOnevision1_5Config of(Config config) {
        Config text = config.child("text_config");
        Config vision = config.child("vision_config");
        ignore(config, text, vision);
        Qwen3Config qwen3 = Qwen3Config.of(text, TEXT_DEFAULTS);
        if (Double.isNaN(qwen3.ropeTheta())) { // 1e6 and 5e6 are both in use, and a wrong one answers nonsense
            throw new InputException(
                    config.where() + ": text_config.rope_theta is missing; the sizes of this model have different ones",
                    "the 8B model has 1000000");
        }
        Vision v = vision(vision);
        vision.require(
                v.textHiddenSize == qwen3.hiddenSize(),
                "text_hidden_size",
                "the text's hidden_size, " + qwen3.hiddenSize());
        Range ids = Range.of(0, qwen3.vocabSize() - 1);
        return new LlavaOnevision1_5Config(
                qwen3,
                v,
                config.integer("image_token_id", 151_655, ids),
                config.integer("video_token_id", 151_656, ids));
    }

    private static Vision vision(Config c) {
        c.integer("temporal_patch_size", 1, Range.of(1, 1));
        Vision v = new Vision(
                c.integer("depth", 24, Range.POSITIVE),
                c.integer("hidden_size", 1024, Range.SIZE),
                c.integer("intermediate_size", 4096, Range.SIZE),
                c.integer("num_heads", 16, Range.SIZE),
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(Activation.GELU),
                c.integer("in_channels", 3, Range.of(3, 3)),
                c.integer("patch_size", 14, Range.PATCH),
                c.integer("spatial_merge_size", 2, Range.FEW),
                c.number("layer_norm_eps", 1e-5, Range.EPS),
                c.integer("text_hidden_size", 2560, Range.SIZE));
        Heads.check(c, "num_heads", v.numHeads, v.hiddenSize, 4);
        return v;
    }

    private static void ignore(Config config, Config text, Config vision) {
        config.ignore("which class the reference takes; model_type decides here", "architectures", "auto_map");
        config.ignore("text_config has the one that counts", "vocab_size", "tie_word_embeddings");
        config.ignore(
                "ends of a picture in the prompt; the chat template has them as text",
                "vision_start_token_id",
                "vision_end_token_id");
        config.ignore("the cache is always used", "use_cache");
        for (Config c : new Config[] {config, vision}) {
            c.ignore("read by ModelDirectory", "model_type", "torch_dtype", "dtype");
            c.ignore("training only", "initializer_range");
            c.ignore("a note of the writer", "transformers_version", "_name_or_path");
        }
        config.ignore("defaults of generation", "bos_token_id", "eos_token_id", "pad_token_id");
        text.ignore("the top level has the ones that count", "image_token_id", "video_token_id");
        vision.ignore("the reference does not read it either; hidden_size counts", "embed_dim");
    }
}
