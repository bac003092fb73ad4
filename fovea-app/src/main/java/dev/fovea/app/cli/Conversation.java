package dev.fovea.app.cli;

import dev.fovea.Content;
import dev.fovea.Message;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.media.VideoSource;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was said, what waits to be said, and what the model is told first. Every turn of the user in it is answered.
 *
 * <p>Pictures and clips are read when they join and held from then on: each turn shows them to the model again, and their files may
 * be gone by then.
 */
final class Conversation {
    private Optional<Message> system = Optional.empty();
    private List<Message> turns = List.of();
    private Optional<Message> question = Optional.empty();
    private List<Message> withdrawn = List.of(); // the last turns while they are tried again
    private final List<Content> shown = new ArrayList<>();

    /** @param messages of a talk so far; one that ends with the user's turn waits for its answer */
    Conversation(List<Message> messages) {
        List<Message> rest =
                new ArrayList<>(messages.stream().map(Conversation::held).toList());
        if (!rest.isEmpty() && rest.getFirst().role().equals("system")) {
            system = Optional.of(rest.removeFirst());
        }
        if (!rest.isEmpty() && !rest.getLast().role().equals("assistant")) {
            question = Optional.of(rest.removeLast());
        }
        turns = List.copyOf(rest);
    }

    private static Message held(Message message) {
        return message.withContent(
                message.content().stream().map(Conversation::held).toList());
    }

    private static Content held(Content content) {
        return switch (content) {
            case Content.Text text -> text;
            case Content.Image image -> new Content.Image(image.source().map(ImageSource::inMemory), image.item());
            case Content.Video video -> new Content.Video(video.source().map(VideoSource::inMemory), video.item());
        };
    }

    /** The message that has no answer yet. */
    Optional<Message> question() {
        return question;
    }

    boolean isEmpty() {
        return turns.isEmpty();
    }

    /** Pictures and clips for the next message. */
    List<Content> shown() {
        return List.copyOf(shown);
    }

    /** @throws dev.fovea.error.InputException where it cannot be read; nothing has changed then */
    void show(Content pictureOrClip) {
        Content held = held(pictureOrClip);
        check(held);
        shown.add(held);
    }

    private static void check(Content content) {
        switch (content) {
            case Content.Text _ -> {}
            case Content.Image image -> image.source().ifPresent(ImageSource::decode);
            case Content.Video video -> video.source().ifPresent(Conversation::check);
        }
    }

    private static void check(VideoSource clip) {
        if (clip.isFile()) {
            clip.open();
        } else {
            clip.frames().forEach(ImageSource::decode);
        }
    }

    void dropShown() {
        shown.clear();
    }

    void tell(String text) {
        system = Optional.of(text).filter(t -> !t.isBlank()).map(Message::system);
    }

    /** The pictures and clips that wait, then a text. They wait on until there is an answer. */
    void ask(String text) {
        List<Content> content = new ArrayList<>(shown);
        content.add(Content.text(text));
        turns = joined(List.of(turns, withdrawn));
        withdrawn = List.of();
        question = Optional.of(new Message("user", content, false));
    }

    /** Asks the last message again, if none waits for its answer; the old answer counts until there is another. */
    void askAgain() {
        if (question.isEmpty() && !turns.isEmpty()) {
            int last = turns.size() - 2;
            withdrawn = turns.subList(last, turns.size());
            turns = turns.subList(0, last);
            question = Optional.of(withdrawn.getFirst());
        }
    }

    /** All that the model gets to answer the question. */
    List<Message> prompt() {
        return joined(List.of(system.stream().toList(), turns, question.stream().toList()));
    }

    void answer(String text) {
        turns = joined(List.of(turns, question.stream().toList(), List.of(Message.assistant(text))));
        withdrawn = List.of();
        question.stream().flatMap(q -> q.content().stream()).forEach(shown::remove);
        question = Optional.empty();
    }

    void reset() {
        turns = List.of();
        withdrawn = List.of();
        question = Optional.empty();
        shown.clear();
    }

    private static List<Message> joined(List<List<Message>> parts) {
        return parts.stream().flatMap(List::stream).toList();
    }

    /** In transformers' JSON form, pictures and frames by their paths. */
    List<Object> toJson() {
        return prompt().stream().map(Conversation::json).toList();
    }

    private static Object json(Message message) {
        Map<String, @Nullable Object> json = message.toMap();
        if (!message.plain() && json.containsKey("content")) {
            json.put(
                    "content",
                    message.content().stream().map(Conversation::json).toList());
        }
        return json;
    }

    private static Object json(Content content) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>(content.item());
        switch (content) {
            case Content.Text _ -> {}
            case Content.Image image ->
                image.source().ifPresent(source -> {
                    json.keySet().removeAll(Content.IMAGE_KEYS);
                    json.put("image", name(source));
                });
            case Content.Video video ->
                video.source().ifPresent(source -> {
                    json.keySet().removeAll(Content.VIDEO_KEYS);
                    json.put("video", name(source));
                });
        }
        return json;
    }

    private static Object name(VideoSource clip) {
        return switch (clip) {
            case VideoSource.OfFile(ImageSource file) -> name(file);
            case VideoSource.OfPath(Path path) -> path.toAbsolutePath().toString();
            case VideoSource.OfFrames(List<ImageSource> frames) ->
                frames.stream().map(Conversation::name).toList();
        };
    }

    private static String name(ImageSource source) {
        return switch (source) {
            case ImageSource.Held held -> name(held.origin());
            case ImageSource.OfPath(Path path) -> path.toAbsolutePath().toString();
            case ImageSource.OfBytes(byte[] bytes) ->
                "data:;base64," + Base64.getEncoder().encodeToString(bytes);
            case ImageSource.OfUri(URI uri) -> uri.toString(); // whole: the saved talk fetches it again
            // No file has it, so the file of the conversation takes it along.
            case DecodedImage picture -> name(ImageSource.of(picture.png()));
        };
    }
}
