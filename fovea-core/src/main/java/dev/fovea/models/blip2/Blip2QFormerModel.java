package dev.fovea.models.blip2;

import dev.fovea.io.Weights;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * The Q-Former of BLIP-2: learned queries that ask a picture. What differs from BERT:
 *
 * <ol>
 *   <li>its input is a fixed set of learned queries instead of a text;
 *   <li>every n-th layer also attends to the rows of the vision tower;
 *   <li>queries have MLPs of their own; those for text are in some checkpoints and are not used.
 * </ol>
 *
 * Reference: Blip2QFormerModel in transformers, modeling_blip_2.py.
 *
 * <p>Shapes: Q queries, D hidden, P rows of the tower, V their width, H heads.
 */
final class Blip2QFormerModel {
    private final DType dtype;
    private final Tensor queryTokens;
    private final LayerNorm layernorm;
    private final List<Layer> layers;

    /** @param root where {@code query_tokens} and {@code qformer} are */
    Blip2QFormerModel(Blip2Config config, Weights root) {
        Blip2Config.QFormer c = config.qformer();
        int queries = config.numQueryTokens();
        int d = c.hiddenSize();
        Weights w = root.at("qformer");
        dtype = w.dtype();
        queryTokens = root.tensor("query_tokens", 1, queries, d).reshape(queries, d);
        layernorm = LayerNorm.of(w.at("layernorm"), d, c.layerNormEps());
        int imageWidth = config.vision().hiddenSize();
        layers = w.layers("encoder.layer", c.numHiddenLayers(), (i, layer) -> new Layer(c, i, imageWidth, layer));
        String embeddings = w.at("embeddings").path() + ".";
        w.ignore("a Q-Former that reads text needs them", name -> name.startsWith(embeddings));
        w.ignore(
                "the MLPs for text (3)",
                name -> name.matches("qformer\\.encoder\\.layer\\.\\d+\\.(intermediate|output)\\..*"));
    }

    /**
     * @param image (P, V), of any dtype
     * @return (Q, D) in this part's dtype
     */
    Tensor forward(Tensor image) {
        Tensor rows = image.to(dtype);
        Tensor x = layernorm
                .forward(queryTokens.to(dtype))
                .named("qformer.embeddings"); // (Q, D) (1), rewritten by each layer
        Mask self = Mask.full(x.dim(0), x.dim(0));
        Mask cross = Mask.full(x.dim(0), rows.dim(0));
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            x = Scope.update(x, h -> layer.forward(h, self, rows, cross));
            x.named("qformer.layers.", i);
        }
        return x.named("qformer.output");
    }

    private static final class Layer {
        private final Attention attention;
        private final Optional<Attention> crossattention;
        private final Linear intermediateQuery;
        private final Activation act;
        private final Output outputQuery;

        Layer(Blip2Config.QFormer c, int index, int imageWidth, Weights w) {
            int d = c.hiddenSize();
            attention = new Attention(c, d, w.at("attention"));
            crossattention = index % c.crossAttentionFrequency() == 0 // (2)
                    ? Optional.of(new Attention(c, imageWidth, w.at("crossattention")))
                    : Optional.empty();
            intermediateQuery = Linear.of(w.at("intermediate_query.dense"), d, c.intermediateSize());
            act = c.hiddenAct();
            outputQuery = new Output(c, c.intermediateSize(), w.at("output_query"));
        }

        Tensor forward(Tensor x, Mask self, Tensor image, Mask cross) { // x: (Q, D)
            Tensor attended = attention.forward(x, x, self);
            Tensor h =
                    crossattention.map(a -> a.forward(attended, image, cross)).orElse(attended);
            return outputQuery.forward(intermediateQuery.forward(h).activation(act), h); // (3)
        }
    }

    /** Attention with the sum and the norm behind it. */
    private static final class Attention {
        private final int headDim;
        private final Linear query;
        private final Linear key;
        private final Linear value;
        private final Output output;

        /** @param keyWidth of what is attended to */
        Attention(Blip2Config.QFormer c, int keyWidth, Weights w) {
            int d = c.hiddenSize();
            headDim = c.headDim();
            query = Linear.of(w.at("attention.query"), d, d);
            key = Linear.of(w.at("attention.key"), keyWidth, d);
            value = Linear.of(w.at("attention.value"), keyWidth, d);
            output = new Output(c, d, w.at("output"));
        }

        Tensor forward(Tensor x, Tensor keys, Mask mask) { // x: (Q, D), keys: (P, V) or x
            Tensor q = heads(query.forward(x)); // (Q, H, headDim)
            Tensor k = heads(key.forward(keys)); // (P, H, headDim)
            Tensor v = heads(value.forward(keys));
            Tensor a = x.backend().attention(q, k, v, mask, (float) (1 / Math.sqrt(headDim)));
            return output.forward(a.reshape(x.dim(0), -1), x);
        }

        private Tensor heads(Tensor x) {
            return x.reshape(x.dim(0), -1, headDim);
        }
    }

    /** {@code LayerNorm(dense(x) + residual)}. */
    private record Output(Linear dense, LayerNorm norm) {
        Output(Blip2Config.QFormer c, int in, Weights w) {
            this(
                    Linear.of(w.at("dense"), in, c.hiddenSize()),
                    LayerNorm.of(w.at("LayerNorm"), c.hiddenSize(), c.layerNormEps()));
        }

        Tensor forward(Tensor x, Tensor residual) {
            return norm.forward(dense.forward(x).add(residual));
        }
    }
}
