package dev.fovea.models.gemma3;

import dev.fovea.error.InputException;
import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Heads;
import dev.fovea.nn.RopeFrequencies;
import dev.fovea.tensor.Activation;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * config.json of Gemma 3. The published files list a few keys only; defaults are those of Gemma3Config, Gemma3TextConfig and
 * SiglipVisionConfig, which differ from the published sizes.
 */
record Gemma3Config(Text text, Vision vision, int mmTokensPerImage, int imageTokenId) {

    /**
     * The decoder.
     *
     * @param isFullAttention of a layer, whether it sees everything before it; the others see a window
     * @param fullRope of the full layers
     * @param slidingRope of the others
     */
    record Text(
            int vocabSize,
            int hiddenSize,
            int intermediateSize,
            int numHiddenLayers,
            int numAttentionHeads,
            int numKeyValueHeads,
            int headDim,
            Activation hiddenActivation,
            int maxPositionEmbeddings,
            double rmsNormEps,
            double queryPreAttnScalar,
            int slidingWindow,
            IntPredicate isFullAttention,
            RopeFrequencies fullRope,
            RopeFrequencies slidingRope,
            boolean tieWordEmbeddings) {

        /** For each layer, how many positions a query sees, itself included; 0 for all. */
        int[] windows() {
            return IntStream.range(0, numHiddenLayers)
                    .map(i -> isFullAttention.test(i) ? 0 : slidingWindow)
                    .toArray();
        }
    }

    /** The SigLIP tower. */
    record Vision(
            int hiddenSize,
            int intermediateSize,
            int numHiddenLayers,
            int numAttentionHeads,
            int numChannels,
            int imageSize,
            int patchSize,
            Activation hiddenAct,
            double layerNormEps) {

        int headDim() {
            return hiddenSize / numAttentionHeads;
        }

        /** Patches along a side. */
        int side() {
            return imageSize / patchSize;
        }
    }

    static Gemma3Config of(Config c) {
        ignoreNotes(c);
        c.ignore(
                "ends of a picture in the prompt; the processor has them as text",
                "boi_token_index",
                "eoi_token_index");
        Config text = c.child("text_config");
        Gemma3Config config = new Gemma3Config(
                text(text, c.flag("tie_word_embeddings", true)),
                vision(c.child("vision_config")),
                c.integer("mm_tokens_per_image", 256, Range.SIZE),
                c.integer("image_token_index", 262144, Range.NOT_NEGATIVE));
        c.require(
                config.tokensPerSide() * config.tokensPerSide() == config.mmTokensPerImage
                        && config.vision.side() % config.tokensPerSide() == 0,
                "mm_tokens_per_image",
                "the square of a number that divides the " + config.vision.side() + " patches along a side");
        return config;
    }

    /** Rows along a side that are left of a picture when its patches are pooled. */
    int tokensPerSide() {
        return (int) Math.sqrt(mmTokensPerImage);
    }

    /** config.json of a text-only model. */
    static Text textOnly(Config c) {
        return text(c, c.flag("tie_word_embeddings", true));
    }

    private static Text text(Config c, boolean tieWordEmbeddings) {
        ignoreNotes(c);
        c.ignore("the cache is always used", "use_cache", "cache_implementation");
        c.ignore("the tie at the top level decides", "tie_word_embeddings");
        refuseUnpublished(c);
        int layers = c.integer("num_hidden_layers", 26, Range.POSITIVE);
        RopeFrequencies.Head head = new RopeFrequencies.Head(
                c.integer("head_dim", 256, Range.SIZE), c.integer("max_position_embeddings", 131072, Range.POSITIVE));
        Text text = new Text(
                c.integer("vocab_size", 262208, Range.SIZE),
                c.integer("hidden_size", 2304, Range.SIZE),
                c.integer("intermediate_size", 9216, Range.SIZE),
                layers,
                c.integer("num_attention_heads", 8, Range.SIZE),
                c.integer("num_key_value_heads", 4, Range.SIZE),
                head.dim(),
                c.optionalOf("hidden_activation", Activation.BY_NAME).orElse(Activation.GELU_TANH),
                head.maxPositionEmbeddings(),
                c.number("rms_norm_eps", 1e-6, Range.EPS),
                c.number("query_pre_attn_scalar", 256, Range.SCALE),
                c.integer("sliding_window", 4096, Range.POSITIVE),
                isFullAttention(c, layers),
                fullRope(c, head),
                slidingRope(c, head),
                tieWordEmbeddings);
        Heads.checkGroups(c, text.numAttentionHeads, text.numKeyValueHeads);
        c.require(text.headDim % 2 == 0, "head_dim", "an even number");
        return text;
    }

