package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.VideoSource;
import dev.fovea.models.ProcessVisionInfo;
import java.net.URI;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An item of a chat message: a text, a picture or a clip, as {@code {"type": …}} in transformers' messages. Each has its keys as
 * the chat template sees them, in order; those that no template knows are without effect.
 */
public sealed interface Content {
    /** Where an item names its picture, the first that is there. */
    List<String> IMAGE_KEYS = List.of("image", "url", "path", "base64", "image_url");

    List<String> VIDEO_KEYS = List.of("video", "url", "path");

    /** What a template sees of a picture that has no address. */
    String HELD = "<Image>";

    /**
     * A text, taken as it stands: it is never read as a template.
     *
     * @param item further keys, as {@code cache_control}
     */
    record Text(String text, Map<String, @Nullable Object> item) implements Content {
        public Text {
            Objects.requireNonNull(text, "text");
            Objects.requireNonNull(item, "item");
            item = complete("text", item, Map.of("text", text));
        }

        public Text(String text) {
            this(text, Map.of());
        }

        Text continued(String more) {
            return new Text(text + more, item);
        }
    }

    /**
     * A picture.
     *
     * @param source where it is; empty where the request brings it beside the messages
     * @param item the item's keys; {@link #options} are among them
     */
    record Image(Optional<ImageSource> source, Map<String, @Nullable Object> item) implements Content {
        public Image {
            Objects.requireNonNull(source, "source");
            Objects.requireNonNull(item, "item");
            item = complete("image", item, Map.of());
        }

        /** The keys that qwen-vl-utils reads: resized_height, resized_width, min_pixels, max_pixels. */
        public Map<String, Object> options() {
            return known(item, ProcessVisionInfo.IMAGE_OPTIONS);
        }

        /** Exactly this size, rounded to multiples of the patches' factor: qwen-vl-utils' resized_height and resized_width. */
        public Image resized(int height, int width) {
            return with("resized_height", height).with("resized_width", width);
        }

        /** Limits of area in pixels: qwen-vl-utils' min_pixels and max_pixels. */
        public Image pixels(long min, long max) {
            return with("min_pixels", min).with("max_pixels", max);
        }

        /** This item with a further key. */
        public Image with(String key, Object value) {
            Objects.requireNonNull(key, "key");
            Objects.requireNonNull(value, "value");
            return with(Map.of(key, value));
        }

        /** This item with further keys. */
        public Image with(Map<String, Object> keys) {
            Objects.requireNonNull(keys, "keys");
            Map<String, @Nullable Object> all = new LinkedHashMap<>(item);
            all.putAll(keys);
            return new Image(source, all);
        }

        /** This item with its picture from elsewhere. */
        public Image withSource(ImageSource other) {
            Objects.requireNonNull(other, "other");
            return new Image(Optional.of(other), item);
        }
    }

    /**
     * A clip.
     *
     * @param source where it is; empty where the request brings it beside the messages
     * @param item the item's keys; {@link #options} are among them
     */
    record Video(Optional<VideoSource> source, Map<String, @Nullable Object> item) implements Content {
        public Video {
            Objects.requireNonNull(source, "source");
            Objects.requireNonNull(item, "item");
            item = complete("video", item, Map.of());
        }

        /**
         * The keys that qwen-vl-utils reads: resized_height, resized_width, min_pixels, max_pixels, total_pixels, sample_fps,
         * raw_fps, and those of video files.
         */
        public Map<String, Object> options() {
            return known(item, ProcessVisionInfo.VIDEO_OPTIONS);
        }

        /** Frames of exactly this size, rounded to multiples of 28: qwen-vl-utils' resized_height and resized_width. */
        public Video resized(int height, int width) {
            return with("resized_height", height).with("resized_width", width);
        }

        /** Limits of a frame's area in pixels: qwen-vl-utils' min_pixels and max_pixels. */
        public Video pixels(long min, long max) {
            return with("min_pixels", min).with("max_pixels", max);
        }

