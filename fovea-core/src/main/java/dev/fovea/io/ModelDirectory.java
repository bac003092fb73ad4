package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model as Hugging Face lays it out: config.json, weights, and what its processor and tokenizer need. Reads both
 * layouts in use: the published one (preprocessor_config.json) and that of newer save_pretrained (all in
 * processor_config.json).
 *
 * <pre>{@code
 * ModelDirectory directory = ModelDirectory.open(Path.of("gemma-3-4b-it"));
 * String modelType = directory.modelType(); // "gemma3"
 * Config vision = directory.config().child("vision_config");
 * }</pre>
 *
 * Only what is asked for needs to be there: a directory without weights can still render prompts.
 */
public final class ModelDirectory {
    static final String SUPPORTED =
            "Fovea reads model.safetensors and pytorch_model.bin, whole or in shards with their index";

    private static final String PROCESSOR = "processor_config.json";
    private static final String IMAGE_PROCESSOR = "preprocessor_config.json";
    private static final String VIDEO_PROCESSOR = "video_preprocessor_config.json";
    private static final int SHOWN_FILES = 20;

    private final Path path;
    private final Warnings warnings;
    private final List<WeightFile> outlines;
    private final Config config;
    private final Optional<Config> generationConfig;
    private final Optional<Config> processorConfig;
    private final Optional<Config> preprocessorConfig;
    private final Optional<Config> videoPreprocessorConfig;

    private ModelDirectory(Path path, Warnings warnings, List<WeightFile> outlines) {
        this.path = path;
        this.warnings = warnings;
        this.outlines = outlines;
        this.config = Config.of(path.resolve("config.json"));
        this.generationConfig = file("generation_config.json").map(Config::of);
        this.processorConfig = file(PROCESSOR).map(Config::of);
        processorConfig.ifPresent(c -> c.ignore("names of classes", "processor_class", "auto_map"));
        this.preprocessorConfig = file(IMAGE_PROCESSOR).map(Config::of);
        this.videoPreprocessorConfig = file(VIDEO_PROCESSOR).map(Config::of);
    }

    /** With warnings to the log: see {@link #open(Path, Warnings)}. */
    public static ModelDirectory open(Path path) {
        return open(path, Warnings.log());
    }

    /**
     * @param warnings where is said what is odd about the directory but no error
     * @throws InputException where there is no directory, no config.json in it, or a configuration that is not JSON
     */
    public static ModelDirectory open(Path path, Warnings warnings) {
        return open(path, warnings, List.of());
    }

    /**
     * The same of a model whose weights need not be here.
     *
     * @param outlines its weight files in the order in which they are loaded; none where they are in the directory
     */
    public static ModelDirectory open(Path path, Warnings warnings, List<? extends WeightFile> outlines) {
        if (!Files.exists(path)) {
            throw new InputException("there is no model directory " + path);
        }
        if (!Files.isDirectory(path)) {
            throw new InputException(
                    path + " is a file; expected a model directory with config.json and weights", SUPPORTED);
        }
        if (!Files.exists(path.resolve("config.json"))) {
            OtherForms.refuseAdapter(ModelFiles.of(path));
            OtherForms.refuseFormats(ModelFiles.of(path));
            String hint = Files.isDirectory(path.resolve("snapshots"))
                    ? "it looks like a folder of the Hugging Face cache: the model is in one of the folders in snapshots"
                    : "give the directory that holds config.json and the weights";
            throw new InputException(
                    path + " is not a model directory: config.json is missing; found " + listing(path), hint);
        }
        return new ModelDirectory(path, warnings, List.copyOf(outlines));
    }

    public Path path() {
        return path;
    }

    /** Where is said what is odd about the directory but no error. */
    public Warnings warnings() {
        return warnings;
    }

    /** A file of the directory, where it has it. */
    public Optional<Path> file(String name) {
        return Optional.of(path.resolve(name)).filter(Files::isRegularFile);
    }

