package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.VideoSource;
import dev.fovea.text.ChatTemplateOptions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A question to a model: a conversation or a raw prompt, what it shows, and how it is answered. In JSON it is "A request" in
 * docs/command-line.md.
 *
 * <pre>{@code
 * Request.of(List.of(user(image("photo.jpg"), text("What is in the picture?")))).withGenerate(GenerationConfig.maxNewTokens(200));
 * Request.of("<OD>", ImageSource.of(Path.of("street.jpg")));
 * }</pre>
 *
 * <p>Immutable: each {@code with} method gives a request that differs in one thing.
 */
public final class Request {
    /** Options of transformers' processor by which it chooses among a clip's frames. */
    private static final List<String> SAMPLING = List.of("do_sample_frames", "fps", "num_frames");

    private final Parts parts;

    /** What a request consists of; written only by {@link #with} before the request that holds it is made. */
    private static final class Parts {
        Optional<Object> id = Optional.empty();
        List<Message> messages = List.of();
        Optional<String> text = Optional.empty();
        List<ImageSource> images = List.of();
        List<VideoSource> videos = List.of();
        Map<String, Object> processor = Map.of();
        GenerationConfig generate = GenerationConfig.EMPTY;
        Map<String, Object> modelArguments = Map.of();
        Optional<Loader> loader = Optional.empty();
        List<Integer> answerIds = List.of();
        ChatTemplateOptions chat = ChatTemplateOptions.DEFAULT;

        Parts() {}

        Parts(Parts other) {
            id = other.id;
            messages = other.messages;
            text = other.text;
            images = other.images;
            videos = other.videos;
            processor = other.processor;
            generate = other.generate;
            modelArguments = other.modelArguments;
            loader = other.loader;
            answerIds = other.answerIds;
            chat = other.chat;
        }
    }

    private Request(Parts parts) {
        this.parts = parts;
    }

    private Request with(Consumer<Parts> change) {
        Parts changed = new Parts(parts);
        change.accept(changed);
        return new Request(changed);
    }

    /** A conversation. */
    public static Request of(List<Message> messages) {
        return new Request(new Parts()).withMessages(messages);
    }

    /** A conversation, and how it is answered. */
    public static Request of(List<Message> messages, GenerationConfig generate) {
        Objects.requireNonNull(generate, "generate");
        return of(messages).withGenerate(generate);
    }

    /**
     * A raw prompt about pictures, for models without a chat template.
     *
     * @param text as the model reads it: a question, or a task as {@code <OD>} with its input behind it
     */
    public static Request of(String text, ImageSource... images) {
        Objects.requireNonNull(images, "images");
        return new Request(new Parts()).withText(text).withImages(images);
    }

    /** A picture that is to be described unasked, for models that do so. */
    public static Request of(ImageSource image) {
        Objects.requireNonNull(image, "image");
        return new Request(new Parts()).withImages(image);
    }

    /** @param id given back with the answer: a string or a number */
    public Request withId(Object id) {
        Objects.requireNonNull(id, "id");
        return with(p -> p.id = Optional.of(id));
    }

    /** The conversation. Its items that name no picture or clip get the request's, in order. */
    public Request withMessages(List<Message> messages) {
        Objects.requireNonNull(messages, "messages");
        List<Message> copy = List.copyOf(messages);
        return with(p -> p.messages = copy);
    }

    /** The raw prompt, of a request without messages. */
    public Request withText(String text) {
        Objects.requireNonNull(text, "text");
        return with(p -> p.text = Optional.of(text));
    }

    /** The pictures beside the messages or the text, instead of those before. */
    public Request withImages(ImageSource... images) {
        Objects.requireNonNull(images, "images");
        return withImages(List.of(images));
    }

    /** The pictures beside the messages or the text, instead of those before. */
    public Request withImages(List<ImageSource> images) {
        Objects.requireNonNull(images, "images");
        List<ImageSource> copy = List.copyOf(images);
        return with(p -> p.images = copy);
    }

    /** The clips beside the messages or the text, instead of those before. */
    public Request withVideos(List<VideoSource> videos) {
        Objects.requireNonNull(videos, "videos");
        List<VideoSource> copy = List.copyOf(videos);
        return with(p -> p.videos = copy);
    }

    /** @param options keyword arguments of the reference's processor, as {@code max_pixels} */
    public Request withProcessor(Map<String, Object> options) {
        Objects.requireNonNull(options, "options");
        Map<String, Object> copy = Map.copyOf(options);
        return with(p -> p.processor = copy);
    }

