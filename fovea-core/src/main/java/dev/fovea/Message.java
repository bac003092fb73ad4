package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A turn of a conversation.
 *
 * <pre>{@code
 * List.of(Message.system("Answer briefly."), Message.user(Content.image("photo.jpg"), Content.text("What is this?")))
 * }</pre>
 *
 * @param role system, user or assistant, as far as the chat template knows it
 * @param content in reading order
 * @param plain whether the content is one text that the template gets as a string instead of a list; templates may treat the
 *     two differently
 */
public record Message(String role, List<Content> content, boolean plain) {
    public Message {
        content = List.copyOf(content);
    }

    public static Message of(String role, Content... content) {
        return new Message(role, Arrays.asList(content), false);
    }

    public static Message system(String text) {
        return of("system", Content.text(text));
    }

    public static Message user(Content... content) {
        return of("user", content);
    }

    public static Message user(String text) {
        return of("user", Content.text(text));
    }

    public static Message assistant(String text) {
        return of("assistant", Content.text(text));
    }

    /** The pictures, in reading order. */
    public List<Content.Image> images() {
        return content.stream()
                .filter(Content.Image.class::isInstance)
                .map(Content.Image.class::cast)
                .toList();
    }

    /** The clips, in reading order. */
    public List<Content.Video> videos() {
        return content.stream()
                .filter(Content.Video.class::isInstance)
                .map(Content.Video.class::cast)
                .toList();
    }

    /** The texts, one after another. */
    public String text() {
        StringBuilder text = new StringBuilder();
        content.forEach(c -> text.append(c instanceof Content.Text t ? t.text() : ""));
        return text.toString();
    }

    /** The message as the chat template sees it. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("role", role);
        map.put("content", plain ? text() : content.stream().map(Content::toMap).toList());
        return map;
    }

    /**
     * Messages in transformers' JSON form: {@code [{"role": …, "content": "…" or [{"type": "text", …}, …]}, …]}.
     *
     * @param directory that relative paths of pictures and clips start from
     * @throws InputException where the form is another
     */
    public static List<Message> parse(@Nullable Object json, Path directory) {
        return Json.array(json, "messages").stream()
                .map(m -> parseOne(m, directory))
                .toList();
    }

    private static Message parseOne(@Nullable Object json, Path directory) {
        Map<String, @Nullable Object> map = Json.object(json, "a message");
        if (!(map.get("role") instanceof String role)) {
            throw new InputException(
                    "a message has " + Json.typeName(map.get("role")) + " as its role; expected a string");
        }
        if (map.get("content") instanceof String text) {
            return new Message(role, List.of(Content.text(text)), true);
        }
        List<Content> items = Json.array(map.get("content"), "the content of a message").stream()
                .map(item -> Content.parse(item, directory))
                .toList();
        return new Message(role, items, false);
    }
}
