package dev.fovea.parity;

import dev.fovea.Request;
import dev.fovea.io.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A case of the parity kit: a question, and what the reference answered. Rows of a batch are separate requests here.
 *
 * @param variant the folder that paths start from
 * @param json the case as it stands in cases.json
 */
public record ParityCase(Path variant, Map<String, @Nullable Object> json) {
    private static final List<String> REQUEST_KEYS =
            List.of("processor", "generate", "loader", "resampler", "class_rows");

    public static List<ParityCase> all(Path variant) {
        return Json.array(Json.parse(variant.resolve("cases.json")), "cases").stream()
                .map(c -> new ParityCase(variant, Json.object(c, "case")))
                .toList();
    }

    public static ParityCase named(Path variant, String name) {
        return all(variant).stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    public String name() {
        return text("name");
    }

    String text(String key) {
        return (String) json.get(key);
    }

    boolean isFloat32() {
        return "float32".equals(json.get("dtype"));
    }

    /** Whether a clip is a file; the others are lists of frames. */
    boolean hasVideoFiles() {
        return videos().stream().anyMatch(String.class::isInstance);
    }

    private List<Object> videos() {
        return new ArrayList<>(Json.array(json.getOrDefault("videos", List.of()), "videos"));
    }

    /** Whether the reference answers the padded batch otherwise than each row; the kit then asks for neither. */
    boolean batchDiffers() {
        return Boolean.TRUE.equals(json.get("batch_differs"));
    }

    /**
     * How far the kit's own number, a stage or the score of a beam search, is from float64: 0 but for the few that float64.json of
     * the family names.
     */
    double distanceFromExact(String what) {
        Path file = variant.resolveSibling("float64.json");
        Object own = Files.exists(file) ? Json.parseObject(file).get(variant.getFileName() + "/" + name()) : null;
        return own instanceof Map<?, ?> map && map.get(what) instanceof Number n ? n.doubleValue() : 0;
    }

    Path stages(String suffix) {
        return variant.resolve("stages").resolve(name() + suffix + ".safetensors");
    }

    /** A list with an entry per row or per returned sequence; a single one may stand alone. */
    List<@Nullable Object> rows(String key) {
        Object value = json.get(key);
        boolean idsOfOneRow = value instanceof List<?> ids
                && !ids.isEmpty()
                && ids.getFirst() instanceof Number
                && (key.endsWith("_ids") || key.equals("attention_mask"));
        return value instanceof List<?> list && !idsOfOneRow
                ? new ArrayList<>(list)
                : new ArrayList<>(Arrays.asList(value));
    }

    /** Token ids of the rows; input_ids lose the padding that attention_mask marks. */
    List<int[]> ids(String key) {
        List<int[]> ids = rows(key).stream().map(ParityCase::ints).toList();
        if (!key.equals("input_ids") || json.get("attention_mask") == null) {
            return ids;
        }
        List<int[]> places = places();
        return IntStream.range(0, ids.size())
                .mapToObj(r ->
                        Arrays.stream(places.get(r)).map(i -> ids.get(r)[i]).toArray())
                .toList();
    }

    /**
     * For each row, where its tokens stand in the batch that the reference ran: where attention_mask is 1; where there is none,
     * at the end of the longest row.
     */
    List<int[]> places() {
        if (json.get("attention_mask") != null) {
            return rows("attention_mask").stream()
                    .map(ParityCase::ints)
                    .map(mask -> IntStream.range(0, mask.length)
                            .filter(i -> mask[i] == 1)
                            .toArray())
                    .toList();
        }
        int[] lengths = ids("input_ids").stream().mapToInt(ids -> ids.length).toArray();
        int longest = Arrays.stream(lengths).max().orElse(0);
        return Arrays.stream(lengths)
                .mapToObj(n -> IntStream.range(longest - n, longest).toArray())
                .toList();
    }

    /** The case with the answers of the reference's second implementation, where they differ: of ids the kit has no texts. */
    Optional<ParityCase> alternative() {
        if (!(json.get("native") instanceof Map<?, ?> other)) {
            return Optional.empty();
        }
        Map<String, @Nullable Object> merged = new LinkedHashMap<>(json);
        List.of("output_text", "output_text_raw", "parsed").forEach(merged::remove);
        other.forEach((key, value) -> merged.put((String) key, value));
        merged.remove("native");
        return Optional.of(new ParityCase(variant, merged));
    }

    static int[] ints(@Nullable Object list) {
        return Json.array(list, "ids").stream()
                .mapToInt(n -> ((Number) n).intValue())
                .toArray();
    }

    /** The requests of the rows, each with the pictures and clips that its messages name. */
    public List<Request> requests(Map<String, Object> more) {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        List<Object> images = new ArrayList<>(Json.array(json.getOrDefault("images", List.of()), "images"));
        List<Object> videos = videos();
        Object messages = json.get("messages");
        boolean batched = messages instanceof List<?> list && list.getFirst() instanceof List<?>;
        for (Object conversation : messages == null ? List.of() : batched ? (List<?>) messages : List.of(messages)) {
            int ownImages = items(conversation, "image");
            int ownVideos = items(conversation, "video");
            rows.add(row("messages", conversation, images.subList(0, ownImages), videos.subList(0, ownVideos)));
            images = images.subList(ownImages, images.size());
            videos = videos.subList(ownVideos, videos.size());
        }
        if (messages == null) {
            int batch = ids("input_ids").size();
            List<@Nullable Object> texts = json.get("text") == null ? Collections.nCopies(batch, null) : rows("text");
            for (int i = 0; i < batch; i++) {
                List<Object> own = batch == 1 || images.isEmpty() ? images : images.subList(i, i + 1);
                rows.add(row("text", texts.get(i), own, List.of()));
            }
        }
        return rows.stream()
                .map(r -> {
                    r.putAll(more);
                    return Request.parse(r, variant);
                })
                .toList();
    }

    private Map<String, @Nullable Object> row(
            String key, @Nullable Object value, List<Object> images, List<Object> videos) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        REQUEST_KEYS.stream().filter(k -> json.get(k) != null).forEach(k -> row.put(k, json.get(k)));
        row.put(key, value);
        row.put("images", new ArrayList<>(images));
        row.put("videos", new ArrayList<>(videos));
        return row;
    }

    private static int items(Object conversation, String type) {
        int count = 0;
        for (Object message : (List<?>) conversation) {
            if (((Map<?, ?>) message).get("content") instanceof List<?> items) {
                count += (int) items.stream()
                        .filter(i -> type.equals(((Map<?, ?>) i).get("type")))
                        .count();
            }
        }
        return count;
    }
}
