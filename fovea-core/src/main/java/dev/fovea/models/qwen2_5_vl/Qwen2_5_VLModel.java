package dev.fovea.models.qwen2_5_vl;

import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.CausalModel;
import dev.fovea.models.DecoderOnlyModel;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.GridPositions;
import dev.fovea.models.GridThw;
import dev.fovea.models.Inputs;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Prompt;
import dev.fovea.nn.Embedding;
import dev.fovea.nn.GatedMlp;
import dev.fovea.nn.KvCache;
import dev.fovea.nn.Linear;
import dev.fovea.nn.RmsNorm;
import dev.fovea.nn.Rope;
import dev.fovea.nn.RopeFrequencies;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Qwen2.5-VL: pictures and clips of any size become patches, patches become rows among the vectors of a text, and a Qwen2
 * decoder reads both.
 *
 * <p>What differs from a plain vision transformer:
 *
 * <ol>
 *   <li>patches of two frames, 14 x 14 pixels, ordered so that the four that will be merged follow each other;
 *   <li>no position table: rotary angles from a patch's row and column, in float32;
 *   <li>most layers attend inside windows of 8 x 8 patches, a few ({@code fullatt_block_indexes}) inside a whole frame;
 *   <li>RMS norms and gated MLPs, with biases;
 *   <li>a merger turns four neighbouring patches into one row of the decoder's width.
 * </ol>
 *
 * and from a plain Llama:
 *
 * <ol start="6">
 *   <li>biases on q, k and v;
 *   <li>M-RoPE: positions have three axes (time, height, width), each drives a section of the frequencies.
 * </ol>
 *
 * Paper: Bai et al., "Qwen2.5-VL Technical Report", 2025. Reference: transformers, modeling_qwen2_5_vl.py.
 *
 * <p>Shapes: T tokens, D hidden, H heads, G key heads, P patches, C merged cells.
 */
public final class Qwen2_5_VLModel implements DecoderOnlyModel, CausalModel {
    private final Qwen2_5_VLConfig config;
    private final Backend backend;
    private final DType dtype;
    private final SharedRows sharedPromptRows;
    private final Vision visual;
    private final Embedding embedTokens;
    private final List<DecoderLayer> layers;
    private final RmsNorm norm;
    private final Linear lmHead;
    private final int[] axisOfFrequency;
    private final EncodedImages encoded;

    /** Takes every tensor that the model needs from a checkpoint with the in-memory names of transformers. */
    public Qwen2_5_VLModel(Config json, Weights w) {
        config = Qwen2_5_VLConfig.of(json);
        dtype = w.dtype();
        Qwen2_5_VLConfig.Text c = config.text();
        Weights language = w.at("model.language_model");
        if (config.tieWordEmbeddings()) {
            w.tie("lm_head.weight", language.at("embed_tokens.weight"));
        }
        visual = new Vision(config.vision(), w.at("model.visual"));
        embedTokens = Embedding.of(language.at("embed_tokens"), c.vocabSize(), c.hiddenSize());
        backend = embedTokens.weight().backend();
        layers = language.layers("layers", c.numHiddenLayers(), (i, layer) -> new DecoderLayer(c, i, layer));
        norm = RmsNorm.of(language.at("norm"), c.hiddenSize(), c.rmsNormEps());
        lmHead = Linear.withoutBias(w.at("lm_head"), c.hiddenSize(), c.vocabSize());
        axisOfFrequency = RopeIndex.axisOfFrequency(c.mropeSection());
        encoded = new EncodedImages(backend);
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
        return config.text().vocabSize();
    }

    @Override
    public int maxPositionEmbeddings() {
        return config.text().maxPositionEmbeddings();
    }

    @Override
    public KvCache newCache() {
        Qwen2_5_VLConfig.Text c = config.text();
        return KvCache.full(backend, dtype, c.numHiddenLayers(), c.numKeyValueHeads(), c.headDim());
    }

    @Override
    public CausalModel decoder() {
        return this;
    }

    @Override
    public int positionAxes() {
        return 3;
    }

    @Override
    public Optional<EncodedImages> encodedImages() {
        return Optional.of(encoded);
    }

    @Override
    public Prompt prompt(Inputs.Row row) {
        Tensor embeds = embedTokens.forward(row.inputIds()); // (T, D)
        Placeholders.fill(embeds, row.inputIds(), config.imageTokenId(), "image", encode(row.images()));
        Placeholders.fill(embeds, row.inputIds(), config.videoTokenId(), "video", encode(row.videos()));
        RopeIndex index = RopeIndex.of(row, config);
        index.nameStages(backend);
        return Prompt.causal(embeds.named("inputs_embeds"), index.positions(), index.next())
                .withPictureEnd(Placeholders.end(row.inputIds(), config.imageTokenId(), config.videoTokenId()));
    }

