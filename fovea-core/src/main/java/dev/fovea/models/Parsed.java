package dev.fovea.models;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.drawing.Drawing;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * What an answer says in boxes, polygons and labels. Coordinates are pixels of the original picture, x to the right, y
 * down; a picture that its file asks to turn counts as turned.
 *
 * <pre>{@code
 * switch (pipe.run("<OD>", picture)) {
 *     case Parsed.Boxes boxes -> boxes.boxes().forEach(b -> System.out.println(b.label() + " at " + b.x1() + ", " + b.y1()));
 *     case Parsed.Text text -> System.out.println(text.text());
 *     default -> {}
 * }
 * }</pre>
 *
 * <p>{@link #toMap} is the same in the reference's own words. There a coordinate is a whole number where the reference gives whole
 * numbers, which {@code whole} says.
 */
public sealed interface Parsed {
    /** {@code <OD>} and so on. */
    String task();

    /** The value behind the task in the reference's structure. */
    Object answer();

    /** The reference's structure as JSON has it: task to answer. */
    default Map<String, Object> toMap() {
        return Map.of(task(), answer());
    }

    /**
     * Draws boxes, outlines and labels over the picture that the answer is about; a text has nothing to draw. See {@link Drawing}.
     *
     * @param picture that the answer is about, turned as it was for the model: {@code ImageSource.load()}, or what the processor was
     *     given
     */
    default DecodedImage drawOn(DecodedImage picture) {
        Drawing drawing = new Drawing(picture.rgb());
        switch (this) {
            case Text _ -> {}
            case Boxes b -> b.boxes.forEach(box -> draw(box, drawing));
            case Quads q -> q.quads.forEach(quad -> drawing.quad(flat(quad.corners), quad.text()));
            case Polygons p -> p.polygons.forEach(polygon -> draw(polygon, drawing));
            case BoxesOrPolygons both -> {
                both.boxes.forEach(box -> draw(box, drawing));
                both.polygons.forEach(polygon -> draw(polygon, drawing));
            }
        }
        return DecodedImage.of(drawing.picture());
    }

    private static void draw(Box box, Drawing drawing) {
        String score = box.score.isPresent() ? String.format(Locale.ROOT, "%.2f", box.score.getAsDouble()) : "";
        drawing.box(box.x1, box.y1, box.x2, box.y2, box.label, score);
    }

    private static void draw(Polygon polygon, Drawing drawing) {
        drawing.outline(polygon.outlines.stream().map(Parsed::flat).toList(), polygon.label);
    }

    private static double[] flat(List<Point> points) {
        return points.stream().flatMapToDouble(p -> DoubleStream.of(p.x, p.y)).toArray();
    }

    /** A place in the picture. */
    record Point(double x, double y) {}

    /**
     * An upright box from its left upper corner to its right lower one. Nothing keeps a model from confusing them.
     *
     * @param label empty where the task gives none
     * @param score from 0 to 1, where scores were asked for
     */
    record Box(double x1, double y1, double x2, double y2, String label, OptionalDouble score) {}

    /**
     * Written text and the four corners around it.
     *
     * @param corners in reading direction, the left upper one first
     */
    record Quad(List<Point> corners, String label) {
        public Quad {
            corners = List.copyOf(corners);
        }

        /** The label as somebody reads it: Microsoft's code leaves the tokens for ends of text and padding in it. */
        public String text() {
            return label.replaceAll("</s>|<pad>", "").strip();
        }
    }

    /**
     * A thing and its outlines: several where it is seen in parts.
     *
     * @param outlines each closed, in the order in which they were given; one may be empty
     * @param label empty where the task gives none
     */
    record Polygon(List<List<Point>> outlines, String label) {
        public Polygon {
            outlines = outlines.stream().map(List::copyOf).toList();
        }
    }

    /** A caption or a text that was read. */
    record Text(String task, String text) implements Parsed {
        @Override
        public Object answer() {
            return text;
        }
    }

    /** Things in boxes: {@code bboxes, labels} and, where there are any, {@code scores}. */
    record Boxes(String task, List<Box> boxes, boolean whole) implements Parsed {
        public Boxes {
            boxes = List.copyOf(boxes);
        }

        @Override
        public Map<String, Object> answer() {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("bboxes", Parsed.boxes(boxes, whole));
            answer.put("labels", labels(boxes, Box::label));
            if (boxes.stream().anyMatch(b -> b.score().isPresent())) {
                answer.put(
                        "scores",
                        boxes.stream().map(b -> b.score().orElse(Double.NaN)).toList());
            }
            return answer;
        }
    }

    /** Lines of text in quadrangles: {@code quad_boxes, labels}. */
    record Quads(String task, List<Quad> quads, boolean whole) implements Parsed {
        public Quads {
            quads = List.copyOf(quads);
        }

        @Override
        public Map<String, Object> answer() {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put(
                    "quad_boxes",
                    quads.stream().map(q -> flat(q.corners(), whole)).toList());
            answer.put("labels", labels(quads, Quad::label));
            return answer;
        }
    }

    /** Things in outlines: {@code polygons, labels}. */
    record Polygons(String task, List<Polygon> polygons, boolean whole) implements Parsed {
        public Polygons {
            polygons = List.copyOf(polygons);
        }

        @Override
        public Map<String, Object> answer() {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("polygons", Parsed.outlines(polygons, whole));
            answer.put("labels", labels(polygons, Polygon::label));
            return answer;
        }
    }

    /**
     * Things in boxes or, if the model chose so, in outlines; one of the lists is empty: {@code bboxes, bboxes_labels, polygons,
     * polygons_labels}.
     */
    record BoxesOrPolygons(String task, List<Box> boxes, List<Polygon> polygons, boolean whole) implements Parsed {
        public BoxesOrPolygons {
            boxes = List.copyOf(boxes);
            polygons = List.copyOf(polygons);
        }

        @Override
        public Map<String, Object> answer() {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("bboxes", Parsed.boxes(boxes, whole));
            answer.put("bboxes_labels", labels(boxes, Box::label));
            answer.put("polygons", Parsed.outlines(polygons, whole));
            answer.put("polygons_labels", labels(polygons, Polygon::label));
            return answer;
        }
    }

    private static <T> List<String> labels(List<T> things, Function<T, String> label) {
        return things.stream().map(label).toList();
    }

    private static List<List<Object>> boxes(List<Box> boxes, boolean whole) {
        return boxes.stream()
                .map(b -> List.of(number(b.x1, whole), number(b.y1, whole), number(b.x2, whole), number(b.y2, whole)))
                .toList();
    }

    private static List<List<List<Object>>> outlines(List<Polygon> polygons, boolean whole) {
        return polygons.stream()
                .map(p -> p.outlines.stream().map(o -> flat(o, whole)).toList())
                .toList();
    }

    /** x, y, x, y and so on. */
    private static List<Object> flat(List<Point> points, boolean whole) {
        return points.stream()
                .flatMap(p -> Stream.of(number(p.x, whole), number(p.y, whole)))
                .toList();
    }

    private static Object number(double value, boolean whole) {
        return whole ? (Object) (long) value : (Object) value;
    }
}