    /** config.json; the same object on every call, as with the other configurations. */
    public Config config() {
        return config;
    }

    /** Whether config.json says that the weights are quantised, by itself or in its text_config; null says nothing. */
    public boolean isQuantised() {
        return PublishedCodes.quantization(config).isPresent();
    }

    /** Whether others than Fovea quantised the weights, into what is put into another form when they are opened. */
    public boolean isQuantisedByOthers() {
        return PublishedCodes.quantization(config)
                .filter(quantization -> !quantization.value("quant_method").equals(Optional.of(Quantization.METHOD)))
                .isPresent();
    }

    /** generation_config.json. */
    public Optional<Config> generationConfig() {
        return generationConfig;
    }

    /** processor_config.json. */
    public Optional<Config> processorConfig() {
        return processorConfig;
    }

    /** preprocessor_config.json. */
    public Optional<Config> preprocessorConfig() {
        return preprocessorConfig;
    }

    /**
     * How pictures are prepared: {@code image_processor} in processor_config.json, else preprocessor_config.json.
     *
     * @throws InputException where the directory has neither
     */
    public Config imageProcessor() {
        return nested("image_processor")
                .or(() -> preprocessorConfig)
                .orElseThrow(() -> missing(IMAGE_PROCESSOR + " and image_processor in " + PROCESSOR));
    }

    /**
     * How clips are prepared: {@code video_processor} in processor_config.json, else video_preprocessor_config.json,
     * else preprocessor_config.json: transformers' get_video_processor_config.
     *
     * @throws InputException where the directory has none of them
     */
    public Config videoProcessor() {
        return nested("video_processor")
                .or(() -> videoPreprocessorConfig)
                .or(() -> preprocessorConfig)
                .orElseThrow(() ->
                        missing(VIDEO_PROCESSOR + ", " + IMAGE_PROCESSOR + " and video_processor in " + PROCESSOR));
    }

    private Optional<Config> nested(String key) {
        return processorConfig.flatMap(c -> c.optionalChild(key));
    }

    /** Says which keys of config.json and generation_config.json nobody has read: to be called when the model is open. */
    public void warnOfUnreadModelKeys() {
        warnOfUnread(config);
        generationConfig.ifPresent(this::warnOfUnread);
    }

    /** The same of the processor's files. */
    public void warnOfUnreadProcessorKeys() {
        processorConfig.ifPresent(this::warnOfUnread);
        for (Optional<Config> file : List.of(preprocessorConfig, videoPreprocessorConfig)) {
            // One that nothing was read of has another file in its place, or is for what the model does not take.
            file.filter(c -> c.unread().size() < c.keys().size()).ifPresent(this::warnOfUnread);
        }
    }

    private void warnOfUnread(Config c) {
        List<String> unread = c.unread();
        if (!unread.isEmpty()) {
            warnings.warn(c.where() + " has keys that Fovea does not know, which have no effect: "
                    + unread.stream().limit(SHOWN_FILES).map(Quote::of).collect(Collectors.joining(", "))
                    + (unread.size() > SHOWN_FILES ? " and " + (unread.size() - SHOWN_FILES) + " more" : ""));
        }
    }

    private InputException missing(String files) {
        return new InputException(path + " has no " + files + "; found " + listing(path));
    }

    /** {@code model_type} of config.json. */
    public String modelType() {
        return config.string("model_type");
    }

    /**
     * The dtype that the model was published in: {@code dtype} or {@code torch_dtype} at the top of config.json; where they say
     * nothing, that of the first floating tensor of the first weight file, by name in safetensors and by its place in
     * pytorch_model.bin: {@code dtype="auto"} of transformers. What a text_config says of itself does not count there either.
     *
     * @throws InputException where it is a dtype that models do not compute in
     */
    public DType storedDtype() {
        return declaredDtype(config).orElseGet(this::dtypeOfFirstWeight);
    }

    private static Optional<DType> declaredDtype(Config config) {
        return config.optionalString("dtype")
                .or(() -> config.optionalString("torch_dtype"))
                .filter(name -> !name.equals("auto"))
                .map(name -> floating(name, config.where()));
    }

