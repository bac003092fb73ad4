package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.Constraint;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.generate.Sequence;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Loader;
import dev.fovea.media.MediaPolicy;
import dev.fovea.models.Grounding;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Parsed;
import dev.fovea.models.View;
import dev.fovea.tensor.Lifetime;
import dev.fovea.text.ChatTemplateOptions;
import dev.fovea.text.ControlTokens;
import dev.fovea.text.Tokenizer;
import dev.fovea.text.grammar.Constraints;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Text, pictures and clips to a model's inputs, and a model's tokens to text: transformers' ProcessorMixin. Immutable and shared by
 * threads.
 *
 * <pre>{@code
 * var processor = AutoProcessor.fromPretrained(directory);
 * var prompt = processor.applyChatTemplate(messages);
 * var vision = processor.processVisionInfo(messages);
 * var inputs = processor.process(prompt, vision);
 * }</pre>
 */
public final class Processor implements AutoCloseable {
    private final String modelType;
    private final ModelProcessor processor;
    private final Map<String, Object> defaults;
    private final Warnings warnings;
    private final FrontEnds frontEnds;
    private final ChatPrompts chats;
    private final Constraints constraints;

    Processor(ModelDirectory directory) {
        this(
                directory.modelType(),
                Families.of(directory).processor(directory),
                Map.of(),
                directory.warnings(),
                new FrontEnds(MediaPolicy.TRUSTED, directory.warnings()),
                Optional.empty());
    }

    private Processor(
            String modelType,
            ModelProcessor processor,
            Map<String, Object> defaults,
            Warnings warnings,
            FrontEnds frontEnds,
            Optional<Constraints> constraints) {
        this.modelType = modelType;
        this.processor = processor;
        this.defaults = Map.copyOf(defaults);
        this.warnings = warnings;
        this.frontEnds = frontEnds;
        this.chats = new ChatPrompts(processor, warnings);
        this.constraints = constraints.orElseGet(() -> new Constraints(processor.tokenizer()));
    }

    /**
     * This processor with keyword arguments that hold for every call, as {@code from_pretrained(…, min_pixels=…)} takes them.
     * Both have one tokenizer: closing one closes the other.
     *
     * @param options by the reference's names: {@code min_pixels}, {@code max_pixels}, …
     */
    public Processor with(Map<String, Object> options) {
        Objects.requireNonNull(options, "options");
        return new Processor(modelType, processor, merged(options), warnings, frontEnds, Optional.of(constraints));
    }

    /**
     * This processor, opening what the policy lets it alone. Both have one tokenizer: closing one closes the other.
     *
     * @param policy where pictures and clips may come from, and how large they may be
     */
    public Processor withMedia(MediaPolicy policy) {
        Objects.requireNonNull(policy, "policy");
        return new Processor(
                modelType, processor, defaults, warnings, new FrontEnds(policy, warnings), Optional.of(constraints));
    }

    public Tokenizer tokenizer() {
        return processor.tokenizer();
    }

    /** Whether this model takes conversations; else it takes raw prompts. */
    public boolean hasChatTemplate() {
        return processor.chatTemplates().isPresent();
    }

    /** The tasks that a raw prompt may begin with; empty for models that know none. */
    public List<String> tasks() {
        return processor.tasks();
    }

    /** The prompt of a conversation, ready for the assistant's turn: {@code apply_chat_template(…, tokenize=False)}. */
    public String applyChatTemplate(List<Message> messages) {
        return applyChatTemplate(messages, true);
    }

    /**
     * @param addGenerationPrompt whether the assistant's turn is opened
     * @throws InputException where the model has no chat template, or the template refuses the messages
     */
    public String applyChatTemplate(List<Message> messages, boolean addGenerationPrompt) {
        return applyChatTemplate(messages, addGenerationPrompt, Map.of());
    }

    /** @param variables further variables of the template, as {@code add_vision_id} */
    public String applyChatTemplate(
            List<Message> messages, boolean addGenerationPrompt, Map<String, @Nullable Object> variables) {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(variables, "variables");
        return applyChatTemplate(
                messages,
                ChatTemplateOptions.DEFAULT
                        .withAddGenerationPrompt(addGenerationPrompt)
                        .withVariables(variables));
    }

    /**
     * {@code apply_chat_template(…, tokenize=False)} with any of its arguments.
     *
     * @throws OptionException where they contradict each other
     */
    public String applyChatTemplate(List<Message> messages, ChatTemplateOptions options) {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(options, "options");
        try (var _ = use("processor")) {
            return chats.text(messages, options);
        }
    }

    /**
     * A conversation to inputs in one call: {@code apply_chat_template(…, tokenize=True, return_dict=True)}. Pictures and
     * frames are opened by {@link Loader#LOAD_IMAGE}.
     */
    public Inputs applyChatTemplateAndTokenize(List<Message> messages) {
        return applyChatTemplateAndTokenize(messages, ChatTemplateOptions.DEFAULT);
    }

