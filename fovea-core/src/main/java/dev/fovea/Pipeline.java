package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.generate.Sequence;
import dev.fovea.hub.PullOptions;
import dev.fovea.io.Opening;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.MediaPolicy;
import dev.fovea.models.EncodedImages;
import dev.fovea.models.Grounding;
import dev.fovea.models.Inputs;
import dev.fovea.models.Parsed;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.models.batch.Batch;
import dev.fovea.models.batch.Counts;
import dev.fovea.models.batch.Limits;
import dev.fovea.tensor.Tensor;
import dev.fovea.text.ChatTemplateOptions;
import dev.fovea.text.StreamingDetokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Model and processor in one: transformers' pipeline.
 *
 * <pre>{@code
 * try (var pipe = Pipeline.of("image-text-to-text", "Qwen/Qwen2.5-VL-3B-Instruct")) {
 *     System.out.println(pipe.generate(List.of(user(image("bee.jpg"), text("What is this?")))).text());
 * }
 * }</pre>
 *
 * Threads may share it. Calls after the close throw {@link dev.fovea.error.ClosedException}.
 */
public final class Pipeline implements AutoCloseable {
    private static final int DEFAULT_NEW_TOKENS = 256;
    private static final int DEFAULT_TASK_TOKENS = 1024;

    private final Model model;
    private final Processor processor;
    private final double loadMillis;
    private final Optional<Batch> batch;

    private Pipeline(Model model, Processor processor, double loadMillis, Optional<Batch> batch) {
        this.model = model;
        this.processor = processor;
        this.loadMillis = loadMillis;
        this.batch = batch;
    }

    /** Any vision-language model. */
    public static Pipeline imageTextToText(String name) {
        return of("image-text-to-text", name, LoadOptions.DEFAULT);
    }

    public static Pipeline imageTextToText(Path directory) {
        return imageTextToText(directory.toString());
    }

    public static Pipeline of(String task, String name) {
        return of(task, name, LoadOptions.DEFAULT);
    }

    /**
     * @param task {@code image-text-to-text}
     * @param name a Hugging Face model directory, or a name as {@link Hub#pull(String)} takes it
     * @throws OptionException for another task
     * @throws InputException where the directory cannot be opened
     */
    public static Pipeline of(String task, String name, LoadOptions options) {
        Objects.requireNonNull(task, "task");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(options, "options");
        if (!task.equals("image-text-to-text")) {
            throw new OptionException("unknown task \"" + task + "\"; known: image-text-to-text");
        }
        String directory = Hub.pull(name, PullOptions.DEFAULT.withWarnings(options.warnings()))
                .toString();
        long start = System.nanoTime();
        // The tokenizer of a large vocabulary takes as long as everything else together.
        try (var processor =
                Opening.of(() -> AutoProcessor.fromPretrained(directory, options.warnings()), Processor::close)) {
            Model model = AutoModelForImageTextToText.fromPretrained(directory, options);
            try {
                return new Pipeline(model, processor.take(), (System.nanoTime() - start) / 1e6, Optional.empty());
            } catch (RuntimeException | Error e) {
                model.close();
                throw e;
            }
        }
    }

    /**
     * This pipeline, opening what the policy lets it alone: for requests of strangers. Both have one model: closing one closes the
     * other.
     */
    public Pipeline withMedia(MediaPolicy policy) {
        return new Pipeline(model, processor.withMedia(policy), loadMillis, batch);
    }

    /**
     * This pipeline for many requests at once: calls of any number of threads, virtual ones too, join a running batch between two
     * tokens, and each gets the answer that it would get alone, bit for bit. A call waits for its turn ({@link GenerateOptions#client})
     * and throws {@link dev.fovea.error.BusyException} where too many wait.
     *
     * <pre>{@code
     * try (var pipe = Pipeline.imageTextToText("demo").batched(BatchOptions.DEFAULT)) {
     *     System.out.println(pipe.generate(List.of(user("What is this?"))).text());
     * }
     * }</pre>
     *
     * Both have one model: closing one closes the other. What the model itself generates joins no batch.
     */
    public Pipeline batched(BatchOptions options) {
        Objects.requireNonNull(options, "options");
        try (var _ = model.use("pipeline")) {
            VisionLanguageModel loaded = model.visionLanguageModel();
            loaded.encodedImages().ifPresent(kept -> kept.setBudget(options.encodingBytes()));
            Limits limits = new Limits(options.rows(), options.queue(), options.cacheBytes(), options.prefixBytes());
            return new Pipeline(model, processor, loadMillis, Optional.of(new Batch(loaded, limits, model.turnEnds())));
        }
    }

    /** What a batched pipeline does; empty for any other. */
    public Optional<BatchStats> batchStats() {
        return batch.map(b -> stats(b.counts()));
    }

