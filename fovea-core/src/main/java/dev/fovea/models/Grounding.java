package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.drawing.Drawing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The boxes and points that an answer in words names: Qwen2.5-VL's JSON ({@code bbox_2d}, {@code point_2d}), its {@code <points>},
 * {@code <|box_start|>} and {@code data-bbox}, whose coordinates are pixels of the picture as the model saw it. Here they are pixels
 * of the original picture, as it is shown: x to the right, y down.
 *
 * <pre>{@code
 * var found = processor.ground(answer, inputs.rows().getFirst().images().getFirst()).orElseThrow();
 * found.boxes().forEach(b -> System.out.println(b.label() + " at " + b.x1() + ", " + b.y1()));
 * }</pre>
 *
 * @param boxes each with its left upper corner first, in the order of the answer
 * @param points likewise
 */
public record Grounding(List<Parsed.Box> boxes, List<Labelled> points) {

    /**
     * A point and what it is of.
     *
     * @param label empty where the answer has none
     */
    public record Labelled(double x, double y, String label) {}

    private static final String NUMBER = "\\s*(-?\\d+(?:\\.\\d+)?)\\s*";
    private static final Pattern REFERRED = Pattern.compile(
            "(?:<\\|object_ref_start\\|>(.*?)<\\|object_ref_end\\|>)?\\s*<\\|box_start\\|>(.*?)<\\|box_end\\|>",
            Pattern.DOTALL);
    private static final Pattern CORNERS =
            Pattern.compile("\\(" + NUMBER + "," + NUMBER + "\\)\\s*,\\s*\\(" + NUMBER + "," + NUMBER + "\\)");
    private static final Pattern MARKED = Pattern.compile("<points?\\b([^>]*)>(.*?)</points?>", Pattern.DOTALL);
    private static final Pattern COORDINATE = Pattern.compile("\\b([xy])(\\d*)\\s*=\\s*\"" + NUMBER + "\"");
    private static final Pattern ALT = Pattern.compile("\\balt\\s*=\\s*\"([^\"]*)\"");
    private static final Pattern DOCUMENT = Pattern.compile("<[^<>]*\\bdata-bbox\\s*=\\s*\"" + NUMBER + "[ ,]" + NUMBER
            + "[ ,]" + NUMBER + "[ ,]" + NUMBER + "\"[^<>]*>([^<]*)");
    private static final List<String> LABELS = List.of("label", "text_content", "text", "name", "sub_label");

    public Grounding {
        boxes = List.copyOf(boxes);
        points = List.copyOf(points);
    }

    /** Whether the answer names no place. */
    public boolean isEmpty() {
        return boxes.isEmpty() && points.isEmpty();
    }

    /** As JSON has it: {@code {"boxes": [{"bbox": [x1, y1, x2, y2], "label": …}], "points": [{"point": [x, y], "label": …}]}}. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(
                "boxes",
                boxes.stream()
                        .map(b -> labelled("bbox", List.of(b.x1(), b.y1(), b.x2(), b.y2()), b.label()))
                        .toList());
        map.put(
                "points",
                points.stream()
                        .map(p -> labelled("point", List.of(p.x(), p.y()), p.label()))
                        .toList());
        return map;
    }

    private static Map<String, Object> labelled(String key, List<Double> numbers, String label) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(key, numbers);
        map.put("label", label);
        return map;
    }

    /**
     * Draws boxes, points and labels over the picture that the answer is about. See {@link Drawing}.
     *
     * @param picture as it was opened, before any front end resized it
     */
    public DecodedImage drawOn(DecodedImage picture) {
        Drawing drawing = new Drawing(picture.rgb());
        boxes.forEach(b -> drawing.box(b.x1(), b.y1(), b.x2(), b.y2(), b.label()));
        double reach = Math.max(2, Math.max(picture.width(), picture.height()) / 100.0);
        points.forEach(p -> drawing.quad(
                new double[] {p.x, p.y - reach, p.x + reach, p.y, p.x, p.y + reach, p.x - reach, p.y}, p.label));
        return DecodedImage.of(drawing.picture());
    }

    /**
     * Reads an answer. Things that are named in part, as at the end of an answer that was cut off, do not count.
     *
     * @param text of the answer, special tokens kept
     * @param view how the model saw the picture
     */
    public static Grounding read(String text, View view) {
        Reader reader = new Reader(view);
        reader.json(text);
        reader.referred(text);
        reader.marked(text);
        reader.documents(text);
        return new Grounding(reader.boxes, reader.points);
    }

