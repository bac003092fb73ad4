package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An item of a chat message: a text or a picture, as {@code {"type": …}} in transformers' messages. */
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
            Map<String, Object> more = new LinkedHashMap<>(options);
            more.put(key, value);
            return new Image(source, more);
        }

        @Override
        public Map<String, @Nullable Object> toMap() {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("type", "image");
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

    /**
     * An item in transformers' JSON form.
     *
     * @param directory that relative paths start from
     * @throws InputException for an item that is neither text nor picture
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
        for (String key : List.of("image", "url", "path", "base64", "image_url")) {
            if (item.containsKey(key)) {
                return new Image(Optional.of(source(item.get(key), directory)), options(item, key));
            }
        }
        if ("image".equals(type) || "image_url".equals(type)) {
            return new Image(Optional.empty(), options(item, "image"));
        }
        if ("video".equals(type) || item.containsKey("video")) {
            throw new InputException(
                    "a message has a video item; this version does not read clips yet", "give pictures");
        }
        throw new InputException("an item of a message has the type " + Json.write(type) + "; expected text or image");
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
