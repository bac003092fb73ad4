package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.error.ClosedException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.PromptLengthException;
import dev.fovea.error.Quote;
import dev.fovea.generate.Constraint;
import dev.fovea.generate.Decoding;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Generator;
import dev.fovea.generate.Lengths;
import dev.fovea.generate.Sequence;
import dev.fovea.generate.StopRule;
import dev.fovea.hub.PullOptions;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Quantization;
import dev.fovea.io.WeightFile;
import dev.fovea.io.Weights;
import dev.fovea.models.Family;
import dev.fovea.models.Inputs;
import dev.fovea.models.Tenant;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.models.batch.Batch;
import dev.fovea.models.batch.Demand;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.HostMemory;
import dev.fovea.tensor.Lifetime;
import dev.fovea.tensor.Matrix;
import dev.fovea.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * A loaded model: transformers' PreTrainedModel. Immutable; many threads may generate at once. Weights are mapped from the
 * directory's files, so opening takes no time. {@link #close} frees them and all else that the model holds, threads too; what is
 * forgotten is freed when the garbage collector finds it.
 */
public final class Model implements AutoCloseable {
    private final Backend backend;
    private final Weights weights;
    private final VisionLanguageModel model;
    private final Set<String> modelArguments;
    private final GenerationConfig directoryDefaults;
    private final GenerationConfig modelConfigDefaults;
    private final GenerationConfig familyDefaults;
    private final Lifetime lifetime;

    private Model(
            ModelDirectory directory,
            Family family,
            Backend backend,
            DType dtype,
            Optional<WeightFile> quantized,
            Optional<Quantization> plan,
            LongConsumer uploaded) {
        this.backend = backend;
        modelArguments = family.modelArguments();
        weights = Weights.open(directory, backend, dtype, family.renaming(), quantized, uploaded);
        try {
            if (backend.isHost() && weights.mayCopy()) {
                requireRoom(directory, planned(directory, family, dtype, plan, Weights::copies), dtype);
            }
            model = weights.read(() -> family.load(directory.config(), weights));
            weights.check();
            directoryDefaults = directory
                    .generationConfig()
                    .map(Model::generationConfig)
                    .map(file -> family.generationConfig(directory.config(), file))
                    .orElse(GenerationConfig.EMPTY);
            modelConfigDefaults =
                    GenerationConfig.ofModelConfig(directory.config().toMap(), "config.json");
            familyDefaults = family.generationDefaults(directory.config());
            directory.warnOfUnreadModelKeys();
            lifetime = new Lifetime(new Owned(model, weights, backend)::free);
        } catch (RuntimeException | Error e) {
            weights.close();
            throw e;
        }
    }

    /** What a model that is closed or forgotten leaves. */
    private record Owned(VisionLanguageModel model, Weights weights, Backend backend) {
        void free() {
            model.close();
            weights.close();
            backend.close();
        }
    }

    private static GenerationConfig generationConfig(Config file) {
        for (String key : file.keys()) {
            GenerationConfig.withoutEffect(key).ifPresent(reason -> file.ignore(reason, key));
            if (GenerationConfig.isRead(key)) {
                file.value(key);
            }
        }
        return GenerationConfig.ofFile(file.toMap(), "generation_config.json");
    }