        /** How many frames of a second to take of a video file: qwen-vl-utils' fps. */
        public Video fps(double fps) {
            return with("fps", fps);
        }

        /** How many frames to take of a video file: qwen-vl-utils' nframes. */
        public Video nframes(int count) {
            return with("nframes", count);
        }

        /** Which seconds of a video file to look at: qwen-vl-utils' video_start and video_end. */
        public Video between(double start, double end) {
            return with("video_start", start).with("video_end", end);
        }

        /** How many of the frames make a second, where they are given: qwen-vl-utils' sample_fps. */
        public Video sampleFps(double fps) {
            return with("sample_fps", fps);
        }

        /** This item with a further key. */
        public Video with(String key, Object value) {
            Objects.requireNonNull(key, "key");
            Objects.requireNonNull(value, "value");
            return with(Map.of(key, value));
        }

        /** This item with further keys. */
        public Video with(Map<String, Object> keys) {
            Objects.requireNonNull(keys, "keys");
            Map<String, @Nullable Object> all = new LinkedHashMap<>(item);
            all.putAll(keys);
            return new Video(source, all);
        }

        /** This item with its clip from elsewhere. */
        public Video withSource(VideoSource other) {
            Objects.requireNonNull(other, "other");
            return new Video(Optional.of(other), item);
        }
    }

    /** The item as the chat template sees it, unchangeable. */
    Map<String, @Nullable Object> item();

    static Text text(String text) {
        return new Text(text);
    }

    /** A path, an http, https or file URL, a data URI, or base64. */
    static Image image(String source) {
        return new Image(Optional.of(ImageSource.parse(source)), Map.of("image", source));
    }

    static Image image(Path file) {
        Objects.requireNonNull(file, "file");
        return new Image(Optional.of(ImageSource.of(file)), Map.of("image", file.toString()));
    }

    static Image image(URI uri) {
        return new Image(Optional.of(ImageSource.of(uri)), Map.of("image", uri.toString()));
    }

    /** The bytes of a picture file. */
    static Image image(byte[] file) {
        Objects.requireNonNull(file, "file");
        return image(ImageSource.of(file));
    }

    static Image image(ImageSource source) {
        Objects.requireNonNull(source, "source");
        return new Image(Optional.of(source), Map.of("image", HELD));
    }

    /** A picture that is handed to the processor by itself. */
    static Image image() {
        return new Image(Optional.empty(), Map.of());
    }

    /** A video file, by its path, an http, https or file URL, or a data URI; or the path of a folder of frames. */
    static Video video(String source) {
        Objects.requireNonNull(source, "source");
        return new Video(Optional.of(VideoSource.parse(source, Path.of(""))), Map.of("video", source));
    }

    /** A video file, or a folder of frames. */
    static Video video(Path path) {
        Objects.requireNonNull(path, "path");
        return new Video(Optional.of(VideoSource.of(path)), Map.of("video", path.toString()));
    }

    /** A video file at an address. */
    static Video video(URI uri) {
        Objects.requireNonNull(uri, "uri");
        return new Video(Optional.of(VideoSource.of(uri)), Map.of("video", uri.toString()));
    }

    /** Frames, in the order of time. */
    static Video video(List<Path> frames) {
        VideoSource source = VideoSource.of(frames.stream().map(ImageSource::of).toList());
        return new Video(
                Optional.of(source),
                Map.of("video", frames.stream().map(Path::toString).toList()));
    }

    static Video video(VideoSource source) {
        Objects.requireNonNull(source, "source");
        return new Video(Optional.of(source), Map.of("video", HELD));
    }

    /** A clip that is handed to the processor by itself. */
    static Video video() {
        return new Video(Optional.empty(), Map.of());
    }

