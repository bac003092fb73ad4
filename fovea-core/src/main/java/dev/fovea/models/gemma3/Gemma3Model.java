package dev.fovea.models.gemma3;

import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.CausalModel;
import dev.fovea.models.DecoderOnlyModel;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.Inputs;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Prompt;
import dev.fovea.nn.Linear;
import dev.fovea.nn.RmsNormPlusOne;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Gemma 3: pictures of one size become patches ({@link SiglipVisionModel}), patches are pooled to a few rows a picture, and
 * the decoder ({@link Gemma3TextModel}) reads them among the vectors of a text.
 *
 * <p>What joins the two differs from a plain projector and a causal text:
 *
 * <ol>
 *   <li>squares of patches are averaged: 64 x 64 become 16 x 16;
 *   <li>the projector is a norm and one matrix, stored the other way round than a linear layer's;
 *   <li>its rows are not multiplied by the square root of the width, as the rows of tokens are;
 *   <li>in the prompt, the rows of one picture see each other in both directions; where a layer has a window, it bounds how far
 *       they see back, not ahead.
 * </ol>
 *
 * Paper: Gemma Team, "Gemma 3 Technical Report", 2025. Reference: transformers, modeling_gemma3.py,
 * Gemma3ForConditionalGeneration.
 *
 * <p>Shapes: T tokens, D hidden, N pictures, P patches of one, C rows that are left of one, W width of the tower.
 */
public final class Gemma3Model implements DecoderOnlyModel {
    private final Gemma3Config config;
    private final SiglipVisionModel visionTower;
    private final Projector multiModalProjector;
    private final Gemma3TextModel languageModel;
    private final EncodedImages encoded;

    /** Takes every tensor that the model needs from a checkpoint with the in-memory names of transformers. */
    public Gemma3Model(Config json, Weights w) {
        config = Gemma3Config.of(json);
        visionTower = new SiglipVisionModel(config.vision(), w.at("model.vision_tower"));
        multiModalProjector = new Projector(config, w.at("model.multi_modal_projector"));
        languageModel = new Gemma3TextModel(config.text(), w.at("model.language_model"), w);
        encoded = new EncodedImages(backend());
    }

    @Override
    public DType dtype() {
        return languageModel.dtype();
    }

    @Override
    public int maxPositionEmbeddings() {
        return languageModel.maxPositionEmbeddings();
    }

    @Override
    public CausalModel decoder() {
        return languageModel;
    }

    @Override
    public Optional<EncodedImages> encodedImages() {
        return Optional.of(encoded);
    }

    @Override
    public Prompt prompt(Inputs.Row row) {
        int[] ids = row.inputIds();
        // The placeholder may lie outside the token table.
        int[] tokens = Arrays.stream(ids)
                .map(id -> id == config.imageTokenId() ? 0 : id)
                .toArray();
        Tensor embeds = languageModel.embed(tokens); // (T, D)
        Placeholders.fill(embeds, ids, config.imageTokenId(), "image", encode(row.images())); // (3)
        int[][] positions = {IntStream.range(0, ids.length).toArray()};
        int end = Placeholders.end(ids, config.imageTokenId());
        return new Prompt(embeds.named("inputs_embeds"), positions, ids.length, blockEnds(ids), end);
    }

    /** For each token of a picture, where the picture ends; 0 for the others. (4) */
    private int[] blockEnds(int[] ids) {
        int[] ends = new int[ids.length];
        int end = 0;
        for (int i = ids.length - 1; i >= 0; i--) {
            boolean inPicture = ids[i] == config.imageTokenId();
            end = !inPicture ? 0 : end == 0 ? i + 1 : end;
            ends[i] = end;
        }
        return ends;
    }

    /** Pictures and their crops to rows of the decoder: a list of none or one tensor (N C, D). */
    private List<Tensor> encode(List<Inputs.Visual> images) {
        return images.isEmpty() ? List.of() : List.of(encoded.encode(images, (_, pixels) -> tower(pixels)));
    }

    private Tensor tower(List<Tensor> pixels) {
        Tensor all = pixels.size() == 1 ? pixels.getFirst() : backend().concat(pixels); // (N, 3, size, size)
        Tensor patches = visionTower.forward(all); // (N P, W)
        return multiModalProjector.forward(patches).named("projector.output");
    }

    private static final class Projector {
        private final int side;
        private final int pool;
        private final RmsNormPlusOne mmSoftEmbNorm;
        private final Linear mmInputProjection;

        Projector(Gemma3Config c, Weights w) {
            side = c.vision().side();
            pool = side / c.tokensPerSide();
            int width = c.vision().hiddenSize();
            // The reference takes the tower's eps here, not the decoder's.
            mmSoftEmbNorm = RmsNormPlusOne.of(
                    w.at("mm_soft_emb_norm"), width, c.vision().layerNormEps());
            Tensor weight =
                    w.tensor("mm_input_projection_weight", width, c.text().hiddenSize());
            mmInputProjection = new Linear(weight.transpose(), null); // (2)
        }

        Tensor forward(Tensor patches) { // (N P, W) to (N C, D)
            Backend b = patches.backend();
            int width = patches.dim(1);
            int p = side * side;
            List<Tensor> pooled = IntStream.range(0, patches.dim(0) / p)
                    .mapToObj(i -> patches.rows(i * p, (i + 1) * p).reshape(side, side, width))
                    .map(map -> b.avgPool2d(map, pool).reshape(-1, width)) // (C, W) (1)
                    .toList();
            return mmInputProjection.forward(mmSoftEmbNorm.forward(b.concat(pooled)));
        }
    }
}
