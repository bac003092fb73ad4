package dev.fovea.serve;

import dev.fovea.Content;
import dev.fovea.Message;
import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** OpenAI's messages as a model's chat template takes them. */
final class ChatMessages {
    private final Media media;
    private final int most;

    /** @param most messages at most */
    ChatMessages(Media media, int most) {
        this.media = media;
        this.most = most;
    }

    List<Message> read(Fields request) {
        return read(request.list("messages").orElseThrow(() -> request.missing("messages")), "messages");
    }

    /** @param param the key of the request that has them */
    List<Message> read(List<@Nullable Object> all, String param) {
        if (all.isEmpty()) {
            throw Problem.of(param, param + " is empty; expected at least one message");
        }
        if (all.size() > most) {
            throw Problem.of(param, param + " has " + all.size() + " messages; at most " + most + " are taken");
        }
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            messages.add(message(Fields.of(all.get(i), param + "[" + i + "]")));
        }
        return messages;
    }

    private Message message(Fields message) {
        String role = message.requiredString("role");
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        switch (role) {
            case "system", "user" -> {}
            case "developer" -> role = "system"; // its name since 2025; templates know the older one
            case "assistant" -> {
                message.only("refusal", "", "an answer that was refused is none");
                message.refuse("models here do not speak", "audio", "function_call");
                message.only("annotations", List.of(), "answers here have none"); // of a message that comes back
                message.list("tool_calls").ifPresent(calls -> fields.put("tool_calls", toolCalls(calls, message)));
                message.string("reasoning_content").ifPresent(text -> fields.put("reasoning_content", text));
            }
            case "tool" -> fields.put("tool_call_id", message.requiredString("tool_call_id"));
            default ->
                throw Problem.of(
                        message.path("role"),
                        message.path("role") + " is " + Quote.of(role)
                                + "; expected system, developer, user, assistant or tool");
        }
        message.string("name").ifPresent(name -> fields.put("name", name));
        Message read = content(role, message, fields);
        message.done();
        return read;
    }

    private Message content(String role, Fields message, Map<String, @Nullable Object> fields) {
        Map<String, @Nullable Object> keys = new LinkedHashMap<>();
        keys.put("role", role);
        keys.put("content", "content");
        Object content = message.value("content").orElse(null);
        if (content == null) {
            if (!fields.containsKey("tool_calls")) {
                throw message.missing("content");
            }
            content = ""; // templates look into it
        }
        keys.putAll(fields);
        return switch (content) {
            case String text -> new Message(role, List.of(Content.text(text)), true, keys);
            case List<?> items -> {
                List<Content> read = items(items, message.path("content"));
                // Templates of models without pictures know strings alone.
                boolean isText =
                        items.size() == 1 && Fields.of(items.getFirst()).has("text");
                yield new Message(role, read, isText, keys);
            }
            default ->
                throw Problem.of(
                        message.path("content"),
                        message.path("content") + " is " + Json.typeName(content)
                                + "; expected a string, or an array of parts");
        };
    }

    private List<Content> items(List<?> items, String path) {
        List<Content> read = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            read.add(item(Fields.of(items.get(i), path + "[" + i + "]")));
        }
        return read;
    }

    private Content item(Fields item) {
        String type = item.requiredString("type");
        Content read = switch (type) {
            case "text" -> Content.text(item.requiredString("text"));
            case "image_url" -> picture(item);
            case "video_url" -> clip(item);
            case "file" -> file(item);
            default ->
                throw Problem.of(
                        item.path("type"),
                        item.path("type") + " is " + Quote.of(type) + "; expected text, image_url, video_url or file");
        };
        item.done();
        return read;
    }

    private Content picture(Fields item) {
        Object url = item.value("image_url").orElseThrow(() -> item.missing("image_url"));
        if (url instanceof String text) {
            return Content.image(media.picture(text, item.path("image_url")));
        }
        Fields nested = Fields.of(url, item.path("image_url"));
        // Which of its sizes a picture is looked at in is for the model's own processor to say.
        nested.withoutEffect("detail");
        Content picture = Content.image(media.picture(nested.requiredString("url"), nested.path("url")));
        nested.done();
        return picture;
    }

    private Content clip(Fields item) {
        Object url = item.value("video_url").orElseThrow(() -> item.missing("video_url"));
        if (url instanceof String text) {
            return Content.video(media.clip(text, item.path("video_url")));
        }
        Fields nested = Fields.of(url, item.path("video_url"));
        Content clip = Content.video(media.clip(nested.requiredString("url"), nested.path("url")));
        nested.done();
        return clip;
    }

    private Content file(Fields item) {
        Fields file = item.object("file").orElseThrow(() -> item.missing("file"));
        file.withoutEffect("filename");
        Content read;
        if (file.has("file_data")) {
            String data = file.requiredString("file_data");
            read = data.regionMatches(true, 0, "data:video/", 0, 11)
                    ? Content.video(media.clip(data, file.path("file_data")))
                    : Content.image(media.picture(data, file.path("file_data")));
        } else {
            String id = file.requiredString("file_id");
            read = media.isClip(id, file.path("file_id"))
                    ? Content.video(media.clipOfFile(id, file.path("file_id")))
                    : Content.image(media.pictureOfFile(id, file.path("file_id")));
        }
        file.done();
        return read;
    }

    /** Templates take a call's arguments as an object, where OpenAI has them as a text. */
    private static List<Object> toolCalls(List<?> calls, Fields message) {
        List<Object> read = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            Fields call = Fields.of(calls.get(i), message.path("tool_calls[" + i + "]"));
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            call.string("id").ifPresent(id -> one.put("id", id));
            call.only("type", "function", "the others are OpenAI's own tools");
            one.put("type", "function");
            Fields function = call.object("function").orElseThrow(() -> call.missing("function"));
            String arguments = function.requiredString("arguments");
            Map<String, @Nullable Object> what = new LinkedHashMap<>();
            what.put("name", function.requiredString("name"));
            what.put("arguments", arguments(arguments, function.path("arguments")));
            one.put("function", what);
            function.done();
            call.withoutEffect("index"); // of a streamed call that was put together again
            call.done();
            read.add(one);
        }
        return read;
    }

    private static @Nullable Object arguments(String text, String path) {
        try {
            return text.isBlank() ? Map.of() : Json.parse(text, path);
        } catch (InputException e) {
            throw Problem.of(path, e.getMessage());
        }
    }
}
