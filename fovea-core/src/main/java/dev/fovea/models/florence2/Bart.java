package dev.fovea.models.florence2;

import dev.fovea.io.Weights;
import dev.fovea.nn.CrossCache;
import dev.fovea.nn.Embedding;
import dev.fovea.nn.KvCache;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.nn.Mlp;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * BART: an encoder reads, a decoder answers. What differs from a plain Llama:
 *
 * <ol>
 *   <li>two stacks: the encoder's positions all see each other, each decoder layer also attends to the encoder's output;
 *   <li>learned positions, which start at row 2 of their table, in both stacks;
 *   <li>norms (LayerNorm) stand behind each sub-layer and its residual, and one behind the embeddings; none at the end;
 *   <li>biases everywhere, a plain MLP with GELU, as many key heads as query heads;
 *   <li>one table of tokens for encoder, decoder and output layer.
 * </ol>
 *
 * Paper: Lewis et al., "BART", 2019. Reference: transformers, modeling_bart.py.
 *
 * <p>Shapes: S positions of the encoder, T of the decoder, D hidden, H heads.
 */
final class Bart {
    private static final double NORM_EPS = 1e-5;
    private static final int FIRST_POSITION = 2;

    private final Backend backend;
    private final DType dtype;
    private final Florence2Config.Text config;
    private final Embedding shared;
    private final Embedding decoderTokens;
    private final Linear lmHead;
    private final Stack<EncoderLayer> encoder;
    private final Stack<DecoderLayer> decoder;

    /** One of the two sides. */
    private record Stack<L>(Embedding embedPositions, LayerNorm layernormEmbedding, List<L> layers) {

        static <L> Stack<L> of(Weights w, int d, List<L> layers) {
            return new Stack<>(
                    new Embedding(w.at("embed_positions").tensorWithRows("weight", d), w.dtype()), // (2)
                    LayerNorm.of(w.at("layernorm_embedding"), d, NORM_EPS),
                    layers);
        }

        int maxPositions() {
            return embedPositions.weight().dim(0) - FIRST_POSITION;
        }

        Tensor embed(Tensor tokens, int[] positions) {
            int[] rows = IntStream.of(positions).map(p -> p + FIRST_POSITION).toArray();
            return layernormEmbedding.forward(tokens.add(embedPositions.forward(rows))); // (3)
        }
    }

    Bart(Florence2Config c, Weights w) {
        config = c.text();
        dtype = w.dtype();
        int d = config.dModel();
        Weights language = w.at("model.language_model");
        tie(c, w, language);
        shared = Embedding.of(language.at("shared"), config.vocabSize(), d);
        decoderTokens = Embedding.of(language.at("decoder.embed_tokens"), config.vocabSize(), d);
        backend = shared.weight().backend();
        Optional<Tensor> bias = w.optional("final_logits_bias", 1, config.vocabSize());
        Matrix head = w.at("lm_head").matrix("weight", config.vocabSize(), d);
        lmHead = new Linear(head, bias.map(b -> b.reshape(config.vocabSize())).orElse(null));
        encoder = Stack.of(
                language.at("encoder"),
                d,
                language.layers(
                        "encoder.layers", config.encoder().layers(), (i, layer) -> new EncoderLayer(config, i, layer)));
        decoder = Stack.of(
                language.at("decoder"),
                d,
                language.layers(
                        "decoder.layers", config.decoder().layers(), (i, layer) -> new DecoderLayer(config, i, layer)));
    }

    /** Checkpoints hold the table under one of its names or several. (5) */
    private static void tie(Florence2Config c, Weights w, Weights language) {
        Weights shared = language.at("shared.weight");
        if (c.tieWordEmbeddings()) {
            w.tie("lm_head.weight", shared);
        }
        if (c.text().tieWordEmbeddings()) {
            language.tie("decoder.embed_tokens.weight", shared);
            language.tie("encoder.embed_tokens.weight", shared);
        }
        String encoders = language.at("encoder.embed_tokens.weight").path();
        w.ignore("tokens reach the encoder as vectors of the shared table", encoders::equals);
    }

    Backend backend() {
        return backend;
    }

    int vocabSize() {
        return config.vocabSize();
    }

    int decoderStartTokenId() {
        return config.decoderStartTokenId();
    }

    /** Longest input. */
    int maxEncoderPositions() {
        return encoder.maxPositions();
    }

    /** Longest answer, the start token included. */
    int maxDecoderPositions() {
        return decoder.maxPositions();
    }

    /** Tokens to vectors for the encoder: (ids.length, D). */
    Tensor embed(int[] ids) {
        return shared.forward(ids);
    }

    /** The input, vectors of pictures and tokens (S, D), read. */
    Tensor encode(Tensor inputsEmbeds) {
        int s = inputsEmbeds.dim(0);
        Mask mask = Mask.full(s, s); // (1)
        Tensor x = encoder.embed(inputsEmbeds, IntStream.range(0, s).toArray()).named("encoder.embeddings");
        for (EncoderLayer layer : encoder.layers) {
            x = Scope.update(x, h -> layer.forward(h, mask));
            x.named("encoder.layers.", layer.index);
        }
        return x;
    }

    /** An empty cache for the keys and values of inputs. */
    CrossCache newCrossCache() {
        Florence2Config.Stack c = config.decoder();
        return new CrossCache(backend, dtype, c.layers(), c.attentionHeads(), config.dModel() / c.attentionHeads());
    }

    /** What the decoder's layers take from an encoded input (S, D). */
    void putCross(CrossCache cache, int input, Tensor encoded) {
        for (DecoderLayer layer : decoder.layers) {
            try (Scope _ = Scope.open(backend)) {
                layer.putCross(cache, input, encoded);
            }
        }
    }

