package dev.fovea.models.qwen3;

import dev.fovea.io.Weights;
import dev.fovea.models.CausalModel;
import dev.fovea.nn.Embedding;
import dev.fovea.nn.GatedMlp;
import dev.fovea.nn.KvCache;
import dev.fovea.nn.Linear;
import dev.fovea.nn.RmsNorm;
import dev.fovea.nn.Rope;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.List;

/**
 * Qwen3: the decoder of LLaVA-OneVision-1.5, and a language model by itself.
 *
 * <p>What differs from a plain Llama:
 *
 * <ol>
 *   <li>the heads of queries and keys are normalised, each by itself, before they are rotated;
 *   <li>a head's width has nothing to do with the hidden width.
 * </ol>
 *
 * Paper: Yang et al., "Qwen3 Technical Report", 2025. Reference: transformers, modeling_qwen3.py.
 *
 * <p>Shapes: T tokens, D hidden, H heads, G key heads.
 */
public final class Qwen3Decoder implements CausalModel {
    private final Qwen3Config config;
    private final DType dtype;
    private final SharedRows sharedPromptRows;
    private final Embedding embedTokens;
    private final List<DecoderLayer> layers;
    private final RmsNorm norm;
    private final Linear lmHead;

    /**
     * @param w where the layers are
     * @param root of the checkpoint, where {@code lm_head} is
     */
    public Qwen3Decoder(Qwen3Config c, Weights w, Weights root) {
        config = c;
        dtype = w.dtype();
        if (c.tieWordEmbeddings()) {
            root.tie("lm_head.weight", w.at("embed_tokens.weight"));
        }
        embedTokens = Embedding.of(w.at("embed_tokens"), c.vocabSize(), c.hiddenSize());
        layers = w.layers("layers", c.numHiddenLayers(), (i, layer) -> new DecoderLayer(c, i, layer));
        norm = RmsNorm.of(w.at("norm"), c.hiddenSize(), c.rmsNormEps());
        lmHead = Linear.withoutBias(root.at("lm_head"), c.hiddenSize(), c.vocabSize());
        sharedPromptRows = w.sharedRows(backend());
    }

    @Override
    public Backend backend() {
        return embedTokens.weight().backend();
    }

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

    public int maxPositionEmbeddings() {
        return config.maxPositionEmbeddings();
    }

    @Override
    public KvCache newCache() {
        return KvCache.full(backend(), dtype, config.numHiddenLayers(), config.numKeyValueHeads(), config.headDim());
    }

    @Override
    public Tensor embed(int[] ids) {
        return embedTokens.forward(ids);
    }

    /** @param positions one axis */
    @Override
    public Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step) {
        int[] axis = new int[config.headDim() / 2];
        Rope rope = Rope.of(backend(), dtype, config.rope(), axis, positions);
        Tensor x = backend().copy(inputsEmbeds, dtype); // (T, D), rewritten by each layer
        for (DecoderLayer layer : layers) {
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
        private final RmsNorm inputLayernorm;
        private final Linear qProj;
        private final Linear kProj;
        private final Linear vProj;
        private final Linear oProj;
        private final RmsNorm qNorm;
        private final RmsNorm kNorm;
        private final RmsNorm postAttentionLayernorm;
        private final GatedMlp mlp;

        DecoderLayer(Qwen3Config c, int index, Weights w) {
            this.index = index;
            int d = c.hiddenSize();
            headDim = c.headDim(); // (2)
            inputLayernorm = RmsNorm.of(w.at("input_layernorm"), d, c.rmsNormEps());
            qProj = Linear.withoutBias(w.at("self_attn.q_proj"), d, c.numAttentionHeads() * headDim);
            kProj = Linear.withoutBias(w.at("self_attn.k_proj"), d, c.numKeyValueHeads() * headDim);
            vProj = Linear.withoutBias(w.at("self_attn.v_proj"), d, c.numKeyValueHeads() * headDim);
            oProj = Linear.withoutBias(w.at("self_attn.o_proj"), c.numAttentionHeads() * headDim, d);
            qNorm = RmsNorm.of(w.at("self_attn.q_norm"), headDim, c.rmsNormEps());
            kNorm = RmsNorm.of(w.at("self_attn.k_norm"), headDim, c.rmsNormEps());
            postAttentionLayernorm = RmsNorm.of(w.at("post_attention_layernorm"), d, c.rmsNormEps());
            mlp = GatedMlp.withoutBias(w.at("mlp"), d, c.intermediateSize(), c.hiddenAct());
        }

        Tensor forward(Tensor x, Rope rope, KvCache.Step step) { // x: (T, D)
            Tensor h = x.add(attention(inputLayernorm.forward(x), rope, step));
            return h.add(mlp.forward(postAttentionLayernorm.forward(h)));
        }

        private Tensor attention(Tensor x, Rope rope, KvCache.Step step) {
            int t = x.dim(0);
            List<Tensor> qkv = Linear.forward(x, qProj, kProj, vProj);
            Tensor q = qkv.get(0).reshape(t, -1, headDim); // (T, H, headDim)
            Tensor k = qkv.get(1).reshape(t, -1, headDim); // (T, G, headDim)
            Tensor v = qkv.get(2).reshape(t, -1, headDim);
            q = qNorm.forward(q); // (1)
            k = kNorm.forward(k);
            Tensor a = step.attend(index, rope.forward(q), rope.forward(k), v, (float) (1 / Math.sqrt(headDim)));
            return oProj.forward(a.reshape(t, -1));
        }
    }
}