    /** The same with any of its arguments. */
    public Inputs applyChatTemplateAndTokenize(List<Message> messages, ChatTemplateOptions options) {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(options, "options");
        return process(messages, options, open(messages, Loader.LOAD_IMAGE), Map.of());
    }

    /** A conversation with what it shows. */
    Inputs process(
            List<Message> messages, ChatTemplateOptions options, VisionInfo vision, Map<String, Object> arguments) {
        try (var _ = use("processor")) {
            ChatPrompts.Prompt prompt = chats.toEncode(messages, options);
            Map<String, Object> all = new LinkedHashMap<>(arguments);
            all.putAll(prompt.arguments());
            Inputs.Row row = row(Optional.of(prompt.text()), vision, all);
            return new Inputs(List.of(row.withPrompt(
                    options.sanitizeControlTokens() ? ControlTokens.shown(row.prompt()) : row.prompt())));
        }
    }

    /**
     * What a conversation shows by qwen-vl-utils' rules, with the options of its items: process_vision_info with
     * return_video_metadata.
     */
    public VisionInfo processVisionInfo(List<Message> messages) {
        return open(messages, Loader.QWEN_VL_UTILS);
    }

    /** What a conversation shows in reading order, opened by a front end of the reference. */
    public VisionInfo open(List<Message> messages, Loader loader) {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(loader, "loader");
        try (var _ = use("processor")) {
            return frontEnds.open(messages, loader);
        }
    }

    FrontEnds frontEnds() {
        return frontEnds;
    }

    /** One prompt with its pictures. */
    public Inputs process(String text, List<DecodedImage> images) {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(images, "images");
        return process(Optional.of(text), images, Map.of());
    }

    /** One prompt with what {@link #processVisionInfo} found: {@code processor(text=…, images=…, videos=…)}. */
    public Inputs process(String text, VisionInfo vision) {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(vision, "vision");
        return process(Optional.of(text), vision, Map.of());
    }

    /** Pictures without a prompt, for models that describe them unasked. */
    public Inputs process(DecodedImage image) {
        Objects.requireNonNull(image, "image");
        return process(Optional.empty(), List.of(image), Map.of());
    }

    /** A picture and a question or task, as {@code processor(images=image, text=text)}. */
    public Inputs process(DecodedImage image, String text) {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(text, "text");
        return process(Optional.of(text), List.of(image), Map.of());
    }

    /**
     * One request.
     *
     * @param options keyword arguments of the reference's processor
     * @throws OptionException for an option that this processor does not have, or a value out of range
     * @throws InputException where text and pictures do not fit each other
     */
    public Inputs process(Optional<String> text, List<DecodedImage> images, Map<String, Object> options) {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(images, "images");
        Objects.requireNonNull(options, "options");
        return process(text, new VisionInfo(images, List.of()), options);
    }

    /** The same with clips. */
    public Inputs process(Optional<String> text, VisionInfo vision, Map<String, Object> options) {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(vision, "vision");
        Objects.requireNonNull(options, "options");
        return new Inputs(List.of(row(text, vision, options)));
    }

