package dev.fovea;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.Warnings;
import dev.fovea.generate.Decoding;
import dev.fovea.hub.Outline;
import dev.fovea.hub.PullOptions;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.WeightSummary;
import dev.fovea.io.Weights;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Family;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.text.Tokenizer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a model is and what it costs, by its configuration and the headers of its files: no weight is read, so a model of any
 * size takes milliseconds.
 *
 * <pre>{@code
 * var info = ModelInfo.of("Qwen/Qwen2.5-VL-3B-Instruct", LoadOptions.DEFAULT);
 * long bytes = info.weightBytes() + info.cacheBytes(2000) + info.activationBytes(2000);
 * }</pre>
 *
 * For one thread.
 */
public final class ModelInfo {
    private final ModelDirectory directory;
    private final Family family;
    private final ShapeBackend shapes = new ShapeBackend();
    private final VisionLanguageModel model;
    private final WeightSummary summary;
    private final Map<String, Long> parameters = new LinkedHashMap<>();
    private final Map<String, Long> weightSizes;
    private final Map<String, Long> cardSizes;
    private final long convertedBytes;
    private final Warnings warnings;
    private final Map<String, String> ignoredWeights;

    private ModelInfo(ModelDirectory directory, LoadOptions options) {
        this.directory = directory;
        warnings = options.warnings();
        family = Families.of(directory);
        summary = WeightSummary.of(directory);
        try (Weights weights = Weights.planned(
                directory,
                shapes,
                options.dtype().orElseGet(directory::storedDtype),
                family.renaming(),
                options.quantization())) {
            model = family.load(directory.config(), weights);
            weights.check();
            weightSizes = new LinkedHashMap<>(weights.sizes());
            cardSizes = new LinkedHashMap<>(weights.cardSizes());
            convertedBytes = weights.copies();
            weights.elements().forEach((name, n) -> parameters.merge(component(name), n, Long::sum));
            ignoredWeights = weights.ignored();
        }
    }

    /**
     * @param model a Hugging Face model directory, or a name as {@link Hub#pull(String)} takes it
     *     of whose weights the headers alone are fetched, if they are safetensors and not quantised
     * @param options of which dtype and warnings count
     * @throws dev.fovea.error.InputException as {@link AutoModelForImageTextToText#fromPretrained}
     */
    public static ModelInfo of(String model, LoadOptions options) {
        Objects.requireNonNull(options, "options");
        return of(model, options, PullOptions.DEFAULT.withWarnings(options.warnings()));
    }

