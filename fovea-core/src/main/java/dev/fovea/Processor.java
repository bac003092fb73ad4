package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.Sequence;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Parsed;
import dev.fovea.models.ProcessVisionInfo;
import dev.fovea.text.ChatTemplate;
import dev.fovea.text.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Text and pictures to a model's inputs, and a model's tokens to text: transformers' ProcessorMixin. Immutable and shared by
 * threads.
 *
 * <pre>{@code
 * var processor = AutoProcessor.fromPretrained(directory);
 * var prompt = processor.applyChatTemplate(messages);
 * var images = processor.processVisionInfo(messages);
 * var inputs = processor.process(prompt, images);
 * }</pre>
 */
public final class Processor {
    private final ModelProcessor processor;
    private final Map<String, Object> defaults;

    Processor(ModelDirectory directory) {
        this(Families.of(directory).processor(directory), Map.of());
    }

    private Processor(ModelProcessor processor, Map<String, Object> defaults) {
        this.processor = processor;
        this.defaults = Map.copyOf(defaults);
    }

    /**
     * This processor with keyword arguments that hold for every call, as {@code from_pretrained(…, min_pixels=…)} takes them.
     *
     * @param options by the reference's names: {@code min_pixels}, {@code max_pixels}, …
     */
    public Processor with(Map<String, Object> options) {
        return new Processor(processor, merged(options));
    }

    public Tokenizer tokenizer() {
        return processor.tokenizer();
    }

    /** Whether this model takes conversations; else it takes raw prompts. */
    public boolean hasChatTemplate() {
        return processor.chatTemplate().isPresent();
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
            List<Message> messages, boolean addGenerationPrompt, Map<String, Object> variables) {
        ChatTemplate template = processor
                .chatTemplate()
                .orElseThrow(() -> new InputException(
                        "this model has no chat template; it takes a raw prompt", "give a text instead of messages"));
        return template.render(messages.stream().map(Message::toMap).toList(), addGenerationPrompt, variables);
    }

    /**
     * A conversation to inputs in one call: {@code apply_chat_template(…, tokenize=True, return_dict=True)}. Pictures are opened
     * by {@link Loader#LOAD_IMAGE}.
     */
    public Inputs applyChatTemplateAndTokenize(List<Message> messages) {
        return process(applyChatTemplate(messages), open(messages, Loader.LOAD_IMAGE));
    }

    /** The pictures of a conversation by qwen-vl-utils' rules, with the options of their items: process_vision_info. */
    public List<DecodedImage> processVisionInfo(List<Message> messages) {
        return open(messages, Loader.QWEN_VL_UTILS);
    }

    /** The pictures of a conversation in reading order, opened by a front end of the reference. */
    public List<DecodedImage> open(List<Message> messages, Loader loader) {
        List<DecodedImage> opened = new ArrayList<>();
        for (Message message : messages) {
            for (Content.Image item : message.images()) {
                ImageSource source = item.source()
                        .orElseThrow(() -> new InputException(
                                "an image item of the messages names no picture",
                                "give the picture in the item or beside the messages"));
                opened.add(open(source, item.options(), loader));
            }
        }
        return opened;
    }

    static DecodedImage open(ImageSource source, Map<String, Object> options, Loader loader) {
        if (loader != Loader.QWEN_VL_UTILS && !options.isEmpty()) {
            throw new OptionException("an image item has the options " + options.keySet()
                    + ", which only the loader qwen_vl_utils takes; this request uses " + loader.label());
        }
        DecodedImage image = source.decode();
        return switch (loader) {
            case LOAD_IMAGE -> DecodedImage.of(image.transposed().rgb());
            case PIL -> image;
            case QWEN_VL_UTILS ->
                DecodedImage.of(ProcessVisionInfo.image(image, Config.of(new LinkedHashMap<>(options), "image item")));
        };
    }

    /** One prompt with its pictures. */
    public Inputs process(String text, List<DecodedImage> images) {
        return process(Optional.of(text), images, Map.of());
    }

    /** Pictures without a prompt, for models that describe them unasked. */
    public Inputs process(DecodedImage image) {
        return process(Optional.empty(), List.of(image), Map.of());
    }

    /** A picture and a question or task, as {@code processor(images=image, text=text)}. */
    public Inputs process(DecodedImage image, String text) {
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
        return new Inputs(List.of(row(text, images, options)));
    }

    /**
     * A batch. Each prompt takes its own pictures: rows do not influence each other and need no padding.
     *
     * @param images for each text, its pictures
     */
    public Inputs process(List<String> texts, List<List<DecodedImage>> images, Map<String, Object> options) {
        if (texts.size() != images.size()) {
            throw new InputException(
                    texts.size() + " texts come with " + images.size() + " lists of pictures; expected one each");
        }
        List<Inputs.Row> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            rows.add(row(Optional.of(texts.get(i)), images.get(i), options));
        }
        return new Inputs(rows);
    }

    private Inputs.Row row(Optional<String> text, List<DecodedImage> images, Map<String, Object> options) {
        Config config = Config.of(new LinkedHashMap<>(merged(options)), "processor options");
        Inputs.Row row = processor.process(text, images, config);
        if (!config.unread().isEmpty()) {
            throw new OptionException(
                    "this model's processor has no option " + String.join(", ", config.unread()),
                    "see docs/models.md for the options of each family");
        }
        return row;
    }

    /** {@code decode(ids, skip_special_tokens=True)}. */
    public String decode(int[] ids) {
        return processor.tokenizer().decode(ids, true);
    }

    public String decode(int[] ids, boolean skipSpecialTokens) {
        return processor.tokenizer().decode(ids, skipSpecialTokens);
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
        return processor.postProcess(text, task, width, height);
    }

    /**
     * The same with scores of the boxes, from an answer that was generated with {@code output_scores}:
     * {@code post_process_generation(sequence, transition_beam_score, task, image_size)}.
     */
    public Optional<Parsed> postProcessGeneration(Sequence answer, String task, int width, int height) {
        return processor.postProcess(answer, task, width, height);
    }

    private Map<String, Object> merged(Map<String, Object> options) {
        Map<String, Object> all = new LinkedHashMap<>(defaults);
        all.putAll(options);
        return all;
    }

    ModelProcessor modelProcessor() {
        return processor;
    }
}