    /** What Gemma3TextConfig can say and no Gemma 3 says. */
    private static void refuseUnpublished(Config c) {
        for (String key : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            if (c.optionalNumber(key).isPresent()) {
                throw new InputException(
                        c.where() + ": " + key + " is set; expected null, as in every published Gemma 3");
            }
        }
        for (String key : List.of("attention_bias", "use_bidirectional_attention")) {
            if (c.flag(key, false)) {
                throw new InputException(
                        c.where() + ": " + key + " is true; expected false, as in every published Gemma 3");
            }
        }
    }

    /** One by one in layer_types, or by the rule that came before it: every so many layers, the last of them is full. */
    private static IntPredicate isFullAttention(Config c, int layers) {
        c.ignore("a note of the writer: the reference does not read it back", "_sliding_window_pattern");
        int pattern = c.integer("sliding_window_pattern", 6, Range.POSITIVE);
        Optional<List<String>> types = c.optionalStrings("layer_types");
        if (types.isEmpty()) {
            return i -> (i + 1) % pattern == 0;
        }
        c.require(
                types.get().size() == layers
                        && List.of("full_attention", "sliding_attention").containsAll(types.get()),
                "layer_types",
                "full_attention or sliding_attention " + layers + " times");
        return i -> types.get().get(i).equals("full_attention");
    }

    /** In the older spelling, what rope_scaling says counts more than rope_parameters. */
    private static RopeFrequencies fullRope(Config c, RopeFrequencies.Head head) {
        Optional<Config> parameters = rope(c, "full_attention");
        double older = c.number("rope_theta", 1e6, Range.SCALE);
        double theta =
                parameters.map(p -> p.number("rope_theta", older, Range.SCALE)).orElse(older);
        return RopeFrequencies.of(
                c.optionalChild("rope_scaling").filter(r -> !r.keys().isEmpty()).or(() -> parameters), theta, head);
    }

    /** Never scaled in the older spelling. */
    private static RopeFrequencies slidingRope(Config c, RopeFrequencies.Head head) {
        return RopeFrequencies.of(
                rope(c, "sliding_attention"), c.number("rope_local_base_freq", 1e4, Range.SCALE), head);
    }

    private static Optional<Config> rope(Config c, String layers) {
        return c.optionalChild("rope_parameters").flatMap(p -> p.optionalChild(layers));
    }

    private static Vision vision(Config c) {
        ignoreNotes(c);
        c.ignore("Gemma 3 takes the patches, not their pooled summary", "vision_use_head");
        Vision v = new Vision(
                c.integer("hidden_size", 768, Range.SIZE),
                c.integer("intermediate_size", 3072, Range.SIZE),
                c.integer("num_hidden_layers", 12, Range.POSITIVE),
                c.integer("num_attention_heads", 12, Range.SIZE),
                c.integer("num_channels", 3, Range.of(3, 3)),
                c.integer("image_size", 224, Range.SIDE),
                c.integer("patch_size", 16, Range.PATCH),
                c.optionalOf("hidden_act", Activation.BY_NAME).orElse(Activation.GELU_TANH),
                c.number("layer_norm_eps", 1e-6, Range.EPS));
        Heads.check(c, "num_attention_heads", v.numAttentionHeads, v.hiddenSize, 1);
        c.require(v.patchSize <= v.imageSize, "patch_size", "at most image_size, " + v.imageSize);
        return v;
    }

    private static void ignoreNotes(Config c) {
        c.ignore("read by ModelDirectory and Families", "model_type", "torch_dtype", "dtype");
        c.ignore("which class the reference takes; model_type decides here", "architectures");
        c.ignore("training only", "attention_dropout", "initializer_range");
        c.ignore("a note of the writer", "transformers_version", "_name_or_path");
        c.ignore(
                "defaults of generation; generation_config.json has them",
                "bos_token_id",
                "eos_token_id",
                "pad_token_id");
    }
}