    private static DType floating(String name, String where) {
        String plain = name.startsWith("torch.") ? name.substring("torch.".length()) : name;
        return Stream.of(DType.values())
                .filter(d -> d.isFloating() && d.torchName().equals(plain))
                .findFirst()
                .orElseThrow(() ->
                        new InputException(where + " says dtype " + name + "; expected float32, bfloat16 or float16"));
    }

    private DType dtypeOfFirstWeight() {
        List<WeightFile> files = openWeights();
        try {
            WeightFile first = files.getFirst();
            Stream<WeightFile.Entry> entries = first.entries().values().stream();
            boolean byName = first.path().toString().endsWith(".safetensors");
            return (byName ? entries.sorted(Comparator.comparing(WeightFile.Entry::name)) : entries)
                    .flatMap(e -> e.type().dtype().stream())
                    .filter(dtype -> dtype.isFloating() || dtype == DType.FLOAT64)
                    .findFirst()
                    .map(dtype -> floating(dtype.torchName(), first.path() + ", whose first tensor decides,"))
                    .orElseThrow(() -> new InputException(
                            path + " holds no float32, bfloat16 or float16 weights",
                            "quantised checkpoints are not supported"));
        } finally {
            files.forEach(WeightFile::close);
        }
    }

    /**
     * Opens the weight files, their headers checked, their data mapped. The caller closes them.
     *
     * @throws InputException where weights are missing, damaged, quantised, accompanied by an adapter, or in a format that is not
     *     read
     */
    public List<WeightFile> openWeights() {
        OtherForms.refuseAdapter(ModelFiles.of(path));
        OtherForms.refuseQuantised(ModelFiles.of(path), config);
        return outlines.isEmpty() ? Checkpoint.open(this) : outlines;
    }

    /**
     * The names of the weight files, with the index that names them, of a model that need not be here yet.
     *
     * @throws InputException where its files show that Fovea would not read it, as {@link #open} and {@link #openWeights}
     */
    public static List<String> weightNames(ModelFiles files) {
        OtherForms.refuseAdapter(files);
        requireConfig(files);
        OtherForms.refuseQuantised(files, Config.of(files.json("config.json"), files + "/config.json"));
        return Checkpoint.names(files);
    }

    /** Whether a model's shapes are said by the headers of its weight files, without their data. */
    public static boolean hasOutline(ModelFiles files) {
        return weightNames(files).stream().noneMatch(name -> name.endsWith(".bin"))
                && PublishedCodes.quantization(Config.of(files.json("config.json"), files + "/config.json"))
                        .isEmpty();
    }

    /** The index of {@link #weightNames}, which names the others; empty where the weights are one file. */
    public static Optional<String> weightIndex(ModelFiles files) {
        return Checkpoint.index(files);
    }

    /** @throws InputException where a model that need not be here yet has no config.json, or nothing beside an adapter */
    public static void requireConfig(ModelFiles files) {
        if (!files.has("config.json")) {
            OtherForms.refuseAdapter(files);
            OtherForms.refuseFormats(files);
            throw new InputException(files + " is no model: it has no config.json; found " + listing(files.names()));
        }
    }

    /** The names of a directory's files for messages. */
    static String listing(Path directory) {
        return listing(names(directory));
    }

    static String listing(List<String> names) {
        return names.isEmpty() ? "nothing" : some(names.stream().map(Quote::of).toList());
    }

    /** The first of some names for messages. */
    static String some(List<String> names) {
        int more = names.size() - SHOWN_FILES;
        return names.stream().limit(SHOWN_FILES).collect(Collectors.joining(", "))
                + (more > 0 ? " and " + more + " more" : "");
    }

    /** The names of a directory's files, sorted; those of folders end in a slash. */
    static List<String> names(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName() + (Files.isDirectory(f) ? "/" : ""))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw InputException.cannot("list", directory, e);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
