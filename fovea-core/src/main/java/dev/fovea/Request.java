package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.VideoSource;
import dev.fovea.models.ProcessVisionInfo;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A question to a model, as a program writes it: see "A request" in docs/command-line.md.
 *
 * @param id given back with the answer; a string, a number or nothing
 * @param messages of a chat; empty where a raw prompt is given
 * @param text a raw prompt; empty where messages are given, or for an unasked description
 * @param images beside the messages or the text
 * @param videos likewise
 * @param processor keyword arguments of the reference's processor
 * @param generate keyword arguments of generate
 * @param modelArguments keyword arguments of generate that are the model's own: {@code interpolate_pos_encoding} of BLIP-2
 * @param loader how pictures and frames are opened; empty for the default: qwen_vl_utils where an image or video item has its
 *     options, else load_image
 * @param answerIds fed behind the prompt by trace
 */
public record Request(
        Optional<Object> id,
        List<Message> messages,
        Optional<String> text,
        List<ImageSource> images,
        List<VideoSource> videos,
        Map<String, Object> processor,
        GenerationConfig generate,
        Map<String, Object> modelArguments,
        Optional<Loader> loader,
        List<Integer> answerIds) {

    public Request {
        messages = filled(messages, images, videos);
        images = List.copyOf(images);
        videos = List.copyOf(videos);
        processor = Map.copyOf(processor);
        modelArguments = Map.copyOf(modelArguments);
        answerIds = List.copyOf(answerIds);
    }

    /** A chat. */
    public static Request of(List<Message> messages, GenerationConfig generate) {
        return new Request(
                Optional.empty(),
                messages,
                Optional.empty(),
                List.of(),
                List.of(),
                Map.of(),
                generate,
                Map.of(),
                Optional.empty(),
                List.of());
    }

    /**
     * From JSON.
     *
     * @param directory that relative paths start from
     * @throws InputException for an unknown key or a value of a wrong type
     */
    public static Request parse(Map<String, @Nullable Object> json, Path directory) {
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
        Request request = new Request(
                c.value("id"),
                c.value("messages").map(m -> Message.parse(m, directory)).orElse(List.of()),
                c.optionalString("text"),
                images,
                videos,
                processor,
                GenerationConfig.of(generate, "the request's generate", Families.modelArguments()),
                modelArguments,
                c.optionalString("loader").map(Loader::of),
                Arrays.stream(c.integers("answer_ids", new int[0])).boxed().toList());
        if (!c.unread().isEmpty()) {
            throw new InputException(
                    "the request has the unknown key " + String.join(", ", c.unread())
                            + "; known: id, messages, text, images, videos, processor, generate, loader, resampler, class_rows, answer_ids");
        }
        return request;
    }

    private static Map<String, @Nullable Object> object(Config c, String key) {
        return c.value(key).map(v -> Json.object(v, "the request's " + key)).orElse(Map.of());
    }

    /** The front end that opens the pictures and clips. */
    Loader chosenLoader() {
        boolean utilsOptions =
                messages.stream().flatMap(m -> m.content().stream()).anyMatch(Request::hasUtilsOptions);
        return loader.orElse(utilsOptions ? Loader.QWEN_VL_UTILS : Loader.LOAD_IMAGE);
    }

    private static boolean hasUtilsOptions(Content item) {
        return switch (item) {
            case Content.Text _ -> false;
            case Content.Image image ->
                image.options().keySet().stream().anyMatch(ProcessVisionInfo.IMAGE_OPTIONS::contains);
            case Content.Video video ->
                video.options().keySet().stream().anyMatch(ProcessVisionInfo.VIDEO_OPTIONS::contains);
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
                .map(m -> new Message(
                        m.role(),
                        m.content().stream()
                                .map(item -> filled(item, nextImage, nextVideo))
                                .toList(),
                        m.plain()))
                .toList();
    }

    private static Content filled(Content item, Iterator<ImageSource> images, Iterator<VideoSource> videos) {
        return switch (item) {
            case Content.Image image
            when image.source().isEmpty() -> new Content.Image(Optional.of(images.next()), image.options());
            case Content.Video video
            when video.source().isEmpty() -> new Content.Video(Optional.of(videos.next()), video.options());
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
