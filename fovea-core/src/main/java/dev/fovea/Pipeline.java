package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Sequence;
import dev.fovea.generate.StopRule;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Loader;
import dev.fovea.models.Inputs;
import dev.fovea.models.Parsed;
import dev.fovea.tensor.Tensor;
import dev.fovea.text.StopStrings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * Model and processor in one: transformers' pipeline.
 *
 * <pre>{@code
 * try (var pipe = Pipeline.of("image-text-to-text", directory)) {
 *     System.out.println(pipe.generate(List.of(user(image("bee.jpg"), text("What is this?")))).text());
 * }
 * }</pre>
 *
 * Threads may share it.
 */
public final class Pipeline implements AutoCloseable {
    private static final int DEFAULT_NEW_TOKENS = 256;

    private final Model model;
    private final Processor processor;
    private final double loadMillis;

    private Pipeline(Model model, Processor processor, double loadMillis) {
        this.model = model;
        this.processor = processor;
        this.loadMillis = loadMillis;
    }

    /** Any vision-language model. */
    public static Pipeline imageTextToText(String model) {
        return of("image-text-to-text", model, LoadOptions.DEFAULT);
    }

    public static Pipeline imageTextToText(Path directory) {
        return imageTextToText(directory.toString());
    }

    public static Pipeline of(String task, String model) {
        return of(task, model, LoadOptions.DEFAULT);
    }

