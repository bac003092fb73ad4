package dev.fovea.models.blip2;

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

/**
 * The vision tower of BLIP-2, EVA-CLIP's ViT-g. What differs from a plain vision transformer:
 *
 * <ol>
 *   <li>one matrix for queries, keys and values, and no bias for keys (the middle third of the stored bias is 0);
 *   <li>the class row is used like the patches' rows;
 *   <li>the position table is resized for pictures of another size, where the caller asks for it.
 * </ol>
 *
 * Paper: Fang et al., "EVA: Exploring the Limits of Masked Visual Representation Learning at Scale", 2022. Reference:
 * Blip2VisionModel in transformers, modeling_blip_2.py.
 *
 * <p>Shapes: P patches, D hidden, H heads.
 */
final class Blip2VisionModel {
    private static final int CHANNELS = 3;

    private final Blip2Config.Vision config;
    private final DType dtype;
    private final Tensor classEmbedding;
    private final Tensor positionEmbedding;
    private final Tensor patchWeight;
    private final Tensor patchBias;
    private final List<EncoderLayer> layers;
    private final LayerNorm postLayernorm;

    Blip2VisionModel(Blip2Config.Vision c, Weights w) {
        config = c;
        dtype = w.dtype();
        int d = c.hiddenSize();
        int positions = c.gridSize() * c.gridSize() + 1;
        Weights embeddings = w.at("embeddings");
        classEmbedding = embeddings.tensor("class_embedding", 1, 1, d).reshape(1, d);
        positionEmbedding =
                embeddings.tensor("position_embedding", 1, positions, d).reshape(positions, d);
        patchWeight = embeddings.tensor("patch_embedding.weight", d, CHANNELS, c.patchSize(), c.patchSize());
        patchBias = embeddings.tensor("patch_embedding.bias", d);
        layers = w.layers("encoder.layers", c.numHiddenLayers(), (_, layer) -> new EncoderLayer(c, layer));
        postLayernorm = LayerNorm.of(w.at("post_layernorm"), d, c.layerNormEps());
    }

    /**
     * One picture.
     *
     * @param pixels (1, 3, height, width)
     * @param interpolate whether the position table is resized for a picture of another size
     * @return (P + 1, D)
     */
    Tensor forward(Tensor pixels, boolean interpolate) {
        Backend b = patchWeight.backend();
        Tensor x = Scope.keep(b, () -> embed(pixels, interpolate))
                .named("vision.embeddings"); // (P + 1, D), rewritten by each layer
        Mask mask = Mask.full(x.dim(0), x.dim(0));
        for (int i = 0; i < layers.size(); i++) {
            EncoderLayer layer = layers.get(i);
            x = Scope.update(x, h -> layer.forward(h, mask));
            x.named("vision.layers.", i);
        }
        return postLayernorm.forward(x).named("vision.output");
    }

    private Tensor embed(Tensor pixels, boolean interpolate) {
        Backend b = patchWeight.backend();
        int height = pixels.dim(2);
        int width = pixels.dim(3);
        if (height < config.patchSize() || width < config.patchSize()) {
            throw new InputException("the processor's size makes pictures of " + width + " x " + height
                    + " pixels; the model's patches have " + config.patchSize() + " x " + config.patchSize());
        }
        Tensor map = pixels.reshape(CHANNELS, height, width).permute(1, 2, 0).contiguous(); // (y, x, 3)
        Tensor patches = b.conv2d(map.to(dtype), patchWeight, patchBias, config.patchSize(), 0, 1)
                .reshape(-1, config.hiddenSize()); // (P, D)
        return b.concat(List.of(classEmbedding.to(dtype), patches)).add(positions(height, width, interpolate)); // (2)
    }

    /** A row for the class and one for each patch: (P + 1, D). */
    private Tensor positions(int height, int width, boolean interpolate) {
        int rows = height / config.patchSize();
        int columns = width / config.patchSize();
        int known = positionEmbedding.dim(0) - 1;
        if (interpolate && !(rows * columns == known && height == width)) {
            Tensor resized =
                    PositionTable.resize(positionEmbedding.rows(1, known + 1), config.gridSize(), rows, columns); // (3)
            return positionEmbedding
                    .backend()
                    .concat(List.of(positionEmbedding.rows(0, 1).to(dtype), resized.to(dtype)));
        }
        if (rows * columns > known) {
            throw new InputException(
                    "the processor's size makes " + rows * columns
                            + " patches of a picture; the model has positions for " + known,
                    "leave out the size, or give interpolate_pos_encoding");
        }
        return positionEmbedding
                .rows(0, rows * columns + 1)
                .to(dtype); // smaller pictures get the first rows, as they do in the reference
    }

    private static final class EncoderLayer {
        private final int headDim;
        private final LayerNorm layerNorm1;
        private final Linear qkv;
        private final Linear projection;
        private final LayerNorm layerNorm2;
        private final Mlp mlp;

        EncoderLayer(Blip2Config.Vision c, Weights w) {
            int d = c.hiddenSize();
            headDim = c.headDim();
            layerNorm1 = LayerNorm.of(w.at("layer_norm1"), d, c.layerNormEps());
            Weights attention = w.at("self_attn");
            qkv = c.qkvBias()
                    ? Linear.of(attention.at("qkv"), d, 3 * d)
                    : Linear.withoutBias(attention.at("qkv"), d, 3 * d); // (1)
            projection = Linear.of(attention.at("projection"), d, d);
            layerNorm2 = LayerNorm.of(w.at("layer_norm2"), d, c.layerNormEps());
            mlp = Mlp.of(w.at("mlp"), d, c.intermediateSize(), c.hiddenAct());
        }

        Tensor forward(Tensor x, Mask mask) { // x: (P + 1, D)
            Tensor h = x.add(attention(layerNorm1.forward(x), mask));
            return h.add(mlp.forward(layerNorm2.forward(h)));
        }

        private Tensor attention(Tensor x, Mask mask) {
            int p = x.dim(0);
            int d = x.dim(1);
            Tensor all = qkv.forward(x); // (P + 1, 3 D)
            Tensor q = all.slice(1, 0, d).reshape(p, -1, headDim); // (P + 1, H, headDim)
            Tensor k = all.slice(1, d, 2 * d).reshape(p, -1, headDim);
            Tensor v = all.slice(1, 2 * d, 3 * d).reshape(p, -1, headDim);
            Tensor a = x.backend().attention(q, k, v, mask, (float) (1 / Math.sqrt(headDim)));
            return projection.forward(a.reshape(p, d));
        }
    }
}
