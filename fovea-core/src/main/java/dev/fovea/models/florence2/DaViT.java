package dev.fovea.models.florence2;

import dev.fovea.io.Weights;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.nn.Mlp;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * DaViT: a vision transformer in stages, each a smaller map of wider vectors. What differs from a plain one:
 *
 * <ol>
 *   <li>a convolution begins each stage: 7 x 7 with stride 4, then 3 x 3 with stride 2;
 *   <li>blocks come in pairs: the first attends inside windows of 12 x 12 places, the second between channels;
 *   <li>channel attention turns the roles: channels are the tokens, and a channel's values at all places its vector;
 *   <li>a depthwise convolution before attention and before the MLP gives places their neighbours, instead of positions;
 *   <li>no final norm.
 * </ol>
 *
 * Paper: Ding et al., "DaViT: Dual Attention Vision Transformers", 2022. Reference: DaViT of modeling_florence2.py, Microsoft's
 * and transformers'.
 *
 * <p>Shapes: Y, X rows and columns of a map, N = Y X, C channels, H heads or groups.
 */
final class DaViT {
    private static final double NORM_EPS = 1e-5;

    private final List<Stage> stages;

    DaViT(Florence2Config.Vision c, Weights w) {
        stages =
                IntStream.range(0, c.stages()).mapToObj(i -> new Stage(c, i, w)).toList();
    }

    /** A picture (Y, X, 3) to its last map (Y / 32, X / 32, C). */
    Tensor forward(Tensor pixels) {
        Tensor x = pixels;
        for (Stage stage : stages) {
            x = stage.forward(x);
        }
        return x;
    }

    private static final class Stage {
        private final int index;
        private final ConvEmbed conv;
        private final List<Pair> blocks;

        /** A spatial and a channel block. (2) */
        private record Pair(Block spatialBlock, Block channelBlock) {}

        Stage(Florence2Config.Vision c, int index, Weights w) {
            this.index = index;
            conv = new ConvEmbed(c, index, w.at("convs").at(index));
            blocks = w.at("blocks")
                    .layers(Integer.toString(index), c.depths()[index], (_, block) -> pair(c, index, block));
        }

        private static Pair pair(Florence2Config.Vision c, int stage, Weights w) {
            Weights spatial = w.at("spatial_block");
            Weights channel = w.at("channel_block");
            return new Pair(
                    new Block(c, stage, new WindowAttention(c, stage, spatial.at("window_attn")), spatial),
                    new Block(c, stage, new ChannelAttention(c, stage, channel.at("channel_attn")), channel));
        }

        Tensor forward(Tensor input) {
            Backend b = input.backend();
            Tensor x = named("vision.convs." + index, Scope.keep(b, () -> conv.forward(input)));
            for (int j = 0; j < blocks.size(); j++) {
                Pair pair = blocks.get(j);
                String name = "vision.blocks." + index + "." + j;
                x = named(name + ".spatial", pair.spatialBlock.forward(x));
                x = named(name + ".channel", pair.channelBlock.forward(x));
            }
            return x;
        }
    }

    /** Reports a map as the reference has it, places in one axis: (1, N, C). */
    private static Tensor named(String stage, Tensor map) {
        map.reshape(1, -1, map.dim(2)).named(stage);
        return map;
    }

    /** (1) */
    private static final class ConvEmbed {
        private final Tensor weight;
        private final Tensor bias;
        private final LayerNorm norm;
        private final boolean prenorm;
        private final int stride;
        private final int padding;

        ConvEmbed(Florence2Config.Vision c, int stage, Weights w) {
            int in = stage == 0 ? c.inChannels() : c.embedDim()[stage - 1];
            int out = c.embedDim()[stage];
            int size = c.patchSize()[stage];
            prenorm = c.patchPrenorm().get(stage);
            stride = c.patchStride()[stage];
            padding = c.patchPadding()[stage];
            weight = w.at("conv").tensor("weight", out, in, size, size);
            bias = w.at("conv").tensor("bias", out);
            norm = LayerNorm.of(w.at("norm"), prenorm ? in : out, NORM_EPS);
        }

        Tensor forward(Tensor x) { // (Y, X, C) to (Y / stride, X / stride, C')
            return prenorm ? convolve(norm.forward(x)) : norm.forward(convolve(x));
        }

        private Tensor convolve(Tensor x) {
            return x.backend().conv2d(x, weight, bias, stride, padding, 1);
        }
    }

    private static final class Block {
        private final DepthWiseConv2d conv1;
        private final LayerNorm norm1;
        private final Attention attention;
        private final DepthWiseConv2d conv2;
        private final LayerNorm norm2;
        private final Mlp ffn;

        Block(Florence2Config.Vision c, int stage, Attention attention, Weights w) {
            int d = c.embedDim()[stage];
            this.attention = attention;
            conv1 = DepthWiseConv2d.of(w.at("conv1"), d);
            norm1 = LayerNorm.of(w.at("norm1"), d, NORM_EPS);
            conv2 = DepthWiseConv2d.of(w.at("conv2"), d);
            norm2 = LayerNorm.of(w.at("norm2"), d, NORM_EPS);
            ffn = Mlp.of(w.at("ffn"), d, (int) (d * c.mlpRatio()), c.activationFunction());
        }

        /** Rewrites x (Y, X, C) half by half: with both halves' activations a map of 192 x 192 takes half a gigabyte. */
        Tensor forward(Tensor x) {
            return Scope.update(Scope.update(x, this::attend), this::feed);
        }

        private Tensor attend(Tensor input) {
            Tensor x = input.add(conv1.forward(input)); // (4)
            return x.add(attention.forward(norm1.forward(x)));
        }