    /** @param pull how is fetched what is not here */
    public static ModelInfo of(String model, LoadOptions options, PullOptions pull) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(pull, "pull");
        Outline outline = Hub.outline(model, pull);
        ModelDirectory directory = ModelDirectory.open(outline.directory(), options.warnings(), outline.weights());
        return Fence.of(directory.path(), () -> new ModelInfo(directory, options));
    }

    public Path directory() {
        return directory.path();
    }

    /** {@code model_type} of config.json. */
    public String modelType() {
        return directory.modelType();
    }

    /** {@code architectures} of config.json. */
    public List<String> architectures() {
        return directory.config().strings("architectures", List.of());
    }

    /** In which it computes. */
    public DType dtype() {
        return model.dtype();
    }

    /** Positions that the model knows: the longest sequence, prompt included. */
    public int maxPositionEmbeddings() {
        return model.maxPositionEmbeddings();
    }

    /** Elements of the weights that the model uses, however they are stored, by its component: its tower, its language model, its head. */
    public Map<String, Long> parametersByComponent() {
        return Collections.unmodifiableMap(parameters);
    }

    /** Bytes of the files by element type, as safetensors calls them. */
    public Map<String, Long> bytesByType() {
        Map<String, Long> bytes = new LinkedHashMap<>();
        summary.bytesByType().forEach((type, count) -> bytes.put(type.name(), count));
        return bytes;
    }

    /** Bytes of the weights as they lie in memory. */
    public long weightBytes() {
        return weightSizes.values().stream().mapToLong(bytes -> bytes).sum();
    }

    /** Of {@link #weightBytes}, those that are converted at loading; the rest is mapped from the files. */
    public long convertedBytes() {
        return convertedBytes;
    }

    /** Bytes of keys and values of one sequence of a length, prompt and answer. */
    public long cacheBytes(int tokens) {
        return model.newCache().bytes(tokens);
    }

    /**
     * Bytes of activations while a text prompt of a length runs; of an encoder-decoder, while it reads a picture and a short
     * prompt.
     */
    public long activationBytes(int promptTokens) {
        return prefill(promptTokens).peakBytes();
    }

    /**
     * Whether a model has room on a device as it is now.
     *
     * @param device what {@link LoadOptions} calls it: {@code cuda:0}, {@code cuda:0,cuda:1}, {@code cpu}
     * @param neededBytes for weights, keys, values and activations; on the CPU of the weights what is not mapped from files
     * @param freeBytes that it has
     * @param isEnough whether there is room
     */
    public record Room(String device, long neededBytes, long freeBytes, boolean isEnough) {}

    /**
     * Where there is room for one sequence of a length, prompt and answer: of each GPU that can be used, of all of them together where
     * there are several, and of the CPU, where the system says what it has. A GPU that does not answer gets a warning and no line. Asking
     * a GPU takes up to a second.
     */
    public List<Room> rooms(int tokens) {
        return Rooms.of(cardSizes, convertedBytes, cacheBytes(tokens) + activationBytes(tokens), warnings);
    }

    /** Operations that this prompt takes; a multiplication and an addition are two. */
    public long prefillFlops(int promptTokens) {
        return prefill(promptTokens).flops();
    }

    /** Operations that encoding the pictures of these inputs takes; a multiplication and an addition are two. */
    public long encodingFlops(Inputs inputs) {
        Objects.requireNonNull(inputs, "inputs");
        return shapes.cost(() -> {
                    try (Scope _ = Scope.open(shapes)) {
                        model.start(inputs).close();
                    }
                })
                .flops();
    }

    /** Bytes of weights that are read for one generated token. */
    public long decodeBytesPerToken() {
        try (Decoding decoding = model.start(prompt(1))) {
            decoding.prefill();
            return shapes.cost(() -> decoding.step(new int[] {0})).weightBytes();
        }
    }

    /**
     * Rows of the prompt that a picture of this size takes; 0 where the model reads text only.
     *
     * @throws dev.fovea.error.InputException where the model takes no picture of this size
     */
    public int imageTokens(int width, int height) {
        return family.imageTokens(directory, height, width);
    }

    /** Keys of config.json that have no effect, dotted, with the reason. */
    public Map<String, String> ignoredConfig() {
        return directory.config().ignored();
    }

    /** Tensors of the files that the model does not use, with the reason. */
    public Map<String, String> ignoredWeights() {
        return ignoredWeights;
    }

    private ShapeBackend.Cost prefill(int tokens) {
        return shapes.cost(() -> {
            try (Scope _ = Scope.open(shapes);
                    Decoding decoding = model.start(prompt(tokens))) {
                decoding.prefill();
            }
        });
    }

    /** A text of so many tokens. */
    private Inputs prompt(int tokens) {
        if (model.isEncoderDecoder()) {
            return pictureAndPrompt();
        }
        return new Inputs(List.of(new Inputs.Row("", new int[tokens], List.of(), List.of())));
    }

    /** What an encoder reads is bounded, and of one size whatever the picture's. */
    private Inputs pictureAndPrompt() {
        DecodedImage blank = DecodedImage.of(new Picture(32, 32, new byte[3 * 32 * 32]));
        Config options = Config.of(Map.of(), "processor options");
        ModelProcessor processor = family.processor(directory);
        try (Tokenizer _ = processor.tokenizer()) {
            return new Inputs(List.of(processor.process(Optional.of("a"), List.of(blank), options)));
        }
    }

    /** The first part of a tensor's name, or the second below "model". */
    private static String component(String name) {
        int end = name.indexOf('.', name.startsWith("model.") ? "model.".length() : 0);
        return end < 0 ? name : name.substring(0, end);
    }
}
