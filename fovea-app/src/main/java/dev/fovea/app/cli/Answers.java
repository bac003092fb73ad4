package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.Processor;
import dev.fovea.Request;
import dev.fovea.models.Parsed;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Answers as somebody reads them: texts, or what was found, a thing in a line. */
final class Answers {
    private Answers() {}

    /** Whether a request's answer names places in its picture, so that its text alone is of no use. */
    static boolean hasPlaces(Processor processor, Request request) {
        return processor
                .postProcessGeneration("", processor.task(request.text().orElse("")), 1, 1)
                .filter(parsed -> !(parsed instanceof Parsed.Text))
                .isPresent();
    }

    /** One answer as it is; several with their numbers. */
    static String readable(Answer answer) {
        int count = answer.sequences().size();
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < count; i++) {
            String text = answer.sequences().get(i).text();
            Parsed parsed = answer.parsed().isEmpty()
                    ? new Parsed.Text("", text)
                    : answer.parsed().get(i);
            if (count > 1) {
                all.append(i == 0 ? "" : "\n").append(i + 1).append(parsed instanceof Parsed.Text ? ". " : ".\n");
            }
            all.append(readable(parsed, text));
        }
        return all.toString();
    }

    /**
     * Coordinates in pixels, then the label: they are what has columns.
     *
     * @param text of the answer without special tokens, which a plain text is shown as
     */
    private static String readable(Parsed parsed, String text) {
        Stream<String> lines = switch (parsed) {
            case Parsed.Text _ -> Stream.of(text);
            case Parsed.Boxes b -> boxes(b.boxes(), b.whole());
            case Parsed.Quads q -> q.quads().stream().map(quad -> line(quad.corners(), q.whole(), quad.text()));
            case Parsed.Polygons p -> polygons(p.polygons(), p.whole());
            case Parsed.BoxesOrPolygons both ->
                Stream.concat(boxes(both.boxes(), both.whole()), polygons(both.polygons(), both.whole()));
        };
        return lines.collect(Collectors.joining("\n"));
    }

    private static Stream<String> boxes(List<Parsed.Box> boxes, boolean whole) {
        return boxes.stream().map(b -> {
            String score = b.score().isPresent()
                    ? String.format(Locale.ROOT, "  %.2f", b.score().getAsDouble())
                    : "";
            List<Parsed.Point> corners = List.of(new Parsed.Point(b.x1(), b.y1()), new Parsed.Point(b.x2(), b.y2()));
            return line(corners, whole, b.label()) + score;
        });
    }

    /** Each outline in a line of its own. */
    private static Stream<String> polygons(List<Parsed.Polygon> polygons, boolean whole) {
        return polygons.stream().flatMap(p -> p.outlines().stream().map(o -> line(o, whole, p.label())));
    }

    private static String line(List<Parsed.Point> points, boolean whole, String label) {
        String numbers = points.stream()
                .flatMap(p -> Stream.of(p.x(), p.y()))
                .map(n -> String.format(Locale.ROOT, whole ? "%6.0f" : "%7.1f", n))
                .collect(Collectors.joining(" "));
        return (numbers + "  " + label).stripTrailing();
    }
}
