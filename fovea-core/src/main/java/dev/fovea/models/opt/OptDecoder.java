package dev.fovea.models.opt;

import dev.fovea.error.InputException;
import dev.fovea.io.Weights;
import dev.fovea.models.CausalModel;
import dev.fovea.nn.Embedding;
import dev.fovea.nn.KvCache;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.nn.Mlp;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * OPT, the decoder of BLIP-2, and a language model by itself.
 *
 * <p>What differs from a plain GPT-2:
 *
 * <ol>
 *   <li>learned positions with two rows in front that are never used: position p is row p + 2;
 *   <li>ReLU in the middle of the MLP;
 *   <li>queries are scaled before the product with the keys, and rounded there;
 *   <li>layer norms in front of each sub-layer and one behind the last; in OPT-350M behind each sub-layer's sum
 *       instead, and none at the end;
 *   <li>token vectors may be narrower than the layers, with a projection on either side (OPT-350M);
 *   <li>the output layer is the token table.
 * </ol>
 *
 * Paper: Zhang et al., "OPT: Open Pre-trained Transformer Language Models", 2022. Reference: transformers,
 * modeling_opt.py.
 *
 * <p>Shapes: T tokens, D hidden, E width of the token vectors, H heads.
 */
public final class OptDecoder implements CausalModel {
    /** fairseq's padding index plus one. */
    private static final int POSITION_OFFSET = 2;

    private static final double NORM_EPS = 1e-5; // PyTorch's default; not in the configuration

    private final OptConfig config;
    private final DType dtype;
    private final SharedRows sharedPromptRows;
    private final Embedding embedTokens;
    private final Embedding embedPositions;
    private final Optional<Linear> projectIn;
    private final List<DecoderLayer> layers;
    private final Optional<LayerNorm> finalLayerNorm;
    private final Optional<Linear> projectOut;
    private final Linear lmHead;

    /** @param w where {@code model.decoder} and {@code lm_head} are */
    public OptDecoder(OptConfig c, Weights w) {
        config = c;
        dtype = w.dtype();
        int d = c.hiddenSize();
        int e = c.wordEmbedProjDim();
        Weights decoder = w.at("model.decoder");
        if (c.tieWordEmbeddings()) {
            w.tie("lm_head.weight", decoder.at("embed_tokens.weight")); // (6)
        }
        embedTokens = Embedding.of(decoder.at("embed_tokens"), c.vocabSize(), e);
        embedPositions = Embedding.of(decoder.at("embed_positions"), c.maxPositionEmbeddings() + POSITION_OFFSET, d);
        projectIn = e == d ? Optional.empty() : Optional.of(Linear.withoutBias(decoder.at("project_in"), e, d));
        layers = decoder.layers("layers", c.numHiddenLayers(), (i, layer) -> new DecoderLayer(c, i, layer));
        finalLayerNorm = c.finalLayerNorm()
                ? Optional.of(LayerNorm.of(decoder.at("final_layer_norm"), d, NORM_EPS))
                : Optional.empty();
        projectOut = e == d ? Optional.empty() : Optional.of(Linear.withoutBias(decoder.at("project_out"), d, e));
        lmHead = Linear.withoutBias(w.at("lm_head"), e, c.vocabSize());
        sharedPromptRows = w.sharedRows(backend());
    }

    @Override
    public Backend backend() {
        return embedTokens.weight().backend();
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
    public KvCache newCache() {
        return KvCache.full(backend(), dtype, config.numHiddenLayers(), config.numAttentionHeads(), config.headDim());
    }

    /** Token ids to vectors: (ids.length, E). */
    @Override
    public Tensor embed(int[] ids) {
        return embedTokens.forward(ids);
    }

    /**
     * @param inputsEmbeds (T, E)
     * @param positions one axis
     * @return (T, E)
     * @throws InputException where a position lies behind the table's end
     */
    @Override
    public Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step) {
        Tensor x = projectIn.map(p -> p.forward(inputsEmbeds)).orElse(inputsEmbeds); // (T, D) (5)
        x = x.add(embedPositions.forward(rows(positions[0]))); // rewritten by each layer
        for (DecoderLayer layer : layers) {
            x = Scope.update(x, h -> layer.forward(h, step));
            x.named("language.layers.", layer.index);
        }
        if (finalLayerNorm.isPresent()) {
            x = finalLayerNorm.get().forward(x).named("language.norm");
        }
        return projectOut.isPresent() ? projectOut.get().forward(x) : x; // (T, E)
    }

    /** (1) */
    private int[] rows(int[] positions) {
        int last = Arrays.stream(positions).max().orElse(0);
        if (last >= config.maxPositionEmbeddings()) {
            throw new InputException(
                    "prompt and answer reach " + (last + 1) + " tokens; the model has " + config.maxPositionEmbeddings()
                            + " positions",
                    "shorten the prompt, or lower max_new_tokens");
        }
        return Arrays.stream(positions).map(p -> p + POSITION_OFFSET).toArray();
    }

    @Override
    public Tensor logits(Tensor hidden) {
        return lmHead.forward(hidden);
    }

    private static final class DecoderLayer {
        private final int index;
        private final int headDim;
        private final boolean doLayerNormBefore;
        private final LayerNorm selfAttnLayerNorm;
        private final Linear qProj;
        private final Linear kProj;
        private final Linear vProj;
        private final Linear outProj;
        private final LayerNorm finalLayerNorm;
        private final Mlp mlp;

        DecoderLayer(OptConfig c, int index, Weights w) {
            this.index = index;
            int d = c.hiddenSize();
            headDim = c.headDim();
            doLayerNormBefore = c.doLayerNormBefore();
            selfAttnLayerNorm = LayerNorm.of(w.at("self_attn_layer_norm"), d, NORM_EPS);
            qProj = Linear.of(w.at("self_attn.q_proj"), d, d);
            kProj = Linear.of(w.at("self_attn.k_proj"), d, d);
            vProj = Linear.of(w.at("self_attn.v_proj"), d, d);
            outProj = Linear.of(w.at("self_attn.out_proj"), d, d);
            finalLayerNorm = LayerNorm.of(w.at("final_layer_norm"), d, NORM_EPS);
            mlp = Mlp.of(w, d, c.ffnDim(), c.activationFunction()); // (2)
        }

        Tensor forward(Tensor x, KvCache.Step step) { // x: (T, D)
            Tensor h = residual(x, selfAttnLayerNorm, y -> attention(y, step));
            return residual(h, finalLayerNorm, mlp::forward);
        }

        /** A sub-layer with its norm and the connection around it. (4) */
        private Tensor residual(Tensor x, LayerNorm norm, UnaryOperator<Tensor> sublayer) {
            return doLayerNormBefore ? x.add(sublayer.apply(norm.forward(x))) : norm.forward(x.add(sublayer.apply(x)));
        }

        private Tensor attention(Tensor x, KvCache.Step step) {
            int t = x.dim(0);
            List<Tensor> kvq = Linear.forward(x, kProj, vProj, qProj);
            Tensor q = kvq.get(2).scale((float) (1 / Math.sqrt(headDim))); // (3)
            Tensor a = step.attend(index, heads(q), heads(kvq.get(0)), heads(kvq.get(1)), 1);
            return outProj.forward(a.reshape(t, -1));
        }

        private Tensor heads(Tensor x) { // (T, D) to (T, H, headDim)
            return x.reshape(x.dim(0), -1, headDim);
        }
    }
}