    /** An empty cache that fits the decoder. */
    KvCache newCache() {
        Florence2Config.Stack c = config.decoder();
        return KvCache.full(backend, dtype, c.layers(), c.attentionHeads(), config.dModel() / c.attentionHeads());
    }

    /**
     * The decoder.
     *
     * @param ids of one or several sequences
     * @param positions in their sequences
     * @param step where the cache takes them
     * @param inputs for each id, the input that its sequence answers
     * @return (T, D)
     */
    Tensor decode(int[] ids, int[] positions, KvCache.Step step, CrossCache cross, int[] inputs) {
        Mask mask = cross.mask(inputs);
        Tensor x = decoder.embed(decoderTokens.forward(ids), positions).named("decoder.embeddings");
        for (DecoderLayer layer : decoder.layers) {
            x = Scope.update(x, h -> layer.forward(h, step, cross, mask));
            x.named("decoder.layers.", layer.index);
        }
        return x;
    }

    /** The output layer: (T, D) to (T, vocabSize). */
    Tensor logits(Tensor hidden) {
        return lmHead.forward(hidden);
    }

    private static final class EncoderLayer {
        private final int index;
        private final Attention selfAttn;
        private final LayerNorm selfAttnLayerNorm;
        private final Mlp mlp;
        private final LayerNorm finalLayerNorm;

        EncoderLayer(Florence2Config.Text c, int index, Weights w) {
            this.index = index;
            int d = c.dModel();
            selfAttn = new Attention(d, c.encoder().attentionHeads(), w.at("self_attn"));
            selfAttnLayerNorm = LayerNorm.of(w.at("self_attn_layer_norm"), d, NORM_EPS);
            mlp = Mlp.of(w, d, c.encoder().ffnDim(), c.activationFunction());
            finalLayerNorm = LayerNorm.of(w.at("final_layer_norm"), d, NORM_EPS);
        }

        Tensor forward(Tensor x, Mask mask) { // x: (S, D)
            Tensor q = selfAttn.heads(selfAttn.qProj, x); // (S, H, headDim)
            Tensor k = selfAttn.heads(selfAttn.kProj, x);
            Tensor v = selfAttn.heads(selfAttn.vProj, x);
            Tensor a = x.backend().attention(q, k, v, mask, selfAttn.scale);
            x = selfAttnLayerNorm.forward(x.add(selfAttn.out(a)));
            return finalLayerNorm.forward(x.add(mlp.forward(x)));
        }
    }

    private static final class DecoderLayer {
        private final int index;
        private final Attention selfAttn;
        private final LayerNorm selfAttnLayerNorm;
        private final Attention encoderAttn;
        private final LayerNorm encoderAttnLayerNorm;
        private final Mlp mlp;
        private final LayerNorm finalLayerNorm;

        DecoderLayer(Florence2Config.Text c, int index, Weights w) {
            this.index = index;
            int d = c.dModel();
            selfAttn = new Attention(d, c.decoder().attentionHeads(), w.at("self_attn"));
            selfAttnLayerNorm = LayerNorm.of(w.at("self_attn_layer_norm"), d, NORM_EPS);
            encoderAttn = new Attention(d, c.decoder().attentionHeads(), w.at("encoder_attn"));
            encoderAttnLayerNorm = LayerNorm.of(w.at("encoder_attn_layer_norm"), d, NORM_EPS);
            mlp = Mlp.of(w, d, c.decoder().ffnDim(), c.activationFunction());
            finalLayerNorm = LayerNorm.of(w.at("final_layer_norm"), d, NORM_EPS);
        }

        void putCross(CrossCache cache, int input, Tensor encoded) { // encoded: (S, D)
            Tensor k = encoderAttn.heads(encoderAttn.kProj, encoded);
            Tensor v = encoderAttn.heads(encoderAttn.vProj, encoded);
            cache.put(index, input, k, v);
        }

        Tensor forward(Tensor x, KvCache.Step step, CrossCache cross, Mask mask) { // x: (T, D)
            Tensor q = selfAttn.heads(selfAttn.qProj, x); // (T, H, headDim)
            Tensor k = selfAttn.heads(selfAttn.kProj, x);
            Tensor v = selfAttn.heads(selfAttn.vProj, x);
            Tensor a = step.attend(index, q, k, v, selfAttn.scale);
            x = selfAttnLayerNorm.forward(x.add(selfAttn.out(a)));
            a = cross.attend(index, encoderAttn.heads(encoderAttn.qProj, x), mask, encoderAttn.scale); // (1)
            x = encoderAttnLayerNorm.forward(x.add(encoderAttn.out(a)));
            return finalLayerNorm.forward(x.add(mlp.forward(x)));
        }
    }

    /** (4) */
    private static final class Attention {
        private final int headDim;
        private final float scale;
        private final Linear qProj;
        private final Linear kProj;
        private final Linear vProj;
        private final Linear outProj;

        Attention(int d, int heads, Weights w) {
            headDim = d / heads;
            scale = (float) (1 / Math.sqrt(headDim));
            qProj = Linear.of(w.at("q_proj"), d, d);
            kProj = Linear.of(w.at("k_proj"), d, d);
            vProj = Linear.of(w.at("v_proj"), d, d);
            outProj = Linear.of(w.at("out_proj"), d, d);
        }

        Tensor heads(Linear proj, Tensor x) { // (T, D) to (T, H, headDim)
            return proj.forward(x).reshape(x.dim(0), -1, headDim);
        }

        Tensor out(Tensor a) { // (T, H, headDim) to (T, D)
            return outProj.forward(a.reshape(a.dim(0), -1));
        }
    }
}