    private BatchStats stats(Counts c) {
        EncodedImages.Counts pictures = model.visionLanguageModel()
                .encodedImages()
                .map(EncodedImages::counts)
                .orElse(new EncodedImages.Counts(0, 0, 0));
        return new BatchStats(
                c.running(),
                c.waiting(),
                c.rows(),
                c.steps(),
                c.tokens(),
                c.promptPasses(),
                c.promptTokens(),
                c.refused(),
                c.prefixHits(),
                c.prefixTokens(),
                c.prefixBytes(),
                c.cacheBytes(),
                pictures.hits(),
                pictures.misses(),
                pictures.bytes());
    }

    public Model model() {
        return model;
    }

    public Processor processor() {
        return processor;
    }

    /** Continues a conversation: {@code pipe(text=messages)}. */
    public Answer generate(List<Message> messages) {
        return generate(messages, GenerationConfig.EMPTY);
    }

    /**
     * {@code pipe(text=messages, max_new_tokens=…)}. Where neither call nor directory gives a length, 256 new tokens, as
     * transformers' ImageTextToTextPipeline; {@link #answer} has generate's 20.
     */
    public Answer generate(List<Message> messages, GenerationConfig config) {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(config, "config");
        return answer(Request.of(messages, orLength(config, DEFAULT_NEW_TOKENS)));
    }

    /**
     * The same, and the text is heard as it comes: {@code streamer=TextStreamer(…)}.
     *
     * <pre>{@code pipe.generate(messages, GenerationConfig.maxNewTokens(200), System.out::print);}</pre>
     *
     * @param text hears the pieces on this thread; together they are {@link Answer#text()}. A beam search knows its text at
     *     the end only
     * @throws OptionException for several answers to one question
     */
    public Answer generate(List<Message> messages, GenerationConfig config, Consumer<String> text) {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(text, "text");
        return answer(Request.of(messages, orLength(config, DEFAULT_NEW_TOKENS)), text);
    }

    /**
     * What a model finds in a picture, for models with tasks (Florence-2). Where neither call nor directory gives a length, 1024
     * new tokens, as the model's page has it.
     *
     * <pre>{@code
     * var picture = ImageSource.of(Path.of("street.jpg")).load();
     * var found = pipe.run("<OD>", picture);
     * Files.write(Path.of("found.png"), found.drawOn(picture).png());
     * }</pre>
     *
     * @param task with its input behind it, where it has one: {@code <CAPTION_TO_PHRASE_GROUNDING>a green car}
     * @throws OptionException for models without tasks
     */
    public Parsed run(String task, ImageSource image) {
        return run(task, image, GenerationConfig.EMPTY);
    }

    public Parsed run(String task, Path image) {
        Objects.requireNonNull(image, "image");
        return run(task, ImageSource.of(image));
    }

    /** The same with options; of several answers the best. */
    public Parsed run(String task, ImageSource image, GenerationConfig config) {
        Objects.requireNonNull(task, "task");
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(config, "config");
        if (processor.tasks().isEmpty()) {
            throw new OptionException(
                    "this model knows no tasks; it answers in text", "use generate, or answer with Request.of");
        }
        return answer(Request.of(task, image).withGenerate(orLength(config, DEFAULT_TASK_TOKENS)))
                .parsed()
                .getFirst();
    }

    private GenerationConfig orLength(GenerationConfig config, int newTokens) {
        GenerationConfig resolved = model.resolve(config);
        boolean given = resolved.isGiven("max_new_tokens") || resolved.isGiven("max_length");
        return given ? config : config.withMaxNewTokens(newTokens);
    }

    public Answer answer(Request request) {
        return answer(request, GenerateOptions.DEFAULT);
    }

    public Answer answer(Request request, GenerateOptions options) {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(options, "options");
        return answer(List.of(request), options).getFirst();
    }

    /** An answer whose text is heard as it comes: see {@link #generate(List, GenerationConfig, Consumer)}. */
    public Answer answer(Request request, Consumer<String> text) {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(text, "text");
        int answers = answersTo(request);
        if (answers > 1) {
            throw new OptionException(
                    "num_return_sequences is " + answers + "; the text of one answer can be heard",
                    "give a Listener, which hears the tokens of all, or leave the streaming out");
        }
        StreamingDetokenizer pieces = processor.tokenizer().stream(true);
        try (var _ = processor.use("pipeline")) {
            Answer answer = answer(request, GenerateOptions.DEFAULT.withListener(new Listener() {
                @Override
                public void token(int index, int token) {
                    hear(pieces.add(token), text);
                }
            }));
            hear(pieces.flush(), text);
            return answer;
        }
    }

    private static void hear(String piece, Consumer<String> text) {
        if (!piece.isEmpty()) {
            text.accept(piece);
        }
    }