        private Tensor feed(Tensor input) {
            Tensor x = input.add(conv2.forward(input));
            Tensor h = norm2.forward(x).reshape(-1, x.dim(2)); // (N, C)
            return x.add(ffn.forward(h).reshape(x.shape().toArray()));
        }
    }

    private record DepthWiseConv2d(Tensor weight, Tensor bias) {
        private static final int SIZE = 3;

        static DepthWiseConv2d of(Weights w, int channels) {
            return new DepthWiseConv2d(w.tensor("weight", channels, 1, SIZE, SIZE), w.tensor("bias", channels));
        }

        Tensor forward(Tensor x) { // (Y, X, C)
            return x.backend().conv2d(x, weight, bias, 1, SIZE / 2, x.dim(2));
        }
    }

    /** (Y, X, C) to (Y, X, C). */
    private interface Attention {
        Tensor forward(Tensor x);
    }

    private static Linear qkv(Florence2Config.Vision c, Weights w, int d) {
        return c.qkvBias() ? Linear.of(w.at("qkv"), d, 3 * d) : Linear.withoutBias(w.at("qkv"), d, 3 * d);
    }

    private static final class WindowAttention implements Attention {
        private final int windowSize;
        private final int headDim;
        private final Linear qkv;
        private final Linear proj;

        WindowAttention(Florence2Config.Vision c, int stage, Weights w) {
            int d = c.embedDim()[stage];
            windowSize = c.windowSize();
            headDim = d / c.numHeads()[stage];
            qkv = qkv(c, w, d);
            proj = Linear.of(w.at("proj"), d, d);
        }

        @Override
        public Tensor forward(Tensor x) {
            Backend b = x.backend();
            int d = x.dim(2);
            Windows windows = Windows.of(x.dim(0), x.dim(1), windowSize);
            Tensor rows = windows.partition(x.reshape(-1, d)); // (P, C), P = N and padding
            int p = rows.dim(0);
            Tensor all = qkv.forward(rows); // (P, 3 C)
            Tensor q = all.slice(1, 0, d).reshape(p, -1, headDim); // (P, H, headDim)
            Tensor k = all.slice(1, d, 2 * d).reshape(p, -1, headDim);
            Tensor v = all.slice(1, 2 * d, 3 * d).reshape(p, -1, headDim);
            Tensor a = b.attention(q, k, v, windows.mask(), (float) (1 / Math.sqrt(headDim)));
            return windows.reverse(proj.forward(a.reshape(p, d)))
                    .reshape(x.shape().toArray());
        }
    }

    /**
     * A map in windows, row of windows by row of windows. Where the map ends inside a window, rows of zeros fill it up; they are
     * attended to like any other.
     *
     * @param order for each place in window order the row of the map that stands there; N for padding
     * @param area places of a window
     * @param places N
     */
    private record Windows(int[] order, int area, int places) {

        static Windows of(int height, int width, int size) {
            int down = Math.ceilDiv(height, size);
            int across = Math.ceilDiv(width, size);
            int area = size * size;
            int[] order = new int[down * across * area];
            for (int i = 0; i < order.length; i++) {
                int window = i / area;
                int y = window / across * size + i % area / size;
                int x = window % across * size + i % size;
                order[i] = y < height && x < width ? y * width + x : height * width;
            }
            return new Windows(order, area, height * width);
        }

        Tensor partition(Tensor x) { // (N, C)
            Backend b = x.backend();
            if (order.length == places) {
                return b.gatherRows(x, order, x.dtype());
            }
            Tensor zeros = Tensor.of(b, new float[x.dim(1)], 1, x.dim(1)).to(x.dtype());
            return b.gatherRows(b.concat(List.of(x, zeros)), order, x.dtype());
        }

        Tensor reverse(Tensor x) { // (P, C) to (N, C)
            int[] places = new int[this.places];
            for (int i = 0; i < order.length; i++) {
                if (order[i] < places.length) {
                    places[order[i]] = i;
                }
            }
            return x.backend().gatherRows(x, places, x.dtype());
        }

        Mask mask() {
            return Mask.segments(IntStream.rangeClosed(0, order.length / area)
                    .map(i -> i * area)
                    .toArray());
        }
    }

    /** (3) */
    private static final class ChannelAttention implements Attention {
        private final int groups;
        private final Linear qkv;
        private final Linear proj;

        ChannelAttention(Florence2Config.Vision c, int stage, Weights w) {
            int d = c.embedDim()[stage];
            groups = c.numGroups()[stage];
            qkv = qkv(c, w, d);
            proj = Linear.of(w.at("proj"), d, d);
        }

        @Override
        public Tensor forward(Tensor x) {
            int d = x.dim(2);
            Tensor rows = x.reshape(-1, d); // (N, C)
            int n = rows.dim(0);
            Tensor all = qkv.forward(rows).reshape(n, 3, groups, d / groups);
            Tensor turned = all.permute(1, 3, 2, 0).contiguous(); // (3, C / H, H, N)
            Tensor q = part(turned, 0);
            Tensor k = part(turned, 1);
            Tensor v = part(turned, 2);
            Mask mask = Mask.full(d / groups, d / groups);
            Tensor a = x.backend().attention(q, k, v, mask, (float) (1 / Math.sqrt(n))); // (C / H, H, N)
            Tensor back = a.permute(2, 1, 0).contiguous().reshape(n, d); // (N, C)
            return proj.forward(back).reshape(x.shape().toArray());
        }

        private static Tensor part(Tensor all, int i) {
            return all.slice(0, i, i + 1).reshape(all.dim(1), all.dim(2), all.dim(3));
        }
    }
}
