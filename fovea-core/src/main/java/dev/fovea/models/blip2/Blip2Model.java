package dev.fovea.models.blip2;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Lengths;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.CausalModel;
import dev.fovea.models.DecoderOnlyModel;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.Inputs;
import dev.fovea.models.Prompt;
import dev.fovea.models.opt.OptDecoder;
import dev.fovea.nn.Linear;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * BLIP-2: a frozen vision transformer and a frozen language model, joined by a small Q-Former.
 *
 * <ol>
 *   <li>the tower makes 257 rows of a picture ({@link Blip2VisionModel});
 *   <li>the Q-Former makes as many vectors of them as it has queries, 32 ({@link Blip2QFormerModel}); where the model
 *       computes in float16, it computes in float32;
 *   <li>a projection brings these to the decoder's width;
 *   <li>they take the places of the placeholders in the prompt; older configurations have no placeholder, and the
 *       vectors stand in front of the prompt;
 *   <li>OPT continues the text ({@link OptDecoder}).
 * </ol>
 *
 * Paper: Li et al., "BLIP-2: Bootstrapping Language-Image Pre-training with Frozen Image Encoders and Large Language
 * Models", 2023. Reference: transformers, modeling_blip_2.py; 4.49 for the older configurations, which later versions
 * do not run.
 *
 * <p>Shapes: T tokens, D hidden, Q queries.
 */
public final class Blip2Model implements DecoderOnlyModel {
    private final Blip2Config config;
    private final DType dtype;
    private final Blip2VisionModel visionModel;
    private final Blip2QFormerModel qformer;
    private final Linear languageProjection;
    private final OptDecoder languageModel;
    private final EncodedImages encodedImages;

    /** Takes every tensor that the model needs. */
    public Blip2Model(Config json, Weights w) {
        config = Blip2Config.of(json);
        dtype = w.dtype();
        visionModel = new Blip2VisionModel(config.vision(), w.at("vision_model"));
        Weights wide = dtype == DType.FLOAT16 ? w.in(DType.FLOAT32) : w; // (2) _keep_in_fp32_modules
        qformer = new Blip2QFormerModel(config, wide);
        languageProjection = Linear.of(
                w.at("language_projection"),
                config.qformer().hiddenSize(),
                config.text().hiddenSize());
        languageModel = new OptDecoder(config.text(), w.at("language_model"));
        encodedImages = new EncodedImages(languageModel.backend());
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    /** Width of the logits. */
    public int vocabSize() {
        return languageModel.vocabSize();
    }

    @Override
    public int maxPositionEmbeddings() {
        return config.text().maxPositionEmbeddings();
    }

    /**
     * Without placeholders, the reference adds the queries to max_length and min_length (max_length minus one) and
     * takes the whole prompt, queries included, off again; the answer's ids then still count the prompt's.
     */
    @Override
    public Lengths lengths(GenerationConfig generate, int promptLength) {
        Lengths usual = DecoderOnlyModel.super.lengths(generate, promptLength);
        if (config.imageTokenIndex().isPresent()) {
            return usual;
        }
        int max = generate.maxNewTokens().isPresent()
                ? usual.max()
                : generate.maxLength().orElse(20) - 1 - promptLength;
        int min = generate.minNewTokens().isPresent() ? usual.min() : Math.max(0, generate.minLength() - promptLength);
        if (promptLength >= max) {
            throw new OptionException(
                    "the prompt has " + promptLength + " ids and max_length is "
                            + generate.maxLength().orElse(20)
                            + "; this model's configuration has no image_token_index, and then the prompt counts twice",
                    "use max_new_tokens");
        }
        int positions = usual.positions() - config.numQueryTokens(); // a picture's vectors have positions, and no ids
        return new Lengths(promptLength, max, min, positions, usual.warnings());
    }

    @Override
    public CausalModel decoder() {
        return languageModel;
    }

    @Override
    public Prompt prompt(Inputs.Row row) {
        Tensor tokens = languageModel.embed(row.inputIds()); // (T, D)
        Tensor embeds = config.imageTokenIndex().isPresent()
                ? put(row, config.imageTokenIndex().getAsInt(), tokens)
                : inFront(row, tokens);
        int length = embeds.dim(0);
        int[][] positions = {IntStream.range(0, length).toArray()};
        return Prompt.causal(embeds.named("inputs_embeds"), positions, length);
    }

    /**
     * Vectors in the places of the placeholders. Vectors that find no place are dropped, as masked_scatter does: of
     * several pictures in a prompt with the placeholders of one, the first counts. (4)
     */
    private Tensor put(Inputs.Row row, int placeholder, Tensor tokens) {
        int[] ids = row.inputIds();
        int[] places = IntStream.range(0, ids.length)
                .filter(i -> ids[i] == placeholder)
                .toArray();
        int vectors = row.images().size() * config.numQueryTokens();
        if (places.length > vectors) {
            throw new InputException(
                    "the prompt has " + places.length + " image placeholders; its pictures have " + vectors
                            + " vectors",
                    "give " + config.numQueryTokens() + " placeholders for each picture, or none");
        }
        if (places.length > 0) {
            int pictures = Math.ceilDiv(places.length, config.numQueryTokens());
            Tensor features = encode(row, pictures);
            backend().scatterRows(tokens, places, features.rows(0, places.length));
        }
        return tokens;
    }

    private Tensor inFront(Inputs.Row row, Tensor tokens) {
        if (row.images().size() > 1) {
            throw new InputException(
                    "the prompt comes with " + row.images().size() + " pictures; this model takes one",
                    "ask about each picture in a request of its own");
        }
        return row.images().isEmpty() ? tokens : backend().concat(List.of(encode(row, 1), tokens));
    }

    /** The first pictures of a row as vectors of the decoder's width: (pictures Q, D). */
    private Tensor encode(Inputs.Row row, int pictures) {
        List<Inputs.Visual> images = row.images().subList(0, pictures);
        boolean interpolate = Config.ofOptions(new LinkedHashMap<>(row.modelArguments()), "generate")
                .flag(Blip2.INTERPOLATE_POS_ENCODING, false);
        return interpolate
                ? encode(images.stream().map(v -> v.pixelValues().on(backend())).toList(), true) // other vectors
                : encodedImages.encode(images, (_, pixels) -> encode(pixels, false));
    }

    private Tensor encode(List<Tensor> images, boolean interpolate) {
        List<Tensor> parts = new ArrayList<>();
        for (Tensor image : images) {
            Tensor rows = visionModel.forward(image, interpolate); // (P + 1, vision D) (1)
            Tensor queries = qformer.forward(rows).to(dtype); // (Q, Q-Former D) (2)
            parts.add(languageProjection.forward(queries).named("projector.output")); // (Q, D) (3)
        }
        return parts.size() == 1 ? parts.getFirst() : backend().concat(parts);
    }

    @Override
    public Optional<EncodedImages> encodedImages() {
        return Optional.of(encodedImages);
    }
}