    /** @param config keyword arguments of generate; what it does not give comes from the model's directory */
    public Request withGenerate(GenerationConfig config) {
        Objects.requireNonNull(config, "config");
        return with(p -> p.generate = config);
    }

    /**
     * Holds the answer to the documents of a JSON schema: {@link GenerationConfig#withResponseFormat}.
     *
     * @param schema as JSON
     * @throws InputException where it is no JSON object
     */
    public Request withJsonSchema(String schema) {
        Objects.requireNonNull(schema, "schema");
        var format = ResponseFormat.jsonSchema(Json.object(Json.parse(schema, "the JSON schema"), "the JSON schema"));
        return with(p -> p.generate = p.generate.withResponseFormat(format));
    }

    /** @param arguments keyword arguments of generate that are the model's own: {@code interpolate_pos_encoding} of BLIP-2 */
    public Request withModelArguments(Map<String, Object> arguments) {
        Objects.requireNonNull(arguments, "arguments");
        Map<String, Object> copy = Map.copyOf(arguments);
        return with(p -> p.modelArguments = copy);
    }

    /**
     * How pictures and frames are opened; without it qwen_vl_utils where an item has its options or a clip is a video file of which
     * the processor's options choose no frames, else load_image.
     */
    public Request withLoader(Loader loader) {
        Objects.requireNonNull(loader, "loader");
        return with(p -> p.loader = Optional.of(loader));
    }

    /** @param ids fed behind the prompt by {@link Pipeline#trace(Request)} */
    public Request withAnswerIds(List<Integer> ids) {
        Objects.requireNonNull(ids, "ids");
        List<Integer> copy = List.copyOf(ids);
        return with(p -> p.answerIds = copy);
    }

    /** @param options arguments of the chat template that the messages go through */
    public Request withChat(ChatTemplateOptions options) {
        Objects.requireNonNull(options, "options");
        return with(p -> p.chat = options);
    }

    /** Given back with the answer. */
    public Optional<Object> id() {
        return parts.id;
    }

    /**
     * The conversation, its pictures and clips in their places; empty where there is a raw prompt.
     *
     * @throws InputException where there are more or fewer pictures or clips than items that name none
     */
    public List<Message> messages() {
        return filled(parts.messages, parts.images, parts.videos);
    }

    /** The raw prompt; empty where there are messages, or for an unasked description. */
    public Optional<String> text() {
        return parts.text;
    }

    /** The pictures beside the messages or the text. */
    public List<ImageSource> images() {
        return parts.images;
    }

    /** The clips beside the messages or the text. */
    public List<VideoSource> videos() {
        return parts.videos;
    }

    /** Keyword arguments of the reference's processor. */
    public Map<String, Object> processor() {
        return parts.processor;
    }

    /** Keyword arguments of generate. */
    public GenerationConfig generate() {
        return parts.generate;
    }

    /** Keyword arguments of generate that are the model's own. */
    public Map<String, Object> modelArguments() {
        return parts.modelArguments;
    }

    /** How pictures and frames are opened; empty for the default. */
    public Optional<Loader> loader() {
        return parts.loader;
    }

    /** Fed behind the prompt by {@link Pipeline#trace(Request)}. */
    public List<Integer> answerIds() {
        return parts.answerIds;
    }

    /** Arguments of the chat template. */
    public ChatTemplateOptions chat() {
        return parts.chat;
    }