    /** Collects what one answer names. */
    private static final class Reader {
        private final View view;
        private final List<Parsed.Box> boxes = new ArrayList<>();
        private final List<Labelled> points = new ArrayList<>();

        Reader(View view) {
            this.view = view;
        }

        /** Every object in braces that is whole, wherever it stands. */
        void json(String text) {
            for (int at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at)) {
                int end = end(text, at);
                Optional<Object> value = end < 0 ? Optional.empty() : parsed(text.substring(at, end));
                value.ifPresent(this::collect);
                at = value.isPresent() ? end : at + 1;
            }
        }

        private static Optional<Object> parsed(String object) {
            try {
                return Optional.ofNullable(
                        Json.parse(object.indexOf('"') < 0 ? object.replace('\'', '"') : object, "the answer"));
            } catch (InputException e) {
                return Optional.empty(); // braces in prose, or in what is not whole
            }
        }

        private void collect(@Nullable Object value) {
            if (value instanceof Map<?, ?> map) {
                String label = LABELS.stream()
                        .filter(key -> map.get(key) instanceof String)
                        .map(key -> (String) map.get(key))
                        .findFirst()
                        .orElse("");
                double[] box = numbers(map.get("bbox_2d"));
                double[] point = numbers(map.get("point_2d"));
                if (box.length == 4) {
                    box(box, label);
                } else if (point.length == 2) {
                    point(point[0], point[1], label);
                }
                map.values().forEach(this::collect);
            } else if (value instanceof List<?> list) {
                list.forEach(this::collect);
            }
        }

        void referred(String text) {
            Matcher object = REFERRED.matcher(text);
            while (object.find()) {
                Matcher corners = CORNERS.matcher(object.group(2));
                while (corners.find()) {
                    String label =
                            object.group(1) == null ? "" : object.group(1).strip();
                    box(numbers(corners, 1), label);
                }
            }
        }

        void marked(String text) {
            Matcher mark = MARKED.matcher(text);
            while (mark.find()) {
                Matcher alt = ALT.matcher(mark.group(1));
                String label = (alt.find() ? alt.group(1) : mark.group(2)).strip();
                Map<String, Double> xs = new LinkedHashMap<>();
                Map<String, Double> ys = new LinkedHashMap<>();
                Matcher coordinate = COORDINATE.matcher(mark.group(1));
                while (coordinate.find()) {
                    Map<String, Double> axis = coordinate.group(1).equals("x") ? xs : ys;
                    axis.put(coordinate.group(2), Double.valueOf(coordinate.group(3)));
                }
                xs.forEach((number, x) -> Optional.ofNullable(ys.get(number)).ifPresent(y -> point(x, y, label)));
            }
        }

        void documents(String text) {
            Matcher element = DOCUMENT.matcher(text);
            while (element.find()) {
                box(numbers(element, 1), element.group(5).strip());
            }
        }

        private void box(double[] corners, String label) {
            Parsed.Point one = view.toOriginal(corners[0], corners[1]);
            Parsed.Point other = view.toOriginal(corners[2], corners[3]);
            boxes.add(new Parsed.Box(
                    Math.min(one.x(), other.x()),
                    Math.min(one.y(), other.y()),
                    Math.max(one.x(), other.x()),
                    Math.max(one.y(), other.y()),
                    label,
                    OptionalDouble.empty()));
        }

        private void point(double x, double y, String label) {
            Parsed.Point at = view.toOriginal(x, y);
            points.add(new Labelled(at.x(), at.y(), label));
        }

        private static double[] numbers(@Nullable Object value) {
            return value instanceof List<?> list && list.stream().allMatch(Number.class::isInstance)
                    ? list.stream().mapToDouble(n -> ((Number) n).doubleValue()).toArray()
                    : new double[0];
        }

        private static double[] numbers(Matcher found, int group) {
            double[] four = new double[4];
            for (int i = 0; i < 4; i++) {
                four[i] = Double.parseDouble(found.group(group + i));
            }
            return four;
        }

        /** Behind the brace that closes the one at a place; -1 where none does. */
        private static int end(String text, int start) {
            int depth = 0;
            boolean quoted = false;
            for (int i = start; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '\\' && quoted) {
                    i++;
                } else if (c == '"') {
                    quoted = !quoted;
                } else if (!quoted && c == '{') {
                    depth++;
                } else if (!quoted && c == '}' && --depth == 0) {
                    return i + 1;
                }
            }
            return -1;
        }
    }
}
