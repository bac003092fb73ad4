package dev.fovea.models.llava_onevision1_5;

import dev.fovea.io.Weights;
import dev.fovea.models.GridPositions;
import dev.fovea.models.GridThw;
import dev.fovea.models.Inputs;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.nn.Mlp;
import dev.fovea.nn.Rope;
import dev.fovea.nn.RopeFrequencies;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The vision tower of LLaVA-OneVision-1.5 and the merger behind it.
 *
 * <p>What differs from a plain vision transformer:
 *
 * <ol>
 *   <li>pictures of any size; the four patches that will be merged follow each other;
 *   <li>no position table: rotary angles from a patch's row and column, in float32;
 *   <li>every picture, and every frame of a clip, has a class row in front, whose rotary angles are learned;
 *   <li>full attention inside a picture or frame;
 *   <li>a norm in front of the first layer and none behind the last;
 *   <li>a merger turns four neighbouring patches into one row of the decoder's width; it does not see class rows.
 * </ol>
 *
 * Paper: Xie et al., "Region-based Cluster Discrimination for Visual Representation Learning", 2025. Reference: the published
 * modeling_llavaonevision1_5.py, RiceTransformerPretrainedModel.
 *
 * <p>Shapes: P patches, S segments (pictures or frames), H heads, C merged cells, D the decoder's width.
 */
final class RiceTransformer {
    private static final double NORM_EPS = 1e-5; // of the layers; not in the configuration
    private static final double ROPE_THETA = 10_000;

    private final LlavaOnevision1_5Config.Vision config;
    private final DType dtype;
    private final Linear patchEmbed;
    private final Tensor classEmbedding;
    private final Tensor classPosEmb;
    private final LayerNorm preLayernorm;
    private final List<Block> blocks;
    private final PatchMerger merger;
    private final float[] inverseFrequencies;

    RiceTransformer(LlavaOnevision1_5Config.Vision c, Weights w) {
        config = c;
        dtype = w.dtype();
        int d = c.hiddenSize();
        patchEmbed = new Linear(
                w.tensor("patch_embed.proj.weight", d, c.inChannels(), c.patchSize(), c.patchSize())
                        .reshape(d, c.patchWidth()),
                null);
        classEmbedding = w.tensor("class_embedding", d);
        classPosEmb = w.tensor("class_pos_emb", 1, c.headDim() / 2);
        preLayernorm = LayerNorm.of(w.at("pre_layernorm"), d, c.layerNormEps());
        blocks = w.layers("blocks", c.depth(), (_, block) -> new Block(c, block));
        merger = new PatchMerger(c, w.at("merger"));
        inverseFrequencies = RopeFrequencies.of(ROPE_THETA, c.headDim() / 2).inverse();
    }

    /** Packed pictures to rows of the decoder: (C, D). */
    Tensor forward(List<Inputs.Visual> visuals, List<Tensor> pixels, ClassRows classRows) {
        Backend b = patchEmbed.weight().backend();
        List<GridThw> grids = visuals.stream().map(v -> v.grid().orElseThrow()).toList();
        int[] segments = grids.stream()
                .flatMapToInt(g -> IntStream.generate(() -> g.h() * g.w()).limit(g.t()))
                .toArray();
        return Scope.keep(b, () -> {
            Tensor x = withClass(embed(pixels), segments).named("vision.with_class"); // (P + S, hidden)
            Rope rope = rope(GridPositions.of(grids, config.spatialMergeSize()), segments);
            Mask mask = Mask.segments(bounds(segments)); // (4)
            x = preLayernorm.forward(x).named("vision.pre_layernorm"); // (5), rewritten by each layer
            for (int i = 0; i < blocks.size(); i++) {
                Block block = blocks.get(i);
                x = Scope.update(x, h -> block.forward(h, rope, mask));
                x.named("vision.layers.", i);
            }
            Tensor patches =
                    b.gatherRows(x, classRows.patchRows(segments), dtype).named("vision.output"); // (P, hidden)
            return merger.forward(patches).named("projector.output");
        });
    }

    private Tensor embed(List<Tensor> pixels) {
        Backend b = patchEmbed.weight().backend();
        List<Tensor> parts = new ArrayList<>();
        for (Tensor p : pixels) {
            parts.add(Scope.keep(b, () -> patchEmbed.forward(p.to(dtype))));
        }
        return (parts.size() == 1 ? parts.getFirst() : b.concat(parts)).named("vision.embeddings");
    }

