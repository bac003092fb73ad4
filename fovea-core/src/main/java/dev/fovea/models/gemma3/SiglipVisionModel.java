package dev.fovea.models.gemma3;

import dev.fovea.error.InputException;
import dev.fovea.io.Weights;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.nn.Mlp;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * SigLIP's vision transformer: pictures of one size to a vector for each patch.
 *
 * <p>What differs from the plain vision transformer (Dosovitskiy et al., 2021):
 *
 * <ol>
 *   <li>no class token: the patches are the output;
 *   <li>GELU by tanh, norms with eps 1e-6.
 * </ol>
 *
 * Paper: Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023. Reference: transformers, modeling_siglip.py,
 * SiglipVisionModel.
 *
 * <p>Shapes: N pictures, P patches of one, W hidden.
 */
final class SiglipVisionModel {
    private final Gemma3Config.Vision config;
    private final Backend backend;
    private final DType dtype;
    private final Tensor patchEmbedding; // (W, channels, patch, patch)
    private final Tensor patchBias; // (W)
    private final Tensor positionEmbedding; // (P, W)
    private final List<EncoderLayer> layers;
    private final LayerNorm postLayernorm;

    SiglipVisionModel(Gemma3Config.Vision c, Weights w) {
        config = c;
        dtype = w.dtype();
        Weights embeddings = w.at("embeddings");
        patchEmbedding = embeddings.tensor(
                "patch_embedding.weight", c.hiddenSize(), c.numChannels(), c.patchSize(), c.patchSize());
        patchBias = embeddings.tensor("patch_embedding.bias", c.hiddenSize());
        positionEmbedding = embeddings.tensor("position_embedding.weight", c.side() * c.side(), c.hiddenSize());
        backend = patchEmbedding.backend();
        layers = w.layers("encoder.layers", c.numHiddenLayers(), (_, layer) -> new EncoderLayer(c, layer));
        postLayernorm = LayerNorm.of(w.at("post_layernorm"), c.hiddenSize(), c.layerNormEps());
    }

    /**
     * @param pixels (N, channels, size, size)
     * @return (N P, W), picture after picture, patches row by row
     */
    Tensor forward(Tensor pixels) {
        Tensor x = embeddings(pixels).named("vision.embeddings"); // rewritten by each layer, picture by picture
        int p = positionEmbedding.dim(0);
        for (int i = 0; i < layers.size(); i++) {
            for (int from = 0; from < x.dim(0); from += p) {
                Scope.update(x.rows(from, from + p), layers.get(i)::forward);
            }
            x.named("vision.layers.", i);
        }
        return postLayernorm.forward(x).named("vision.output");
    }

    private Tensor embeddings(Tensor pixels) {
        return backend.concat(IntStream.range(0, pixels.dim(0))
                .mapToObj(image -> Scope.keep(backend, () -> patches(pixels.slice(0, image, image + 1))))
                .toList());
    }

    /** One picture (1, channels, size, size) to its patches (P, W). */
    private Tensor patches(Tensor pixels) {
        int size = config.imageSize();
        if (pixels.dim(2) != size || pixels.dim(3) != size) {
            throw new InputException(
                    "the processor makes pictures of " + pixels.dim(3) + " x " + pixels.dim(2)
                            + " pixels; the model takes " + size + " x " + size,
                    "size in the processor's configuration has to be image_size of vision_config");
        }
        Tensor map =
                backend.copy(pixels.reshape(config.numChannels(), size, size).permute(1, 2, 0), dtype);
        Tensor patches = backend.conv2d(map, patchEmbedding, patchBias, config.patchSize(), 0, 1); // (side, side, W)
        return patches.reshape(-1, config.hiddenSize()).add(positionEmbedding);
    }

    private static final class EncoderLayer {
        private final int headDim;
        private final LayerNorm layerNorm1;
        private final Linear qProj;
        private final Linear kProj;
        private final Linear vProj;
        private final Linear outProj;
        private final LayerNorm layerNorm2;
        private final Mlp mlp;

        EncoderLayer(Gemma3Config.Vision c, Weights w) {
            int d = c.hiddenSize();
            headDim = c.headDim();
            layerNorm1 = LayerNorm.of(w.at("layer_norm1"), d, c.layerNormEps());
            qProj = Linear.of(w.at("self_attn.q_proj"), d, d);
            kProj = Linear.of(w.at("self_attn.k_proj"), d, d);
            vProj = Linear.of(w.at("self_attn.v_proj"), d, d);
            outProj = Linear.of(w.at("self_attn.out_proj"), d, d);
            layerNorm2 = LayerNorm.of(w.at("layer_norm2"), d, c.layerNormEps());
            mlp = Mlp.of(w.at("mlp"), d, c.intermediateSize(), c.hiddenAct());
        }

        Tensor forward(Tensor x) { // (P, W)
            x = x.add(attention(layerNorm1.forward(x)));
            return x.add(mlp.forward(layerNorm2.forward(x)));
        }

        private Tensor attention(Tensor x) {
            int p = x.dim(0);
            Tensor q = qProj.forward(x).reshape(p, -1, headDim); // (P, heads, headDim)
            Tensor k = kProj.forward(x).reshape(p, -1, headDim);
            Tensor v = vProj.forward(x).reshape(p, -1, headDim);
            Tensor a = x.backend().attention(q, k, v, Mask.full(p, p), (float) (1 / Math.sqrt(headDim)));
            return outProj.forward(a.reshape(p, -1));
        }
    }
}