    /**
     * Answers requests together. Each answer is the one that its request would get alone. Those with other options of generation
     * follow one after another; a listener and a stop rule hear of rows and answers in the order of the requests.
     *
     * @throws dev.fovea.error.FoveaException where one of them cannot be answered
     */
    public List<Answer> answer(List<Request> requests, GenerateOptions options) {
        Objects.requireNonNull(requests, "requests");
        Objects.requireNonNull(options, "options");
        // So that texts are still decoded where a listener, or another thread, closes meanwhile.
        try (var _ = model.use("pipeline");
                var _ = processor.use("pipeline");
                var _ = batch.map(Batch::use).orElse(null)) {
            return answerGroups(requests, options);
        }
    }

    private List<Answer> answerGroups(List<Request> requests, GenerateOptions options) {
        List<Answer> answers = new ArrayList<>(Collections.nCopies(requests.size(), null));
        Map<GenerationConfig, List<Integer>> groups = new LinkedHashMap<>();
        IntStream.range(0, requests.size())
                .forEach(i -> groups.computeIfAbsent(requests.get(i).generate(), _ -> new ArrayList<>())
                        .add(i));
        groups.values().forEach(group -> {
            GenerateOptions told =
                    groups.size() == 1 ? options : places(requests, group).told(options);
            List<Answer> some = answerGroup(group.stream().map(requests::get).toList(), told);
            IntStream.range(0, group.size()).forEach(i -> answers.set(group.get(i), some.get(i)));
        });
        return answers;
    }

    private Places places(List<Request> requests, List<Integer> group) {
        int[] first = new int[requests.size()];
        for (int i = 1; i < first.length; i++) {
            first[i] = first[i - 1] + answersTo(requests.get(i - 1));
        }
        return new Places(
                group.stream().mapToInt(i -> i).toArray(),
                group.stream().mapToInt(i -> first[i]).toArray(),
                answersTo(requests.get(group.getFirst())));
    }

    private int answersTo(Request request) {
        return model.resolve(request.generate()).numReturnSequences();
    }

    private List<Answer> answerGroup(List<Request> requests, GenerateOptions options) {
        long start = System.nanoTime();
        Inputs inputs = new Inputs(
                requests.stream().map(r -> inputs(r).rows().getFirst()).toList());
        if (requests.size() > 1 && !model.visionLanguageModel().rowsAreIndependent(inputs)) {
            int each = answersTo(requests.getFirst());
            return IntStream.range(0, requests.size())
                    .mapToObj(i -> answerGroup(
                                    List.of(requests.get(i)),
                                    new Places(new int[] {i}, new int[] {i * each}, each).told(options))
                            .getFirst())
                    .toList();
        }
        double preprocess = (System.nanoTime() - start) / 1e6;
        GenerationConfig config = requests.getFirst().generate();
        GenerateOptions all = withText(model.resolve(config), options);
        GenerateOutput output = model.generate(inputs, config, all, batch);
        double total = (System.nanoTime() - start) / 1e6;
        return IntStream.range(0, requests.size())
                .mapToObj(row -> answer(requests.get(row), inputs.rows().get(row), row, output, preprocess, total))
                .toList();
    }

    /** What a request is answered, as {@link Request#withAnswerIds} takes it. */
    List<Integer> answerIds(Request request) {
        Inputs inputs = inputs(request);
        GenerationConfig config = request.generate();
        GenerateOptions options = withText(model.resolve(config), GenerateOptions.DEFAULT);
        int[] ids = model.generate(inputs, config, options).answers().getFirst().ids();
        return Arrays.stream(ids).boxed().toList();
    }

    /** With what the config says of an answer's text, which the model does not know. */
    private GenerateOptions withText(GenerationConfig config, GenerateOptions options) {
        GenerateOptions all = options.withTokenizer(processor.tokenizer());
        return config.responseFormat()
                .map(processor::constraint)
                .map(all::withConstraint)
                .orElse(all);
    }

    private Answer answer(
            Request request, Inputs.Row inputs, int row, GenerateOutput output, double preprocess, double total) {
        List<Sequence> own =
                output.answers().stream().filter(s -> s.row() == row).toList();
        List<Answer.Candidate> candidates =
                own.stream().map(s -> candidate(s, output.prompts().get(row))).toList();
        GenerateOutput.Timings t = output.timings();
        return new Answer(
                request.id(),
                request.messages(),
                request.continuesLast() ? Optional.of(request.chat().continuedField()) : Optional.empty(),
                inputs.prompt(),
                inputs.inputIds(),
                inputs.images().stream().flatMap(v -> v.grid().stream()).toList(),
                inputs.videos().stream().flatMap(v -> v.grid().stream()).toList(),
                candidates,
                candidates.stream()
                        .flatMap(c -> parsed(c, request, inputs).stream())
                        .toList(),
                candidates.stream().flatMap(c -> grounding(c, inputs).stream()).toList(),
                new Answer.Usage(
                        inputs.inputIds().length,
                        inputs.images().stream().mapToInt(Inputs.Visual::tokens).sum(),
                        inputs.videos().stream().mapToInt(Inputs.Visual::tokens).sum(),
                        own.stream().mapToInt(s -> s.ids().length).sum(),
                        output.cachedTokens()[row]),
                new Answer.Timings(loadMillis, preprocess, t.vision(), t.prefill(), t.decode(), total));
    }

