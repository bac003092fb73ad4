package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.models.ProcessVisionInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A question to a model, as a program writes it: see "A request" in docs/command-line.md.
 *
 * @param id given back with the answer; a string, a number or nothing
 * @param messages of a chat; empty where a raw prompt is given
 * @param text a raw prompt; empty where messages are given, or for an unasked description
 * @param images beside the messages or the text
 * @param processor keyword arguments of the reference's processor
 * @param generate keyword arguments of generate
 * @param modelArguments keyword arguments of generate that are the model's own: {@code interpolate_pos_encoding} of BLIP-2
 * @param loader how pictures are opened; empty for the default: qwen_vl_utils where an image item has its options, else
 *     load_image
 * @param answerIds fed behind the prompt by trace
 */
public record Request(
        Optional<Object> id,
        List<Message> messages,
        Optional<String> text,
        List<ImageSource> images,
        Map<String, Object> processor,
        GenerationConfig generate,
        Map<String, Object> modelArguments,
        Optional<Loader> loader,
        List<Integer> answerIds) {

    public Request {
        messages = filled(messages, images);
        images = List.copyOf(images);
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
        if (c.value("videos").filter(v -> !List.of().equals(v)).isPresent()) {
            throw new InputException("the request has videos, which this version does not read yet", "give pictures");
        }
        Request request = new Request(
                c.value("id"),
                c.value("messages").map(m -> Message.parse(m, directory)).orElse(List.of()),
                c.optionalString("text"),
                images,
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

    /** The front end that opens the pictures. */
    Loader chosenLoader() {
        boolean utilsOptions = messages.stream()
                .flatMap(m -> m.images().stream())
                .anyMatch(i -> i.options().keySet().stream().anyMatch(ProcessVisionInfo.IMAGE_OPTIONS::contains));
        return loader.orElse(utilsOptions ? Loader.QWEN_VL_UTILS : Loader.LOAD_IMAGE);
    }

    /** Puts the pictures into the image items that name none, in order. */
    private static List<Message> filled(List<Message> messages, List<ImageSource> images) {
        if (messages.isEmpty()) {
            return List.of();
        }
        Iterator<ImageSource> next = images.iterator();
        List<Message> result = new ArrayList<>();
        int open = 0;
        for (Message message : messages) {
            List<Content> content = new ArrayList<>();
            for (Content item : message.content()) {
                boolean unnamed =
                        item instanceof Content.Image image && image.source().isEmpty();
                open += unnamed ? 1 : 0;
                content.add(
                        unnamed && next.hasNext()
                                ? new Content.Image(Optional.of(next.next()), ((Content.Image) item).options())
                                : item);
            }
            result.add(new Message(message.role(), content, message.plain()));
        }
        if (open != images.size()) {
            throw new InputException(
                    "the messages have " + open + " image items without a picture, and " + images.size()
                            + " pictures are given",
                    "give one picture for each");
        }
        return List.copyOf(result);
    }
}
