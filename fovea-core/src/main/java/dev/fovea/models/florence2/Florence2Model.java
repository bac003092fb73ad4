package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Lengths;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.Inputs;
import dev.fovea.models.Sequences;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.nn.KvCache;
import dev.fovea.nn.LayerNorm;
import dev.fovea.nn.Linear;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Florence-2: a picture becomes 577 vectors, which a BART reads in front of a question; its answer is text among which location
 * tokens stand for places.
 *
 * <ol>
 *   <li>The tower is a {@link DaViT}; its last map, 24 x 24 places, gets learned positions of column and row.
 *   <li>A cosine position of the frame follows, always the first: the model was made for clips too, the published ones take
 *       one picture.
 *   <li>The mean of all places comes first, then the places.
 *   <li>The {@link Bart} encoder reads the picture's vectors, then the tokens. In transformers' layout placeholders stand in
 *       the prompt for the former.
 * </ol>
 *
 * Paper: Xiao et al., "Florence-2: Advancing a Unified Representation for a Variety of Vision Tasks", 2024. Reference:
 * modeling_florence2.py, Microsoft's and transformers'.
 *
 * <p>Shapes: Y, X rows and columns of the last map, N = Y X, C its channels, D hidden, S positions of the encoder.
 */
public final class Florence2Model implements VisionLanguageModel {
    private final Florence2Config config;
    private final DType dtype;
    private final DaViT visionTower;
    private final MultiModalProjector multiModalProjector;
    private final Bart languageModel;
    private final EncodedImages encoded;

    /** Takes every tensor that the model needs from a checkpoint with the names of {@link Florence2#renaming}. */
    public Florence2Model(Config json, Weights w) {
        config = Florence2Config.of(json);
        dtype = w.dtype();
        visionTower = new DaViT(config.vision(), w.at("model.vision_tower"));
        multiModalProjector = new MultiModalProjector(config, w.at("model.multi_modal_projector"));
        languageModel = new Bart(config, w);
        encoded = new EncodedImages(backend());
    }

