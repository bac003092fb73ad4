package dev.fovea.models.gemma3;

import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.CausalModel;
import dev.fovea.models.DecoderOnlyModel;
import dev.fovea.models.Inputs;
import dev.fovea.models.Prompt;
import dev.fovea.nn.Embedding;
import dev.fovea.nn.GatedMlp;
import dev.fovea.nn.KvCache;
import dev.fovea.nn.Linear;
import dev.fovea.nn.RmsNormPlusOne;
import dev.fovea.nn.Rope;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The decoder of Gemma 3, which is all of a text-only model.
 *
 * <p>What differs from a plain Llama:
 *
 * <ol>
 *   <li>token vectors are multiplied by the square root of their width, rounded to the dtype: 50.5 for the 4B model in
 *       bfloat16;
 *   <li>four norms a layer: before and after attention, before and after the feed-forward part; what the later one gives is
 *       added;
 *   <li>the weights of the norms are stored less 1;
 *   <li>the heads of queries and keys are normalised, each by itself, before they are rotated;
 *   <li>a head's width has nothing to do with the hidden width, and scores are divided by the square root of {@code
 *       query_pre_attn_scalar};
 *   <li>five of six layers see a sliding window and turn by frequencies of base 10,000, the sixth sees everything and turns by
 *       base 1,000,000 (in the larger models with positions an eighth as far apart);
 *   <li>GELU in the feed-forward part;
 *   <li>the output layer is the token table.
 * </ol>
 *
 * Paper: Gemma Team, "Gemma 3 Technical Report", 2025. Reference: transformers, modeling_gemma3.py, Gemma3ForCausalLM.
 *
 * <p>Shapes: T tokens, D hidden, H heads, G key heads.
 */
public final class Gemma3TextModel implements DecoderOnlyModel, CausalModel {
    private final Gemma3Config.Text config;
    private final Backend backend;
    private final DType dtype;
    private final SharedRows sharedPromptRows;
    private final Embedding embedTokens;
    private final float embedScale;
    private final List<DecoderLayer> layers;
    private final RmsNormPlusOne norm;
    private final Linear lmHead;

    /** A text-only checkpoint. */
    public Gemma3TextModel(Config json, Weights w) {
        this(Gemma3Config.textOnly(json), w.at("model"), w);
    }

    /** @param root of the checkpoint, where {@code lm_head} is */
    Gemma3TextModel(Gemma3Config.Text c, Weights w, Weights root) {
        config = c;
        dtype = w.dtype();
        if (c.tieWordEmbeddings()) {
            root.tie("lm_head.weight", w.at("embed_tokens.weight")); // (8)
        }
        embedTokens = Embedding.of(w.at("embed_tokens"), c.vocabSize(), c.hiddenSize());
        embedScale = dtype.round((float) Math.sqrt(c.hiddenSize())); // (1)
        backend = embedTokens.weight().backend();
        layers = w.layers("layers", c.numHiddenLayers(), (i, layer) -> new DecoderLayer(c, i, layer));
        norm = RmsNormPlusOne.of(w.at("norm"), c.hiddenSize(), c.rmsNormEps());
        lmHead = Linear.withoutBias(root.at("lm_head"), c.hiddenSize(), c.vocabSize());
        sharedPromptRows = w.sharedRows(backend);
    }

    @Override
    public Backend backend() {
        return backend;
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public SharedRows sharedPromptRows() {
        return sharedPromptRows;
    }

    @Override
    public int vocabSize() {
        return config.vocabSize();
    }

    @Override
    public int maxPositionEmbeddings() {
        return config.maxPositionEmbeddings();
    }

    @Override
    public KvCache newCache() {
        return new KvCache(backend, dtype, config.numKeyValueHeads(), config.headDim(), config.windows());
    }

    @Override
    public CausalModel decoder() {
        return this;
    }

    @Override
    public Prompt prompt(Inputs.Row row) {
        int[] ids = row.inputIds();
        int[][] positions = {IntStream.range(0, ids.length).toArray()};
        return Prompt.causal(embed(ids).named("inputs_embeds"), positions, ids.length);
    }

    @Override
    public Tensor embed(int[] ids) {
        return embedTokens.forward(ids).scale(embedScale); // (1)
    }

    @Override
    public Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step) {
        int[] axis = new int[config.headDim() / 2];
        Rope full = Rope.of(backend, dtype, config.fullRope(), axis, positions);
        Rope sliding = Rope.of(backend, dtype, config.slidingRope(), axis, positions);
        Tensor x = backend.copy(inputsEmbeds, dtype); // (T, D), rewritten by each layer
        for (DecoderLayer layer : layers) {
            Rope rope = config.isFullAttention().test(layer.index) ? full : sliding; // (6)
            x = Scope.update(x, h -> layer.forward(h, rope, step));
            x.named("language.layers.", layer.index);
        }
        return norm.forward(x).named("language.norm");
    }

