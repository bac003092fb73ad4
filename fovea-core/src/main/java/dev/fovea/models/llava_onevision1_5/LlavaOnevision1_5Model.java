package dev.fovea.models.llava_onevision1_5;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.io.Weights;
import dev.fovea.models.CausalDecoding;
import dev.fovea.models.CausalModel;
import dev.fovea.models.CausalSequences;
import dev.fovea.models.DecoderOnlyModel;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.Inputs;
import dev.fovea.models.Placeholders;
import dev.fovea.models.Prompt;
import dev.fovea.models.Sequences;
import dev.fovea.models.qwen3.Qwen3Decoder;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * LLaVA-OneVision-1.5: the RICE tower turns pictures of any size into rows among the vectors of a text ({@link
 * RiceTransformer}), and a Qwen3 decoder reads both ({@link Qwen3Decoder}).
 *
 * <p>What differs from Qwen2.5-VL, whose prompts and processor it shares:
 *
 * <ol>
 *   <li>positions are those of a text: one axis, and every row of a picture counts;
 *   <li>the tower has class rows, which leave it in one of two ways: {@link ClassRows}. As published, the pictures of all rows of
 *       a call are one sequence, and an answer depends on them all.
 * </ol>
 *
 * Paper: An et al., "LLaVA-OneVision-1.5: Fully Open Framework for Democratized Multimodal Training", 2025. Reference: the
 * published modeling_llavaonevision1_5.py.
 *
 * <p>Shapes: T tokens, D hidden, C merged cells.
 */
public final class LlavaOnevision1_5Model implements DecoderOnlyModel {
    private final LlavaOnevision1_5Config config;
    private final RiceTransformer visual;
    private final Qwen3Decoder languageModel;
    private final EncodedImages encoded;

    /** Takes every tensor that the model needs from a checkpoint with the in-memory names of the published code. */
    public LlavaOnevision1_5Model(Config json, Weights w) {
        config = LlavaOnevision1_5Config.of(json);
        visual = new RiceTransformer(config.vision(), w.at("model.visual"));
        languageModel = new Qwen3Decoder(config.text(), w.at("model.language_model"), w);
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
    public boolean rowsAreIndependent(Inputs inputs) {
        return inputs.rows().stream().allMatch(row -> classRows(row) == ClassRows.STRIPPED);
    }

    @Override
    public CausalDecoding start(Inputs inputs, Sequences memory, boolean owned) {
        ClassRows classRows = classRows(inputs);
        try (Scope _ = Scope.open(backend())) {
            Iterator<List<Tensor>> images =
                    encode(inputs, Inputs.Row::images, classRows).iterator();
            Iterator<List<Tensor>> videos =
                    encode(inputs, Inputs.Row::videos, classRows).iterator();
            return CausalDecoding.of(
                    inputs, row -> prompt(row, images.next(), videos.next()), (CausalSequences) memory, owned);
        }
    }

    @Override
    public Prompt prompt(Inputs.Row row) {
        Inputs one = new Inputs(List.of(row));
        ClassRows classRows = classRows(one);
        return prompt(
                row,
                encode(one, Inputs.Row::images, classRows).getFirst(),
                encode(one, Inputs.Row::videos, classRows).getFirst());
    }

    private Prompt prompt(Inputs.Row row, List<Tensor> images, List<Tensor> videos) {
        int[] ids = row.inputIds();
        Tensor embeds = languageModel.embed(ids); // (T, D)
        Placeholders.fill(embeds, ids, config.imageTokenId(), "image", images);
        Placeholders.fill(embeds, ids, config.videoTokenId(), "video", videos);
        int[][] positions = {IntStream.range(0, ids.length).toArray()}; // (1)
        return Prompt.causal(embeds.named("inputs_embeds"), positions, ids.length)
                .withPictureEnd(Placeholders.end(ids, config.imageTokenId(), config.videoTokenId()));
    }

    /** For each row, the vectors of its pictures or clips: (C, D) each. */
    private List<List<Tensor>> encode(
            Inputs inputs, Function<Inputs.Row, List<Inputs.Visual>> kind, ClassRows classRows) {
        List<Inputs.Visual> visuals =
                inputs.rows().stream().flatMap(row -> kind.apply(row).stream()).toList();
        if (visuals.isEmpty()) {
            return inputs.rows().stream().map(_ -> List.<Tensor>of()).toList();
        }
        Tensor all = encode(visuals, classRows);
        List<List<Tensor>> ofRows = new ArrayList<>();
        int from = 0;
        for (Inputs.Row row : inputs.rows()) {
            List<Tensor> own = new ArrayList<>();
            for (Inputs.Visual visual : kind.apply(row)) {
                int to = from
                        + visual.grid().orElseThrow().tokens(config.vision().spatialMergeSize());
                own.add(all.rows(from, to));
                from = to;
            }
            ofRows.add(own);
        }
        return ofRows;
    }

    /** The same pixels give other vectors in another place when class rows leave as published, so those are not kept. (2) */
    private Tensor encode(List<Inputs.Visual> visuals, ClassRows classRows) {
        return classRows == ClassRows.STRIPPED
                ? encoded.encode(visuals, (some, pixels) -> visual.forward(some, pixels, classRows))
                : visual.forward(
                        visuals,
                        visuals.stream().map(v -> v.pixelValues().on(backend())).toList(),
                        classRows);
    }

    private static ClassRows classRows(Inputs inputs) {
        List<ClassRows> all = inputs.rows().stream()
                .map(LlavaOnevision1_5Model::classRows)
                .distinct()
                .toList();
        if (all.size() > 1) {
            throw new OptionException("the rows of one call differ in class_rows; expected one value for all");
        }
        return all.getFirst();
    }

    private static ClassRows classRows(Inputs.Row row) {
        return ClassRows.of(Config.ofOptions(new LinkedHashMap<>(row.modelArguments()), "generate"));
    }

    @Override
    public Optional<EncodedImages> encodedImages() {
        return Optional.of(encoded);
    }
}