    @Override
    public Backend backend() {
        return languageModel.backend();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int maxPositionEmbeddings() {
        return languageModel.maxDecoderPositions();
    }

    /** Positions are learned one by one: behind the last there is none. The last id of an answer needs none. */
    @Override
    public Lengths lengths(GenerationConfig generate, int promptLength) {
        return VisionLanguageModel.super.lengths(generate, promptLength).within(maxPositionEmbeddings() + 1);
    }

    @Override
    public boolean isEncoderDecoder() {
        return true;
    }

    @Override
    public List<int[]> promptIds(Inputs inputs) {
        return inputs.rows().stream()
                .map(_ -> new int[] {config.text().decoderStartTokenId()})
                .toList();
    }

    @Override
    public KvCache newCache() {
        return languageModel.newCache();
    }

    @Override
    public Sequences newSequences(long prefixBytes, Set<Integer> turnEnds) {
        return new Florence2Sequences(languageModel);
    }

    @Override
    public void trace(Inputs inputs, int[] answerIds) {
        try (Sequences memory = newSequences(0, Set.of());
                Florence2Decoding decoding = start(inputs, memory, true)) {
            decoding.trace(answerIds);
        }
    }

    @Override
    public Florence2Decoding start(Inputs inputs, Sequences memory, boolean owned) {
        Scope inputMemory = Scope.detached(backend());
        try {
            List<Tensor> embeds = inputs.rows().stream()
                    .map(row -> inputsEmbeds(row, inputMemory))
                    .toList();
            return new Florence2Decoding(languageModel, embeds, inputMemory, (Florence2Sequences) memory, owned);
        } catch (RuntimeException | Error e) {
            inputMemory.close();
            throw e;
        }
    }

    /** What the encoder reads: the picture, then the tokens. (4) */
    private Tensor inputsEmbeds(Inputs.Row row, Scope memory) {
        int pictures = row.images().size() + row.videos().size();
        if (pictures != 1 || !row.videos().isEmpty()) {
            throw new InputException("Florence-2 takes one picture with each prompt; found " + pictures);
        }
        try (Scope _ = Scope.open(backend())) {
            Tensor picture = encoded.encode(row.images(), (_, pixels) -> encode(pixels.getFirst())); // (N + 1, D)
            int[] ids = row.inputIds();
            int[] places = IntStream.range(0, ids.length)
                    .filter(i -> config.imageTokenId().isPresent()
                            && ids[i] == config.imageTokenId().getAsInt())
                    .toArray();
            Tensor tokens = languageModel.embed(ids);
            if (config.imageTokenId().isEmpty()) {
                tokens = backend().concat(List.of(picture, tokens));
            } else if (places.length == picture.dim(0)) {
                backend().scatterRows(tokens, places, picture);
            } else {
                throw new InputException(
                        "the prompt has " + places.length + " image placeholders, its picture " + picture.dim(0)
                                + " vectors",
                        "let the processor expand the placeholders");
            }
            checkLength(tokens.dim(0));
            return memory.adopt(tokens.named("inputs_embeds")); // (S, D)
        }
    }

    private void checkLength(int length) {
        if (length > languageModel.maxEncoderPositions()) {
            throw new InputException(
                    "picture and prompt have " + length + " positions; the model has "
                            + languageModel.maxEncoderPositions(),
                    "shorten the prompt");
        }
    }

    /** @param pixels (1, 3, height, width) */
    private Tensor encode(Tensor pixels) {
        Tensor map = Scope.keep(backend(), () -> {
            Tensor planes = pixels.reshape(pixels.dim(1), pixels.dim(2), pixels.dim(3));
            return visionTower.forward(backend().copy(planes.permute(1, 2, 0), dtype)); // (Y, X, C)
        });
        Tensor picture = multiModalProjector.forward(map);
        picture.reshape(1, picture.dim(0), -1).named("projector.output");
        return picture;
    }

    @Override
    public Optional<EncodedImages> encodedImages() {
        return Optional.of(encoded);
    }

    private static final class MultiModalProjector {
        private static final double NORM_EPS = 1e-5;

        private final DType dtype;
        private final Tensor rowEmbeddings;
        private final Tensor columnEmbeddings;
        private final Tensor posIdxToEmbed;
        private final Linear imageProjection;
        private final LayerNorm imageProjNorm;

        MultiModalProjector(Florence2Config config, Weights w) {
            Florence2Config.Vision c = config.vision();
            dtype = w.dtype();
            int channels = c.outChannels();
            int d = config.text().dModel();
            Weights positions = w.at("image_position_embed");
            rowEmbeddings = positions.tensor("row_embeddings.weight", c.maxPositionEmbeddings(), channels / 2);
            columnEmbeddings = positions.tensor("column_embeddings.weight", c.maxPositionEmbeddings(), channels / 2);
            posIdxToEmbed = w.tensor("visual_temporal_embed.pos_idx_to_embed", c.maxTemporalEmbeddings(), channels);
            imageProjection = w.has("image_projection") // Microsoft multiplies from the other side
                    ? new Linear(w.tensor("image_projection", channels, d).transpose(), null)
                    : Linear.withoutBias(w.at("image_projection"), channels, d);
            imageProjNorm = LayerNorm.of(w.at("image_proj_norm"), d, NORM_EPS);
        }

        Tensor forward(Tensor map) { // (Y, X, C) to (N + 1, D)
            Backend b = map.backend();
            int channels = map.dim(2);
            Tensor x = map.reshape(-1, channels).add(positions(map.dim(0), map.dim(1))); // (1)
            x = x.add(posIdxToEmbed.rows(0, 1).reshape(channels)); // (2)
            x = b.concat(List.of(b.meanRows(x), x)); // (3)
            return imageProjNorm.forward(imageProjection.forward(x));
        }

        /** Column and row of each place: (N, C), the column's half first. */
        private Tensor positions(int height, int width) {
            int n = height * width;
            if (Math.max(height, width) > rowEmbeddings.dim(0)) {
                throw new InputException("a picture of " + height + " x " + width
                        + " places; the model has positions for " + rowEmbeddings.dim(0));
            }
            Backend b = rowEmbeddings.backend();
            Tensor columns = b.gatherRows(
                    columnEmbeddings, IntStream.range(0, n).map(i -> i % width).toArray(), dtype);
            Tensor rows = b.gatherRows(
                    rowEmbeddings, IntStream.range(0, n).map(i -> i / width).toArray(), dtype);
            Tensor halves = b.concat(List.of(columns, rows)).reshape(2, n, -1); // (2, N, C / 2)
            return halves.permute(1, 0, 2).contiguous().reshape(n, -1);
        }
    }
}