    @Override
    public Tensor logits(Tensor hidden) {
        return lmHead.forward(hidden);
    }

    private static final class DecoderLayer {
        private final int index;
        private final int headDim;
        private final float scale;
        private final RmsNormPlusOne inputLayernorm;
        private final Linear qProj;
        private final Linear kProj;
        private final Linear vProj;
        private final Linear oProj;
        private final RmsNormPlusOne qNorm;
        private final RmsNormPlusOne kNorm;
        private final RmsNormPlusOne postAttentionLayernorm;
        private final RmsNormPlusOne preFeedforwardLayernorm;
        private final GatedMlp mlp;
        private final RmsNormPlusOne postFeedforwardLayernorm;

        DecoderLayer(Gemma3Config.Text c, int index, Weights w) {
            this.index = index;
            int d = c.hiddenSize();
            headDim = c.headDim();
            scale = (float) (1 / Math.sqrt(c.queryPreAttnScalar())); // (5)
            inputLayernorm = RmsNormPlusOne.of(w.at("input_layernorm"), d, c.rmsNormEps());
            qProj = Linear.withoutBias(w.at("self_attn.q_proj"), d, c.numAttentionHeads() * headDim);
            kProj = Linear.withoutBias(w.at("self_attn.k_proj"), d, c.numKeyValueHeads() * headDim);
            vProj = Linear.withoutBias(w.at("self_attn.v_proj"), d, c.numKeyValueHeads() * headDim);
            oProj = Linear.withoutBias(w.at("self_attn.o_proj"), c.numAttentionHeads() * headDim, d);
            qNorm = RmsNormPlusOne.of(w.at("self_attn.q_norm"), headDim, c.rmsNormEps());
            kNorm = RmsNormPlusOne.of(w.at("self_attn.k_norm"), headDim, c.rmsNormEps());
            postAttentionLayernorm = RmsNormPlusOne.of(w.at("post_attention_layernorm"), d, c.rmsNormEps());
            preFeedforwardLayernorm = RmsNormPlusOne.of(w.at("pre_feedforward_layernorm"), d, c.rmsNormEps());
            mlp = GatedMlp.withoutBias(w.at("mlp"), d, c.intermediateSize(), c.hiddenActivation()); // (7)
            postFeedforwardLayernorm = RmsNormPlusOne.of(w.at("post_feedforward_layernorm"), d, c.rmsNormEps());
        }

        Tensor forward(Tensor x, Rope rope, KvCache.Step step) { // x: (T, D)
            Tensor a = attention(inputLayernorm.forward(x), rope, step);
            x = x.add(postAttentionLayernorm.forward(a)); // (2)
            Tensor m = mlp.forward(preFeedforwardLayernorm.forward(x));
            return x.add(postFeedforwardLayernorm.forward(m));
        }

        private Tensor attention(Tensor x, Rope rope, KvCache.Step step) {
            int t = x.dim(0);
            List<Tensor> qkv = Linear.forward(x, qProj, kProj, vProj);
            Tensor q = qkv.get(0).reshape(t, -1, headDim); // (T, H, headDim)
            Tensor k = qkv.get(1).reshape(t, -1, headDim); // (T, G, headDim)
            Tensor v = qkv.get(2).reshape(t, -1, headDim);
            q = qNorm.forward(q); // (4)
            k = kNorm.forward(k);
            Tensor a = step.attend(index, rope.forward(q), rope.forward(k), v, scale);
            return oProj.forward(a.reshape(t, -1));
        }
    }
}
