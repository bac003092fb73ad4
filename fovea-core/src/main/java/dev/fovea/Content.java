package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import dev.fovea.media.VideoSource;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An item of a chat message: a text, a picture or a clip, as {@code {"type": …}} in transformers' messages. */
public sealed interface Content {

    /** A text, taken as it stands: it is never read as a template. */
    record Text(String text) implements Content {
        @Override
        public Map<String, @Nullable Object> toMap() {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("type", "text");
            map.put("text", text);
            return map;
        }
    }

    /**
     * A picture.
     *
     * @param source where it is; empty where the request brings it beside the messages
     * @param options of qwen-vl-utils: resized_height, resized_width, min_pixels, max_pixels
     */
    record Image(Optional<ImageSource> source, Map<String, Object> options) implements Content {
        public Image {
            options = Map.copyOf(options);
        }

        /** Exactly this size, rounded to multiples of the patches' factor: qwen-vl-utils' resized_height and resized_width. */
        public Image resized(int height, int width) {
            return with("resized_height", height).with("resized_width", width);
        }

        /** Limits of area in pixels: qwen-vl-utils' min_pixels and max_pixels. */
        public Image pixels(long min, long max) {
            return with("min_pixels", min).with("max_pixels", max);
        }

        private Image with(String key, Object value) {
            return new Image(source, plus(options, key, value));
        }

        @Override
        public Map<String, @Nullable Object> toMap() {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("type", "image");
            map.putAll(options);
            return map;
        }
    }

    /**
     * A clip.
     *
     * @param source where it is; empty where the request brings it beside the messages
     * @param options of qwen-vl-utils: resized_height, resized_width, min_pixels, max_pixels, total_pixels, sample_fps, raw_fps
     */
    record Video(Optional<VideoSource> source, Map<String, Object> options) implements Content {
        public Video {
            options = Map.copyOf(options);
        }

        /** Frames of exactly this size, rounded to multiples of 28: qwen-vl-utils' resized_height and resized_width. */
        public Video resized(int height, int width) {
            return with("resized_height", height).with("resized_width", width);
        }

        /** Limits of a frame's area in pixels: qwen-vl-utils' min_pixels and max_pixels. */
        public Video pixels(long min, long max) {
            return with("min_pixels", min).with("max_pixels", max);
        }

        /** How many of the frames make a second: qwen-vl-utils' sample_fps. */
        public Video sampleFps(double fps) {
            return with("sample_fps", fps);
        }

        private Video with(String key, Object value) {
            return new Video(source, plus(options, key, value));
        }

        @Override
        public Map<String, @Nullable Object> toMap() {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("type", "video");
            map.putAll(options);
            return map;
        }
    }

    /** The item as the chat template sees it. */
    Map<String, @Nullable Object> toMap();

    static Text text(String text) {
        return new Text(text);
    }

    /** A path, an http, https or file URL, a data URI, or base64. */
    static Image image(String source) {
        return new Image(Optional.of(ImageSource.parse(source)), Map.of());
    }

    static Image image(Path file) {
        return new Image(Optional.of(ImageSource.of(file)), Map.of());
    }

    static Image image(URI uri) {
        return new Image(Optional.of(ImageSource.of(uri)), Map.of());
    }

    /** The bytes of a picture file. */
    static Image image(byte[] file) {
        return new Image(Optional.of(ImageSource.of(file)), Map.of());
    }

    static Image image(ImageSource source) {
        return new Image(Optional.of(source), Map.of());
    }

    /** A picture that is handed to the processor by itself. */
    static Image image() {
        return new Image(Optional.empty(), Map.of());
    }

    /** A folder of frames. */
    static Video video(Path directory) {
        return video(VideoSource.of(directory));
    }

    /** Frames, in the order of time. */
    static Video video(List<Path> frames) {
        return video(VideoSource.of(frames.stream().map(ImageSource::of).toList()));
    }

    static Video video(VideoSource source) {
        return new Video(Optional.of(source), Map.of());
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
        Map<String, @Nullable Object> item = Json.object(json, "an item of a message's content");
        Object type = item.get("type");
        if ("text".equals(type) || (type == null && item.containsKey("text"))) {
            if (item.get("text") instanceof String text) {
                return new Text(text);
            }
            throw new InputException(
                    "a text item has " + Json.typeName(item.get("text")) + " as its text; expected a string");
        }
        if ("video".equals(type) || item.containsKey("video")) {
            return video(item, directory);
        }
        for (String key : List.of("image", "url", "path", "base64", "image_url")) {
            if (item.containsKey(key)) {
                return new Image(Optional.of(source(item.get(key), directory)), options(item, key));
            }
        }
        if ("image".equals(type) || "image_url".equals(type)) {
            return new Image(Optional.empty(), options(item, "image"));
        }
        throw new InputException(
                "an item of a message has the type " + Json.write(type) + "; expected text, image or video");
    }

    private static Video video(Map<String, @Nullable Object> item, Path directory) {
        for (String key : List.of("video", "url", "path")) {
            if (item.get(key) != null) {
                return new Video(Optional.of(videoSource(item.get(key), directory)), options(item, key));
            }
        }
        return new Video(Optional.empty(), options(item, "video"));
    }

    /**
     * A clip in JSON: a folder of frames, or a list of paths, URLs, data URIs or base64, one per frame.
     *
     * @param directory that relative paths start from
     * @throws InputException where it is something else
     */
    static VideoSource videoSource(@Nullable Object json, Path directory) {
        return switch (json) {
            case String folder -> VideoSource.parse(folder, directory);
            case List<?> frames ->
                VideoSource.of(
                        frames.stream().map(frame -> source(frame, directory)).toList());
            case null, default ->
                throw new InputException(
                        "a video is " + Json.typeName(json) + "; expected a folder of frames, or a list of paths");
        };
    }

    private static Map<String, Object> plus(Map<String, Object> options, String key, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(options);
        more.put(key, value);
        return more;
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

    private static Map<String, Object> options(Map<String, @Nullable Object> item, String sourceKey) {
        Map<String, Object> options = new LinkedHashMap<>();
        item.forEach((key, value) -> {
            if (value != null && !key.equals("type") && !key.equals(sourceKey)) {
                options.put(key, value);
            }
        });
        return options;
    }
}
