package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 * @param fields all keys of the message in the order in which the template sees them: {@code name}, {@code tool_calls}, …; the
 *     values of role and content are those above. Without {@code content} among them the message has none; without anything they
 *     are role and content. Values that are null are dropped, as transformers does before it renders
 */
public record Message(String role, List<Content> content, boolean plain, Map<String, @Nullable Object> fields) {
    private static final String ROLE = "role";
    private static final String CONTENT = "content";

    public Message {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(content, "content");
        Objects.requireNonNull(fields, "fields");
        content = List.copyOf(content);
        fields = ordered(fields);
    }

    public Message(String role, List<Content> content, boolean plain) {
        this(role, content, plain, Map.of());
    }

    private static Map<String, @Nullable Object> ordered(Map<String, @Nullable Object> given) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        if (!given.containsKey(ROLE)) {
            all.put(ROLE, ROLE);
        }
        if (given.isEmpty()) {
            all.put(CONTENT, CONTENT);
        }
        given.forEach((key, value) -> {
            if (value != null) {
                all.put(key, key.equals(ROLE) || key.equals(CONTENT) ? key : value);
            }
        });
        return Collections.unmodifiableMap(all);
    }

    public static Message of(String role, Content... content) {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(content, "content");
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

    /** This message with a further key that the template sees, as {@code name} or {@code tool_calls}. */
    public Message with(String key, Object value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        Map<String, @Nullable Object> more = new LinkedHashMap<>(fields);
        more.put(key, value);
        return new Message(role, content, plain, more);
    }

    /** This message with other content, under the same keys. */
    public Message withContent(List<Content> content) {
        return new Message(role, content, plain, fields);
    }

    /** This message with a text behind its last one: how an answer continues it. */
    Message continued(String field, String more) {
        if (!field.equals(CONTENT)) {
            return with(field, fields.getOrDefault(field, "") + more);
        }
        int last = content.size() - 1;
        while (last >= 0 && !(content.get(last) instanceof Content.Text)) {
            last--;
        }
        List<Content> all = new ArrayList<>(content);
        if (last < 0) {
            all.add(Content.text(more));
        } else {
            all.set(last, ((Content.Text) content.get(last)).continued(more));
        }
        return withContent(all);
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
        fields.forEach((key, value) -> map.put(
                key,
                switch (key) {
                    case ROLE -> role;
                    case CONTENT ->
                        plain ? text() : content.stream().map(Content::item).toList();
                    default -> value;
                }));
        return map;
    }

    /**
     * Messages in transformers' JSON form: {@code [{"role": …, "content": "…" or [{"type": "text", …}, …]}, …]}, with any further
     * keys that the template knows.
     *
     * @param directory that relative paths of pictures and clips start from
     * @throws InputException where the form is another
     */
    public static List<Message> parse(@Nullable Object json, Path directory) {
        Objects.requireNonNull(directory, "directory");
        return Json.array(json, "messages").stream()
                .map(m -> parseOne(m, directory))
                .toList();
    }

    private static Message parseOne(@Nullable Object json, Path directory) {
        Map<String, @Nullable Object> map = Json.object(json, "a message");
        if (!(map.get(ROLE) instanceof String role)) {
            throw new InputException(
                    "a message has " + Json.typeName(map.get(ROLE)) + " as its role; expected a string");
        }
        return switch (map.get(CONTENT)) {
            case null -> new Message(role, List.of(), false, withoutContent(map));
            case String text -> new Message(role, List.of(Content.text(text)), true, map);
            case Object content -> {
                List<Content> items = Json.array(content, "the content of a message").stream()
                        .map(item -> Content.parse(item, directory))
                        .toList();
                yield new Message(role, items, false, map);
            }
        };
    }

    /** A message without content says something by its other keys: the usual form beside tool_calls. */
    private static Map<String, @Nullable Object> withoutContent(Map<String, @Nullable Object> map) {
        if (map.values().stream().filter(v -> v != null).count() < 2) {
            throw new InputException(
                    "a message of the role " + Quote.of(String.valueOf(map.get(ROLE)))
                            + " has no content, and nothing else",
                    "give its content as a text or as a list of items");
        }
        return map;
    }
}