    /**
     * @param task {@code image-text-to-text}
     * @param name a Hugging Face model directory, or the hub id of a model in this machine's cache
     * @throws OptionException for another task
     * @throws InputException where the directory cannot be opened
     */
    public static Pipeline of(String task, String name, LoadOptions options) {
        if (!task.equals("image-text-to-text")) {
            throw new OptionException("unknown task \"" + task + "\"; known: image-text-to-text");
        }
        long start = System.nanoTime();
        // The tokenizer of a large vocabulary takes as long as everything else together.
        CompletableFuture<Processor> processor =
                CompletableFuture.supplyAsync(() -> AutoProcessor.fromPretrained(name, options.warnings()));
        Model model = AutoModelForImageTextToText.fromPretrained(name, options);
        try {
            return new Pipeline(model, processor.join(), (System.nanoTime() - start) / 1e6);
        } catch (CompletionException e) {
            model.close();
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
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
        GenerationConfig resolved = model.resolve(config);
        boolean given = resolved.isGiven("max_new_tokens") || resolved.isGiven("max_length");
        return answer(Request.of(messages, given ? config : config.withMaxNewTokens(DEFAULT_NEW_TOKENS)));
    }

    public Answer answer(Request request) {
        return answer(request, GenerateOptions.DEFAULT);
    }

    public Answer answer(Request request, GenerateOptions options) {
        return answer(List.of(request), options).getFirst();
    }

    /**
     * Answers requests together. Each answer is the one that its request would get alone.
     *
     * @throws dev.fovea.error.FoveaException where one of them cannot be answered
     */
    public List<Answer> answer(List<Request> requests, GenerateOptions options) {
        List<Answer> answers = new ArrayList<>(Collections.nCopies(requests.size(), null));
        Map<GenerationConfig, List<Integer>> groups = new LinkedHashMap<>();
        IntStream.range(0, requests.size())
                .forEach(i -> groups.computeIfAbsent(requests.get(i).generate(), _ -> new ArrayList<>())
                        .add(i));
        groups.values().forEach(group -> {
            List<Answer> some = answerGroup(group.stream().map(requests::get).toList(), options);
            IntStream.range(0, group.size()).forEach(i -> answers.set(group.get(i), some.get(i)));
        });
        return answers;
    }

    private List<Answer> answerGroup(List<Request> requests, GenerateOptions options) {
        long start = System.nanoTime();
        Inputs inputs = new Inputs(
                requests.stream().map(r -> inputs(r).rows().getFirst()).toList());
        if (requests.size() > 1 && !model.visionLanguageModel().rowsAreIndependent(inputs)) {
            return requests.stream()
                    .map(r -> answerGroup(List.of(r), options).getFirst())
                    .toList();
        }
        double preprocess = (System.nanoTime() - start) / 1e6;
        GenerationConfig config = requests.getFirst().generate();
        List<String> stops = model.resolve(config).stopStrings();
        GenerateOptions all =
                stops.isEmpty() ? options : options.withStopRule(stopRule(stops, inputs, options.stopRule()));
        GenerateOutput output = model.generate(inputs, config, all);
        double total = (System.nanoTime() - start) / 1e6;
        return IntStream.range(0, requests.size())
                .mapToObj(row -> answer(requests.get(row), inputs.rows().get(row), row, output, preprocess, total))
                .toList();
    }

    private StopRule stopRule(List<String> texts, Inputs inputs, StopRule other) {
        List<StopStrings> ofRow = model.visionLanguageModel().promptIds(inputs).stream()
                .map(prompt -> StopStrings.of(processor.tokenizer(), texts, prompt))
                .toList();
        return (row, ids, promptLength) -> ofRow.get(row).test(Arrays.copyOfRange(ids, promptLength, ids.length))
                || other.stop(row, ids, promptLength);
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
                inputs.prompt(),
                inputs.inputIds(),
                inputs.images().stream().flatMap(v -> v.grid().stream()).toList(),
                inputs.videos().stream().flatMap(v -> v.grid().stream()).toList(),
                candidates,
                candidates.stream()
                        .flatMap(c -> parsed(c, request, inputs).stream())
                        .toList(),
                new Answer.Usage(
                        inputs.inputIds().length,
                        inputs.images().stream().mapToInt(Inputs.Visual::tokens).sum(),
                        inputs.videos().stream().mapToInt(Inputs.Visual::tokens).sum(),
                        own.stream().mapToInt(s -> s.ids().length).sum()),
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

    private Answer.Candidate candidate(Sequence s, int[] prompt) {
        int[] ids = model.visionLanguageModel().isEncoderDecoder()
                ? IntStream.concat(IntStream.of(prompt), IntStream.of(s.ids())).toArray()
                : s.ids();
        return new Answer.Candidate(
                ids,
                processor.decode(ids, true),
                processor.decode(ids, false),
                s.score(),
                s.reason().name());
    }

    /** The stages of a request's prefill: see {@link Model#trace}. */
    public void trace(Request request, BiConsumer<String, Tensor> stages) {
        model.trace(
                inputs(request), request.answerIds().stream().mapToInt(i -> i).toArray(), stages);
    }

    /** The stages of a request's prefill, in float32. */
    public Trace trace(Request request) {
        Trace trace = new Trace();
        trace(request, trace::add);
        return trace;
    }

    /** A request's inputs. */
    public Inputs inputs(Request request) {
        if (request.messages().isEmpty()
                && request.text().isEmpty()
                && request.images().isEmpty()
                && request.videos().isEmpty()) {
            throw new InputException("the request has neither messages nor a text nor pictures");
        }
        if (!request.messages().isEmpty() && request.text().isPresent()) {
            throw new InputException("the request has messages and a text; expected one of them");
        }
        Optional<String> prompt = request.messages().isEmpty()
                ? request.text()
                : Optional.of(processor.applyChatTemplate(request.messages()));
        return processor
                .process(prompt, visionInfo(request), request.processor())
                .with(request.modelArguments());
    }

    /** A request's pictures, in order, as its loader opens them: what coordinates in the answer belong to. */
    public List<DecodedImage> pictures(Request request) {
        return visionInfo(request).images();
    }

    private VisionInfo visionInfo(Request request) {
        Loader loader = request.chosenLoader();
        if (!request.messages().isEmpty()) {
            processor.checkVideos((int) request.messages().stream()
                    .mapToLong(m -> m.videos().size())
                    .sum());
            return processor.open(request.messages(), loader);
        }
        processor.checkVideos(request.videos().size());
        return new VisionInfo(
                request.images().stream()
                        .map(s -> Processor.open(s, Map.of(), loader))
                        .toList(),
                request.videos().stream()
                        .map(s -> Processor.open(s, Map.of(), loader))
                        .toList());
    }

    @Override
    public void close() {
        model.close();
    }
}