    /** @param modelTypes that the caller takes; any where none is given */
    static Model open(String model, LoadOptions options, String... modelTypes) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(options, "options");
        Path path = Hub.pull(model, PullOptions.DEFAULT.withWarnings(options.warnings()));
        ModelDirectory directory = ModelDirectory.open(path, options.warnings());
        return Fence.of(directory.path(), () -> open(directory, options, modelTypes));
    }

    private static Model open(ModelDirectory directory, LoadOptions options, String... modelTypes) {
        if (modelTypes.length > 0 && !List.of(modelTypes).contains(directory.modelType())) {
            throw new InputException(
                    directory.path() + " holds a model of type \"" + directory.modelType() + "\"; expected "
                            + String.join(" or ", modelTypes),
                    "use AutoModelForImageTextToText, which takes any");
        }
        Family family = Families.of(directory);
        DType dtype = options.dtype().orElseGet(directory::storedDtype);
        Optional<Quantization> plan = options.quantization();
        Supplier<Map<String, Long>> sizes =
                new Once<>(() -> planned(directory, family, dtype, plan, Weights::cardSizes));
        Backend backend = Backends.of(options, sizes);
        try {
            LongConsumer uploaded =
                    backend.isHost() ? _ -> {} : new UploadShare(backend, sizes.get(), options.uploadListener());
            Optional<WeightFile> quantized = QuantizedWeights.open(directory, family, options, dtype, backend);
            return new Model(directory, family, backend, dtype, quantized, plan, uploaded);
        } catch (RuntimeException | Error e) {
            backend.close();
            throw e;
        }
    }

    /** What is known of the weights that the model uses after a walk without data. */
    private static <T> T planned(
            ModelDirectory directory,
            Family family,
            DType dtype,
            Optional<Quantization> quantization,
            Function<Weights, T> known) {
        try (Backend shapes = new ShapeBackend();
                Weights weights = Weights.planned(directory, shapes, dtype, family.renaming(), quantization)) {
            weights.read(() -> family.load(directory.config(), weights)).close();
            return known.apply(weights);
        }
    }

    /** Before anything is copied. */
    private static void requireRoom(ModelDirectory directory, long copies, DType dtype) {
        boolean packed = directory.isQuantisedByOthers();
        HostMemory.require(
                copies,
                Quote.of(directory.path()) + ": the weights are "
                        + (packed ? "packed in an order that is not computed in" : "not stored in " + dtype.torchName())
                        + "; copies of them need",
                packed
                        ? "quantise the model that they were made from: --quantize int4 makes a file once, which needs no copies"
                        : "--dtype with that in which they are stored needs no copies, nor does --dtype float32 for 16 bits"
                                + (directory.isQuantised()
                                        ? ""
                                        : "; --quantize int4 makes a file once, which needs none either"));
    }

    /** In which it computes. */
    public DType dtype() {
        return model.dtype();
    }

    /**
     * What the processor's threads have done so far, in nanoseconds; 0 with one thread, and on a GPU.
     *
     * @param worked side by side, all threads together: what is missing to the number of threads times a call's time, they were idle
     * @param shared from the begin of work that threads share to its end: what a call takes beside it, one thread does alone
     */
    public record ThreadTime(long worked, long shared) {}

    /** Since the model was opened. */
    public ThreadTime threadTime() {
        List<CpuBackend> processors = backend.homes().stream()
                .filter(CpuBackend.class::isInstance)
                .map(CpuBackend.class::cast)
                .toList();
        return new ThreadTime(
                processors.stream().mapToLong(CpuBackend::busyNanos).sum(),
                processors.stream().mapToLong(CpuBackend::sharedNanos).sum());
    }

    /** Whether answers come from a decoder of their own, behind an encoder that reads picture and prompt. */
    public boolean isEncoderDecoder() {
        return model.isEncoderDecoder();
    }

    /** The generation options of the directory, which a call's options are laid over. */
    public GenerationConfig generationConfig() {
        return resolve(GenerationConfig.EMPTY);
    }

    /** With the directory's options where the call gives none: {@code generate(**inputs)}. */
    public GenerateOutput generate(Inputs inputs) {
        return generate(inputs, GenerationConfig.EMPTY);
    }

    /** {@code generate(**inputs, …)}. */
    public GenerateOutput generate(Inputs inputs, GenerationConfig config) {
        Objects.requireNonNull(config, "config");
        return generate(inputs, config, GenerateOptions.DEFAULT);
    }

    /**
     * Answers every row.
     *
     * @throws OptionException for options that contradict each other or the model
     * @throws InputException where a prompt is longer than the model's positions, its pictures do not fit it, or a file of the
     *     model was written to
     * @throws ClosedException where the model is closed
     */
    public GenerateOutput generate(Inputs inputs, GenerationConfig call, GenerateOptions options) {
        Objects.requireNonNull(inputs, "inputs");
        Objects.requireNonNull(call, "call");
        Objects.requireNonNull(options, "options");
        return generate(inputs, call, options, Optional.empty());
    }

    /** @param batch that decodes it together with others */
    GenerateOutput generate(Inputs inputs, GenerationConfig call, GenerateOptions options, Optional<Batch> batch) {
        try (var _ = use("model")) {
            return weights.read(() -> answer(inputs, call, options, batch));
        }
    }

    private GenerateOutput answer(
            Inputs inputs, GenerationConfig call, GenerateOptions options, Optional<Batch> batch) {
        GenerationConfig config = resolve(call);
        if (config.responseFormat().isPresent()
                && options.logitsProcessors().stream().noneMatch(Constraint.class::isInstance)) {
            throw new OptionException(
                    "response_format needs a tokenizer, which a model does not have",
                    "use Pipeline, or give the processor's constraint");
        }
        checkLengths(inputs);
        checkArguments(inputs);
        List<int[]> prompts = model.promptIds(inputs);
        checkStart(config, prompts);
        IntFunction<Lengths> lengths = length -> lengths(config, length, options.positionLimit());
        Demand demand = demand(options.client(), config, prompts, lengths);
        Stopping stopping = new Stopping(options, config.maxTime());
        StopRule stops = stopping.rule(config.stopStrings(), prompts);
        long start = System.nanoTime();
        try (Decoding decoding = batch.isEmpty()
                ? Tenant.as(options.client(), () -> model.start(inputs, turnEnds(), demand.rows(), demand.positions()))
                : batch.get().start(inputs, demand, stopping)) {
            long encoded = System.nanoTime();
            Clock clock = new Clock(decoding, stopping);
            List<Sequence> answers = Generator.generate(
                    clock, prompts, config, lengths, options.listener(), stopping, options.logitsProcessors(), stops);
            long end = System.nanoTime();
            return new GenerateOutput(
                    prompts,
                    answers.stream().map(stopping::named).toList(),
                    config,
                    decoding.cachedTokens(),
                    new GenerateOutput.Timings(
                            (encoded - start) / 1e6,
                            clock.prefillNanos / 1e6,
                            (end - encoded - clock.prefillNanos) / 1e6));
        }
    }

    private Lengths lengths(GenerationConfig config, int promptLength, boolean positionLimit) {
        Lengths lengths = model.lengths(config, promptLength);
        return positionLimit ? lengths.within(model.maxPositionEmbeddings() + 1) : lengths; // the last token has none
    }

    private static Demand demand(
            String client, GenerationConfig config, List<int[]> prompts, IntFunction<Lengths> lengths) {
        int answers = Math.max(config.numBeams(), config.numReturnSequences());
        long positions = prompts.stream()
                .mapToLong(
                        p -> p.length + (long) answers * lengths.apply(p.length).maxNew())
                .sum();
        return new Demand(client, prompts.size() * answers, positions);
    }

    /**
     * Runs prompt and answer in one pass and reports the stages by the names of the reference's modules; see docs/parity.md.
     *
     * @param inputs one row
     * @param answerIds fed behind the prompt; may be empty
     * @param stages gets name and tensor; tensors are valid during the call only
     */
    public void trace(Inputs inputs, int[] answerIds, BiConsumer<String, Tensor> stages) {
        Objects.requireNonNull(inputs, "inputs");
        Objects.requireNonNull(answerIds, "answerIds");
        Objects.requireNonNull(stages, "stages");
        try (var _ = use("model")) {
            checkLengths(inputs);
            checkArguments(inputs);
            int[] _ = weights.read(() -> Tensor.withStages(stages, () -> {
                inputs.nameStages(backend);
                model.trace(inputs, answerIds);
                return answerIds;
            }));
        }
    }

    /**
     * Keeps the model for several calls of this thread, whoever closes it meanwhile.
     *
     * @param what is called, for the message
     */
    Lifetime.Lease use(String what) {
        return lifetime.use(what);
    }

    GenerationConfig resolve(GenerationConfig call) {
        return GenerationConfig.resolve(call, directoryDefaults, modelConfigDefaults, familyDefaults);
    }

    /** Tokens that end an answer end a turn of a conversation too. */
    Set<Integer> turnEnds() {
        return Set.copyOf(resolve(GenerationConfig.EMPTY).eosTokenId());
    }

    /** The weights of its linear layers by their names, as their layers hold them. */
    Map<String, Matrix> matrices() {
        return weights.matrices();
    }

    VisionLanguageModel visionLanguageModel() {
        return model;
    }

    /** What computes; for as long as it is {@linkplain #use used}. */
    Backend backend() {
        return backend;
    }

    private void checkStart(GenerationConfig config, List<int[]> prompts) {
        OptionalInt start = config.decoderStartTokenId();
        if (model.isEncoderDecoder() && start.isPresent() && start.getAsInt() != prompts.getFirst()[0]) {
            throw new OptionException("decoder_start_token_id is " + start.getAsInt()
                    + "; this model's answers start with " + prompts.getFirst()[0]);
        }
    }

    private void checkLengths(Inputs inputs) {
        if (inputs.rows().isEmpty()) {
            throw new InputException("the inputs have no rows; expected one prompt at least");
        }
        for (int[] ids : inputs.inputIds()) {
            if (ids.length == 0) {
                throw new InputException(
                        "the prompt is empty; expected at least one token", "give a text or a picture");
            }
            if (ids.length > model.maxPositionEmbeddings()) {
                throw new PromptLengthException(
                        "the prompt has " + ids.length + " tokens; the model has " + model.maxPositionEmbeddings()
                                + " positions",
                        "shorten the prompt, or lower max_pixels");
            }
        }
    }

    private void checkArguments(Inputs inputs) {
        inputs.rows().stream()
                .flatMap(row -> row.modelArguments().keySet().stream())
                .forEach(key -> {
                    if (!modelArguments.contains(key)) {
                        throw new OptionException("this model has no argument " + key + "; it knows "
                                + (modelArguments.isEmpty() ? "none" : String.join(", ", modelArguments)));
                    }
                });
    }

    /** Lets no further call begin; running answers end as usual, and the last one frees the memory. Waits for none. */
    @Override
    public void close() {
        lifetime.close();
    }

    /** Takes the time of the prefill, and tells of its end. */
    private static final class Clock implements Decoding {
        private final Decoding decoding;
        private final Stopping stopping;
        private long prefillNanos;

        Clock(Decoding decoding, Stopping stopping) {
            this.decoding = decoding;
            this.stopping = stopping;
        }

        @Override
        public float[][] prefill(BooleanSupplier cancelled) {
            long start = System.nanoTime();
            float[][] logits = decoding.prefill(cancelled);
            prefillNanos = System.nanoTime() - start;
            stopping.read();
            return logits;
        }

        @Override
        public int vocabSize() {
            return decoding.vocabSize();
        }

        @Override
        public int rows() {
            return decoding.rows();
        }

        @Override
        public int[] cachedTokens() {
            return decoding.cachedTokens();
        }

        @Override
        public void select(int[] parents) {
            decoding.select(parents);
        }

        @Override
        public float[][] step(int[] rows, int[] tokens) {
            return decoding.step(rows, tokens);
        }

        @Override
        public int[] next(int[] rows, int[] tokens) {
            return decoding.next(rows, tokens);
        }

        @Override
        public void takeBack(int[] counts) {
            decoding.takeBack(counts);
        }

        @Override
        public int room() {
            return decoding.room();
        }

        @Override
        public void close() {
            decoding.close();
        }
    }
}