    /**
     * From JSON.
     *
     * @param directory that relative paths start from
     * @throws InputException for an unknown key or a value of a wrong type
     */
    public static Request parse(Map<String, @Nullable Object> json, Path directory) {
        Objects.requireNonNull(json, "json");
        Objects.requireNonNull(directory, "directory");
        Config c = Config.of(json, "the request");
        Map<String, Object> processor = new LinkedHashMap<>();
        object(c, "processor").forEach((key, value) -> {
            if (value != null) {
                processor.put(key, value);
            }
        });
        Map<String, @Nullable Object> generate = object(c, "generate");
        Map<String, Object> modelArguments = new LinkedHashMap<>();
        for (String key : Families.modelArguments()) {
            Optional.ofNullable(generate.get(key)).ifPresent(value -> modelArguments.put(key, value));
        }
        for (String key : List.of("resampler", "class_rows")) {
            c.optionalString(key).ifPresent(value -> processor.put(key, value));
        }
        List<ImageSource> images = c.strings("images", List.of()).stream()
                .map(path -> ImageSource.parse(path, directory))
                .toList();
        List<VideoSource> videos = Json.array(c.value("videos").orElse(List.of()), "the request's videos").stream()
                .map(v -> Content.videoSource(v, directory))
                .toList();
        Parts parts = new Parts();
        parts.id = c.value("id");
        parts.messages =
                c.value("messages").map(m -> Message.parse(m, directory)).orElse(List.of());
        parts.text = c.optionalString("text");
        parts.images = images;
        parts.videos = videos;
        parts.processor = Map.copyOf(processor);
        parts.generate = GenerationConfig.of(generate, "the request's generate", Families.modelArguments());
        parts.modelArguments = Map.copyOf(modelArguments);
        parts.loader = c.optionalString("loader").map(Loader::of);
        parts.answerIds =
                Arrays.stream(c.integers("answer_ids", new int[0])).boxed().toList();
        parts.chat = ChatTemplateKeys.of(c);
        // Counts pictures and places.
        filled(parts.messages, images, videos);
        if (!c.unread().isEmpty()) {
            throw new InputException("the request has the unknown key " + String.join(", ", c.unread())
                    + "; known: id, messages, text, images, videos, processor, generate, loader, resampler, class_rows,"
                    + " answer_ids, chat_template, tools, documents, add_generation_prompt, continue_final_message,"
                    + " sanitize_control_tokens, chat_template_kwargs");
        }
        return new Request(parts);
    }

    private static Map<String, @Nullable Object> object(Config c, String key) {
        return c.value(key).map(v -> Json.object(v, "the request's " + key)).orElse(Map.of());
    }

    /** Whether the answer goes on with the last message: where nothing is said, it does if that is the assistant's. */
    boolean continuesLast() {
        return !parts.messages.isEmpty()
                && parts.chat
                        .continueFinalMessage()
                        .orElseGet(() -> parts.messages.getLast().role().equals("assistant")
                                && !parts.chat.addGenerationPrompt().orElse(false));
    }

    /** The front end that opens the pictures and clips. */
    Loader chosenLoader() {
        return parts.loader.orElseGet(
                () -> hasUtilsOptions() || hasUnsampledFile() ? Loader.QWEN_VL_UTILS : Loader.LOAD_IMAGE);
    }

    private boolean hasUtilsOptions() {
        return parts.messages.stream().flatMap(m -> m.content().stream()).anyMatch(Request::hasUtilsOptions);
    }

    /** Of a video file transformers takes every frame unless it is told otherwise. */
    private boolean hasUnsampledFile() {
        Stream<VideoSource> clips = Stream.concat(
                parts.videos.stream(),
                parts.messages.stream().flatMap(m -> m.videos().stream()).flatMap(v -> v.source().stream()));
        return SAMPLING.stream().noneMatch(parts.processor::containsKey) && clips.anyMatch(VideoSource::isFile);
    }

    private static boolean hasUtilsOptions(Content item) {
        return switch (item) {
            case Content.Text _ -> false;
            case Content.Image image -> !image.options().isEmpty();
            case Content.Video video -> !video.options().isEmpty();
        };
    }

    /** Puts the pictures and clips into the items that name none, in order. */
    private static List<Message> filled(List<Message> messages, List<ImageSource> images, List<VideoSource> videos) {
        if (messages.isEmpty()) {
            return List.of();
        }
        check(
                "image",
                "picture",
                messages.stream().flatMap(m -> m.images().stream()).map(Content.Image::source),
                images);
        check(
                "video",
                "clip",
                messages.stream().flatMap(m -> m.videos().stream()).map(Content.Video::source),
                videos);
        Iterator<ImageSource> nextImage = images.iterator();
        Iterator<VideoSource> nextVideo = videos.iterator();
        return messages.stream()
                .map(m -> m.withContent(m.content().stream()
                        .map(item -> filled(item, nextImage, nextVideo))
                        .toList()))
                .toList();
    }

    private static Content filled(Content item, Iterator<ImageSource> images, Iterator<VideoSource> videos) {
        return switch (item) {
            case Content.Image image when image.source().isEmpty() -> image.withSource(images.next());
            case Content.Video video when video.source().isEmpty() -> video.withSource(videos.next());
            default -> item;
        };
    }

    private static void check(String item, String kind, Stream<? extends Optional<?>> named, List<?> given) {
        long open = named.filter(Optional::isEmpty).count();
        if (open != given.size()) {
            throw new InputException(
                    "the messages have " + open + " " + item + " items without a " + kind + ", and " + given.size()
                            + " " + kind + "s are given",
                    "give one " + kind + " for each");
        }
    }
}