    /**
     * An item in transformers' JSON form.
     *
     * @param directory that relative paths start from
     * @throws InputException for an item that is neither text nor picture nor clip
     */
    static Content parse(@Nullable Object json, Path directory) {
        Objects.requireNonNull(directory, "directory");
        Map<String, @Nullable Object> item = new LinkedHashMap<>(Json.object(json, "an item of a message's content"));
        // Tables of data sets give every item every key: one that names no picture is none.
        IMAGE_KEYS.forEach(key -> item.remove(key, null));
        item.remove("video", null);
        Object type = item.get("type");
        if ("text".equals(type) || (type == null && item.get("text") != null)) {
            if (item.get("text") instanceof String text) {
                return new Text(text, item);
            }
            throw new InputException(
                    "a text item has " + Json.typeName(item.get("text")) + " as its text; expected a string");
        }
        if ("video".equals(type) || (type == null && item.containsKey("video"))) {
            return new Video(named(item, VIDEO_KEYS).map(key -> videoSource(item.get(key), directory)), item);
        }
        if ("image".equals(type)
                || "image_url".equals(type)
                || (type == null && named(item, IMAGE_KEYS).isPresent())) {
            return image(item, directory);
        }
        throw new InputException(
                "an item of a message has the type " + Quote.of(Json.write(type)) + "; expected text, image or video");
    }

    private static Image image(Map<String, @Nullable Object> item, Path directory) {
        Optional<String> key = named(item, IMAGE_KEYS);
        Map<String, @Nullable Object> seen = item;
        Object given = item.get("image_url");
        if (given != null) {
            // As transformers turns the items of OpenAI's messages into its own: further keys do not come along.
            seen = new LinkedHashMap<>(Map.of("type", "image"));
            seen.put("url", given instanceof Map<?, ?> nested ? nested.get("url") : given);
            seen.putAll(known(item, ProcessVisionInfo.IMAGE_OPTIONS));
        } else if ("image_url".equals(item.get("type"))) {
            seen.put("type", "image");
        }
        return new Image(key.map(k -> source(item.get(k), directory)), seen);
    }

    /** The key that names a picture or clip. */
    private static Optional<String> named(Map<String, @Nullable Object> item, List<String> keys) {
        List<String> found = keys.stream().filter(item::containsKey).toList();
        if (found.size() > 1) {
            throw new InputException(
                    "an item of a message has " + String.join(" and ", found) + "; expected one of them",
                    "give each picture or clip in an item of its own");
        }
        return found.stream().findFirst();
    }

    /**
     * A clip in JSON: a video file's path or URL, a folder of frames, or a list of paths, URLs, data URIs or base64, one per frame.
     *
     * @param directory that relative paths start from
     * @throws InputException where it is something else
     */
    static VideoSource videoSource(@Nullable Object json, Path directory) {
        Objects.requireNonNull(directory, "directory");
        return switch (json) {
            case String named -> VideoSource.parse(named, directory);
            case List<?> frames ->
                VideoSource.of(
                        frames.stream().map(frame -> source(frame, directory)).toList());
            case null, default ->
                throw new InputException("a video is " + Json.typeName(json)
                        + "; expected a path or URL of a video file, a folder of frames, or a list of paths");
        };
    }

    /** The keys of an item, its type among them, and then some. */
    private static Map<String, @Nullable Object> complete(
            String type, Map<String, @Nullable Object> given, Map<String, ?> more) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        if (!given.containsKey("type")) {
            all.put("type", type);
        }
        all.putAll(given);
        all.put("type", type);
        all.putAll(more);
        return Collections.unmodifiableMap(all);
    }

    private static Map<String, Object> known(Map<String, @Nullable Object> item, Collection<String> keys) {
        Map<String, Object> options = new LinkedHashMap<>();
        item.forEach((key, value) -> {
            if (value != null && keys.contains(key)) {
                options.put(key, value);
            }
        });
        return options;
    }

    private static ImageSource source(@Nullable Object value, Path directory) {
        if (value instanceof Map<?, ?> nested && nested.get("url") instanceof String url) {
            return ImageSource.parse(url, directory);
        }
        if (value instanceof String text) {
            return ImageSource.parse(text, directory);
        }
        throw new InputException(
                "an image item names " + Json.typeName(value) + "; expected a path, URL, data URI or base64");
    }
}