    private Optional<Parsed> parsed(Answer.Candidate answer, Request request, Inputs.Row inputs) {
        if (inputs.images().size() != 1) {
            return Optional.empty();
        }
        Inputs.Visual image = inputs.images().getFirst();
        return processor.postProcessGeneration(
                answer.textRaw(), processor.task(request.text().orElse("")), image.width(), image.height());
    }

    /** Answers about several pictures do not say which one they mean. */
    private Optional<Grounding> grounding(Answer.Candidate answer, Inputs.Row inputs) {
        return inputs.images().size() == 1
                ? processor.ground(answer.textRaw(), inputs.images().getFirst())
                : Optional.empty();
    }

    private Answer.Candidate candidate(Sequence s, int[] prompt) {
        int[] ids = model.visionLanguageModel().isEncoderDecoder()
                ? IntStream.concat(IntStream.of(prompt), IntStream.of(s.ids())).toArray()
                : s.ids();
        return new Answer.Candidate(
                ids,
                processor.decode(ids, true),
                processor.decode(ids, false),
                s.score(),
                s.reason(),
                s.logprobs().stream().map(l -> Logprob.of(l, processor)).toList());
    }

    /** The stages of a request's prefill: see {@link Model#trace}. */
    public void trace(Request request, BiConsumer<String, Tensor> stages) {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(stages, "stages");
        try (var _ = model.use("pipeline")) {
            model.trace(
                    inputs(request),
                    request.answerIds().stream().mapToInt(i -> i).toArray(),
                    stages);
        }
    }

    /** The stages of a request's prefill, in float32. */
    public Trace trace(Request request) {
        Trace trace = new Trace();
        trace(request, trace::add);
        return trace;
    }

    /** A request's inputs. */
    public Inputs inputs(Request request) {
        List<Message> messages = request.messages();
        if (messages.isEmpty()
                && request.text().isEmpty()
                && request.images().isEmpty()
                && request.videos().isEmpty()) {
            throw new InputException("the request has neither messages nor a text nor pictures");
        }
        if (!messages.isEmpty() && request.text().isPresent()) {
            throw new InputException("the request has messages and a text; expected one of them");
        }
        if (messages.isEmpty() && !request.chat().equals(ChatTemplateOptions.DEFAULT)) {
            throw new OptionException(
                    "the request has arguments of a chat template and a raw prompt, which goes through none",
                    "give messages instead of a text");
        }
        try (var _ = processor.use("pipeline")) {
            VisionInfo vision = visionInfo(request);
            Inputs inputs = messages.isEmpty()
                    ? processor.process(request.text(), vision, request.processor())
                    : processor.process(
                            messages,
                            request.chat().withContinuing(request.continuesLast()),
                            vision,
                            request.processor());
            return inputs.with(request.modelArguments());
        }
    }

    /** A request's pictures, in order, as its loader opens them, not yet resized: what coordinates in the answer belong to. */
    public List<DecodedImage> pictures(Request request) {
        Objects.requireNonNull(request, "request");
        Loader loader = request.chosenLoader();
        Stream<ImageSource> sources = request.messages().isEmpty()
                ? request.images().stream()
                : request.messages().stream().flatMap(m -> m.images().stream()).flatMap(i -> i.source().stream());
        try (var _ = processor.use("pipeline")) {
            return sources.map(s -> processor.frontEnds().original(s, loader)).toList();
        }
    }

    private VisionInfo visionInfo(Request request) {
        Loader loader = request.chosenLoader();
        List<Message> messages = request.messages();
        if (!messages.isEmpty()) {
            processor.checkVideos(
                    (int) messages.stream().mapToLong(m -> m.videos().size()).sum());
            return processor.open(messages, loader);
        }
        processor.checkVideos(request.videos().size());
        return new VisionInfo(
                request.images().stream()
                        .map(s -> processor.frontEnds().open(s, Map.of(), loader))
                        .toList(),
                request.videos().stream()
                        .map(s -> processor.frontEnds().open(s, Map.of(), loader))
                        .toList());
    }

    /** Lets no further call begin; running answers end as usual, and the last one frees the memory. Waits for none. */
    @Override
    public void close() {
        batch.ifPresent(Batch::close);
        model.close();
        processor.close();
    }
}