    /**
     * A batch. Each prompt takes its own pictures: rows do not influence each other and need no padding.
     *
     * @param images for each text, its pictures
     */
    public Inputs process(List<String> texts, List<List<DecodedImage>> images, Map<String, Object> options) {
        Objects.requireNonNull(texts, "texts");
        Objects.requireNonNull(images, "images");
        Objects.requireNonNull(options, "options");
        if (texts.size() != images.size()) {
            throw new InputException(
                    texts.size() + " texts come with " + images.size() + " lists of pictures; expected one each");
        }
        List<Inputs.Row> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            rows.add(row(Optional.of(texts.get(i)), new VisionInfo(images.get(i), List.of()), options));
        }
        return new Inputs(rows);
    }

    private Inputs.Row row(Optional<String> text, VisionInfo vision, Map<String, Object> options) {
        try (var _ = use("processor")) {
            return prepared(text, vision, options);
        }
    }

    private Inputs.Row prepared(Optional<String> text, VisionInfo vision, Map<String, Object> options) {
        checkVideos(vision.videos().size());
        Config config = Config.ofOptions(new LinkedHashMap<>(merged(options)), "processor options");
        Inputs.Row row = processor.process(text, vision.images(), vision.videos(), config);
        if (!config.unread().isEmpty()) {
            throw new OptionException(
                    "this model's processor has no option " + String.join(", ", config.unread()),
                    "see docs/models.md for the options of each family");
        }
        return row.madeOf(vision.images());
    }

    /** @throws InputException where the family takes no clips, and there are some */
    void checkVideos(int count) {
        if (count > 0 && !processor.takesVideos()) {
            throw new InputException(
                    "models of type " + modelType + " take no clips; " + count + (count == 1 ? " is" : " are")
                            + " given",
                    "give pictures");
        }
    }

    /** {@code decode(ids, skip_special_tokens=True)}. */
    public String decode(int[] ids) {
        return decode(ids, true);
    }

    public String decode(int[] ids, boolean skipSpecialTokens) {
        Objects.requireNonNull(ids, "ids");
        try (var _ = use("processor")) {
            return tokenizer().decode(ids, skipSpecialTokens);
        }
    }

    /** {@code batch_decode(rows, skip_special_tokens=True)}. */
    public List<String> batchDecode(List<int[]> rows) {
        return rows.stream().map(this::decode).toList();
    }

    public List<String> batchDecode(List<int[]> rows, boolean skipSpecialTokens) {
        return rows.stream().map(ids -> decode(ids, skipSpecialTokens)).toList();
    }

    /** The task that a request's text asks for; the text itself where it names none. */
    public String task(String text) {
        Objects.requireNonNull(text, "text");
        return processor.task(text);
    }

    /**
     * Reads an answer's boxes, polygons and labels: {@code post_process_generation(text, task, image_size)}. Empty for
     * families without post-processing.
     *
     * @param text of the answer, special tokens kept
     * @param task {@code <OD>} and so on; see {@link #task}
     * @param width of the original picture in pixels; answers are in its pixels
     * @param height of the original picture
     */
    public Optional<Parsed> postProcessGeneration(String text, String task, int width, int height) {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(task, "task");
        try (var _ = use("processor")) {
            return processor.postProcess(text, task, width, height);
        }
    }

    /** The same; coordinates are pixels of the picture that the processor was given. */
    public Optional<Parsed> postProcessGeneration(String text, String task, DecodedImage picture) {
        return postProcessGeneration(text, task, picture.width(), picture.height());
    }

    /**
     * The same with scores of the boxes, from an answer that was generated with {@code output_scores}:
     * {@code post_process_generation(sequence, transition_beam_score, task, image_size)}.
     */
    public Optional<Parsed> postProcessGeneration(Sequence answer, String task, int width, int height) {
        Objects.requireNonNull(answer, "answer");
        Objects.requireNonNull(task, "task");
        try (var _ = use("processor")) {
            return processor.postProcess(answer, task, width, height);
        }
    }

    public Optional<Parsed> postProcessGeneration(Sequence answer, String task, DecodedImage picture) {
        return postProcessGeneration(answer, task, picture.width(), picture.height());
    }

    /** Whether this model's answers name boxes and points in words, for {@link #ground}. */
    public boolean namesPlaces() {
        return processor.ground("", new View(1, 1, 0, 0, 1, 1)).isPresent();
    }

    /**
     * Reads the boxes and points that an answer names in words, for families that do so (Qwen2.5-VL); empty for others.
     *
     * @param text of the answer, special tokens kept
     * @param image that it is about, of the inputs that the model was given
     * @return in pixels of the original picture
     */
    public Optional<Grounding> ground(String text, Inputs.Visual image) {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(image, "image");
        return processor.ground(text, image.views().getFirst());
    }

    /**
     * Finds tool calls in an answer, in the form that the chat template teaches.
     *
     * @param names of the tools that were offered
     */
    public ToolCallParser toolCallParser(Set<String> names) {
        Objects.requireNonNull(names, "names");
        return new ToolCallParser(tagsCalls(), names);
    }

    /**
     * The form of an answer that is one call, as the chat template teaches calls: the JSON alone, or between tags.
     *
     * @param call of the JSON, an object with {@code name} and {@code arguments}
     */
    public ResponseFormat toolCallFormat(ResponseFormat call) {
        Objects.requireNonNull(call, "call");
        return tagsCalls() ? call.between(ToolCallParser.OPEN + "\n", "\n" + ToolCallParser.CLOSE) : call;
    }

    private boolean tagsCalls() {
        return processor
                .chatTemplates()
                .map(templates -> templates.mentions(ToolCallParser.OPEN))
                .orElse(false);
    }

    /**
     * Holds the answers of a call of {@link Model#generate} to a format: give it to {@link GenerateOptions#withConstraint}. {@link
     * Pipeline} does so by itself.
     *
     * @throws OptionException where the format's schema has something that is not supported, or allows no document
     */
    public Constraint constraint(ResponseFormat format) {
        Objects.requireNonNull(format, "format");
        try (var _ = use("processor")) {
            return constraints.of(format);
        }
    }

    private Map<String, Object> merged(Map<String, Object> options) {
        Map<String, Object> all = new LinkedHashMap<>(defaults);
        all.putAll(options);
        return all;
    }

    /**
     * Keeps the processor for several calls of this thread, whoever closes it meanwhile.
     *
     * @param what is called, for the message
     */
    Lifetime.Lease use(String what) {
        return tokenizer().use(what);
    }

    /**
     * Lets no further call begin, of this processor, its tokenizer and those made from it by {@link #with}. Running calls end as
     * usual, and the last one frees the memory. Waits for none.
     */
    @Override
    public void close() {
        tokenizer().close();
    }
}