    /** The tower's rows for pictures or clips: a list of none or one tensor (C, D). */
    private List<Tensor> encode(List<Inputs.Visual> visuals) {
        return visuals.isEmpty() ? List.of() : List.of(encoded.encode(visuals, visual::forward));
    }

    // ------------------------------------------------------------------------------------------------------ language

    @Override
    public Tensor embed(int[] ids) {
        return embedTokens.forward(ids);
    }

    @Override
    public Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step) {
        Rope rope = Rope.of(backend, dtype, config.text().rope(), axisOfFrequency, positions); // (7)
        Tensor x = backend.copy(inputsEmbeds, dtype); // (T, D), rewritten by each layer
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
        private final RmsNorm postAttentionLayernorm;
        private final GatedMlp mlp;

        DecoderLayer(Qwen2_5_VLConfig.Text c, int index, Weights w) {
            this.index = index;
            int d = c.hiddenSize();
            headDim = c.headDim();
            inputLayernorm = RmsNorm.of(w.at("input_layernorm"), d, c.rmsNormEps());
            qProj = Linear.of(w.at("self_attn.q_proj"), d, c.numAttentionHeads() * headDim); // (6)
            kProj = Linear.of(w.at("self_attn.k_proj"), d, c.numKeyValueHeads() * headDim);
            vProj = Linear.of(w.at("self_attn.v_proj"), d, c.numKeyValueHeads() * headDim);
            oProj = Linear.withoutBias(w.at("self_attn.o_proj"), c.numAttentionHeads() * headDim, d);
            postAttentionLayernorm = RmsNorm.of(w.at("post_attention_layernorm"), d, c.rmsNormEps());
            mlp = GatedMlp.withoutBias(w.at("mlp"), d, c.intermediateSize(), c.hiddenAct());
        }

        Tensor forward(Tensor x, Rope rope, KvCache.Step step) { // x: (T, D)
            x = x.add(attention(inputLayernorm.forward(x), rope, step));
            return x.add(mlp.forward(postAttentionLayernorm.forward(x)));
        }

        private Tensor attention(Tensor x, Rope rope, KvCache.Step step) {
            int t = x.dim(0);
            List<Tensor> qkv = Linear.forward(x, qProj, kProj, vProj);
            Tensor q = qkv.get(0).reshape(t, -1, headDim); // (T, H, headDim)
            Tensor k = qkv.get(1).reshape(t, -1, headDim); // (T, G, headDim)
            Tensor v = qkv.get(2).reshape(t, -1, headDim);
            float scale = (float) (1 / Math.sqrt(headDim));
            Tensor a = step.attend(index, rope.forward(q), rope.forward(k), v, scale);
            return oProj.forward(a.reshape(t, -1));
        }
    }

    // -------------------------------------------------------------------------------------------------------- vision

    private static final class Vision {
        private static final double NORM_EPS = 1e-6; // not in the configuration
        private static final double ROPE_THETA = 10_000;

        private final Qwen2_5_VLConfig.Vision config;
        private final Linear patchEmbed;
        private final List<Block> blocks;
        private final PatchMerger merger;
        private final RopeFrequencies frequencies;

        Vision(Qwen2_5_VLConfig.Vision c, Weights w) {
            config = c;
            Tensor patches = w.tensor(
                    "patch_embed.proj.weight",
                    c.hiddenSize(),
                    c.inChannels(),
                    c.temporalPatchSize(),
                    c.patchSize(),
                    c.patchSize());
            patchEmbed = new Linear(patches.reshape(c.hiddenSize(), c.patchWidth()), null); // (1)
            blocks = w.layers("blocks", c.depth(), (_, block) -> new Block(c, block));
            merger = new PatchMerger(c, w.at("merger"));
            float[] f = RopeFrequencies.of(ROPE_THETA, c.headDim() / 2).inverse();
            float[] both = Arrays.copyOf(f, 2 * f.length);
            System.arraycopy(f, 0, both, f.length, f.length);
            frequencies = new RopeFrequencies(both, 1);
        }

        /** Packed pictures to rows of the decoder: (C, D). */
        Tensor forward(List<Inputs.Visual> visuals, List<Tensor> pixels) {
            List<GridThw> grids =
                    visuals.stream().map(v -> v.grid().orElseThrow()).toList();
            int merge = config.spatialMergeSize();
            VisionWindows windows = VisionWindows.of(grids, merge, config.windowSize() / merge / config.patchSize());
            Mask window = Mask.segments(windows.windowBounds());
            Mask frame = Mask.segments(windows.frameBounds());
            int[] order = windows.patchOrder();
            Rope rope = rope(GridPositions.of(grids, merge), order);
            Backend b = patchEmbed.weight().backend();

            Tensor x = b.gatherRows(
                    embed(pixels), order, merger.dtype); // (P, hidden), in window order, rewritten by each layer
            for (int i = 0; i < blocks.size(); i++) {
                Block block = blocks.get(i);
                int layer = i;
                Mask mask =
                        Arrays.stream(config.fullattBlockIndexes()).anyMatch(f -> f == layer) ? frame : window; // (3)
                x = Scope.update(x, h -> block.forward(h, rope, mask));
                x.named("vision.layers.", i);
            }
            x.named("vision.output");
            Tensor cells = merger.forward(x); // (C, D), in window order
            return b.gatherRows(cells, inverse(windows.cellOrder()), cells.dtype())
                    .named("projector.output");
        }

        private Tensor embed(List<Tensor> pixels) {
            Backend b = patchEmbed.weight().backend();
            List<Tensor> parts = new ArrayList<>();
            for (Tensor p : pixels) {
                parts.add(Scope.keep(b, () -> patchEmbed.forward(p.to(merger.dtype))));
            }
            return (parts.size() == 1 ? parts.getFirst() : b.concat(parts)).named("vision.embeddings");
        }

        /** Half of the frequencies turn with the row, half with the column. (2) */
        private Rope rope(GridPositions patches, int[] order) {
            int half = frequencies.inverse().length;
            int[] axis = IntStream.range(0, half).map(j -> j < half / 2 ? 0 : 1).toArray();
            int[][] positions = {
                Arrays.stream(order).map(p -> patches.rows()[p]).toArray(),
                Arrays.stream(order).map(p -> patches.columns()[p]).toArray()
            };
            return Rope.of(patchEmbed.weight().backend(), DType.FLOAT32, frequencies, axis, positions);
        }

        private static int[] inverse(int[] order) {
            int[] inverse = new int[order.length];
            for (int i = 0; i < order.length; i++) {
                inverse[order[i]] = i;
            }
            return inverse;
        }

        private static final class Block {
            private final int headDim;
            private final RmsNorm norm1;
            private final Linear qkv;
            private final Linear proj;
            private final RmsNorm norm2;
            private final GatedMlp mlp;

            Block(Qwen2_5_VLConfig.Vision c, Weights w) {
                int d = c.hiddenSize();
                headDim = c.headDim();
                norm1 = RmsNorm.of(w.at("norm1"), d, NORM_EPS);
                qkv = Linear.of(w.at("attn.qkv"), d, 3 * d);
                proj = Linear.of(w.at("attn.proj"), d, d);
                norm2 = RmsNorm.of(w.at("norm2"), d, NORM_EPS);
                mlp = GatedMlp.of(w.at("mlp"), d, c.intermediateSize(), c.hiddenAct()); // (4)
            }

            Tensor forward(Tensor x, Rope rope, Mask mask) { // x: (P, hidden)
                x = x.add(attention(norm1.forward(x), rope, mask));
                return x.add(mlp.forward(norm2.forward(x)));
            }

            private Tensor attention(Tensor x, Rope rope, Mask mask) {
                int p = x.dim(0);
                int d = x.dim(1);
                Tensor all = qkv.forward(x); // (P, 3 hidden)
                Tensor q = rope.forward(all.slice(1, 0, d).reshape(p, -1, headDim)); // (P, H, headDim)
                Tensor k = rope.forward(all.slice(1, d, 2 * d).reshape(p, -1, headDim));
                Tensor v = all.slice(1, 2 * d, 3 * d).reshape(p, -1, headDim);
                Tensor a = x.backend().attention(q, k, v, mask, (float) (1 / Math.sqrt(headDim)));
                return proj.forward(a.reshape(p, d));
            }
        }

        /** Four patches become one row. (5) */
        private static final class PatchMerger {
            private final DType dtype;
            private final int width;
            private final RmsNorm lnQ;
            private final Linear mlp0;
            private final Linear mlp2;

            PatchMerger(Qwen2_5_VLConfig.Vision c, Weights w) {
                dtype = w.dtype();
                width = c.hiddenSize() * c.spatialMergeSize() * c.spatialMergeSize();
                lnQ = RmsNorm.of(w.at("ln_q"), c.hiddenSize(), NORM_EPS);
                mlp0 = Linear.of(w.at("mlp.0"), width, width);
                mlp2 = Linear.of(w.at("mlp.2"), width, c.outHiddenSize());
            }

            Tensor forward(Tensor x) { // (P, hidden) to (C, D)
                Tensor cells = lnQ.forward(x).reshape(-1, width);
                return mlp2.forward(mlp0.forward(cells).activation(Activation.GELU));
            }
        }
    }
}