    /** Puts the class row in front of each segment: (P, hidden) to (P + S, hidden). (3) */
    private Tensor withClass(Tensor patches, int[] segments) {
        Tensor classRow = classEmbedding.reshape(1, -1).to(dtype);
        List<Tensor> parts = new ArrayList<>();
        int from = 0;
        for (int length : segments) {
            parts.add(classRow);
            parts.add(patches.rows(from, from + length));
            from += length;
        }
        return patches.backend().concat(parts);
    }

    /** For each segment the angles of its class row, then those of its patches: half turn with the row, half with the column. */
    private Rope rope(GridPositions positions, int[] segments) {
        int quarter = inverseFrequencies.length;
        int half = 2 * quarter;
        float[] ofClass = classPosEmb.toFloats(); // (3)
        float[] angles = new float[(positions.rows().length + segments.length) * half];
        int patch = 0;
        int at = 0;
        for (int length : segments) {
            System.arraycopy(ofClass, 0, angles, at, half);
            at += half;
            for (int end = patch + length; patch < end; patch++, at += half) {
                for (int j = 0; j < quarter; j++) { // (2)
                    angles[at + j] = positions.rows()[patch] * inverseFrequencies[j];
                    angles[at + quarter + j] = positions.columns()[patch] * inverseFrequencies[j];
                }
            }
        }
        Rope rope = Rope.ofAngles(classPosEmb.backend(), DType.FLOAT32, angles, half);
        if (Tensor.isTraced()) {
            twice(rope.cos()).named("vision.cos");
            twice(rope.sin()).named("vision.sin");
        }
        return rope;
    }

    /** A table as the reference has it, for both halves of a head. */
    private static Tensor twice(Tensor table) {
        int rows = table.dim(0);
        Tensor both = table.backend().concat(List.of(table, table)).reshape(2, rows, -1);
        return both.permute(1, 0, 2).contiguous().reshape(rows, -1);
    }

    /** Where segments begin and end when each has a class row. */
    private static int[] bounds(int[] segments) {
        int[] bounds = new int[segments.length + 1];
        for (int i = 0; i < segments.length; i++) {
            bounds[i + 1] = bounds[i] + segments[i] + 1;
        }
        return bounds;
    }

    private static final class Block {
        private final int headDim;
        private final LayerNorm norm1;
        private final Linear qkv;
        private final Linear proj;
        private final LayerNorm norm2;
        private final Mlp mlp;

        Block(LlavaOnevision1_5Config.Vision c, Weights w) {
            int d = c.hiddenSize();
            headDim = c.headDim();
            norm1 = LayerNorm.of(w.at("norm1"), d, NORM_EPS);
            qkv = Linear.of(w.at("attn.qkv"), d, 3 * d);
            proj = Linear.of(w.at("attn.proj"), d, d);
            norm2 = LayerNorm.of(w.at("norm2"), d, NORM_EPS);
            mlp = Mlp.of(w.at("mlp"), d, c.intermediateSize(), c.hiddenAct());
        }

        Tensor forward(Tensor x, Rope rope, Mask mask) { // x: (P + S, hidden)
            Tensor h = x.add(attention(norm1.forward(x), rope, mask));
            return h.add(mlp.forward(norm2.forward(h)));
        }

        private Tensor attention(Tensor x, Rope rope, Mask mask) {
            int p = x.dim(0);
            int d = x.dim(1);
            Tensor all = qkv.forward(x); // (P + S, 3 hidden)
            Tensor q = rope.forward(all.slice(1, 0, d).reshape(p, -1, headDim)); // (P + S, H, headDim)
            Tensor k = rope.forward(all.slice(1, d, 2 * d).reshape(p, -1, headDim));
            Tensor v = all.slice(1, 2 * d, 3 * d).reshape(p, -1, headDim);
            Tensor a = x.backend().attention(q, k, v, mask, (float) (1 / Math.sqrt(headDim)));
            return proj.forward(a.reshape(p, d));
        }
    }

    /** Four patches become one row. (6) */
    private static final class PatchMerger {
        private final int width;
        private final LayerNorm lnQ;
        private final Linear mlp0;
        private final Linear mlp2;

        PatchMerger(LlavaOnevision1_5Config.Vision c, Weights w) {
            width = c.hiddenSize() * c.spatialMergeSize() * c.spatialMergeSize();
            lnQ = LayerNorm.of(w.at("ln_q"), c.hiddenSize(), c.layerNormEps());
            mlp0 = Linear.of(w.at("mlp.0"), width, width);
            mlp2 = Linear.of(w.at("mlp.2"), width, c.textHiddenSize());
        }

        Tensor forward(Tensor x) { // (P, hidden) to (C, D)
            Tensor cells = lnQ.forward(x).named("projector.norm").reshape(-1, width);
            return mlp2.forward(mlp0.forward(cells).activation(Activation.GELU));
        }
    }
}
