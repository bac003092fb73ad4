package dev.fovea.models.florence2;

import dev.fovea.models.Parsed;
import dev.fovea.models.Parsed.Box;
import dev.fovea.models.Parsed.Point;
import dev.fovea.models.Parsed.Polygon;
import dev.fovea.models.Parsed.Quad;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From an answer's text to boxes, polygons and labels: Florence2PostProcesser of Microsoft's processing_florence2.py, and
 * Florence2PostProcessor of transformers. The latter:
 *
 * <ol>
 *   <li>cuts coordinates down to whole pixels,
 *   <li>trims captions,
 *   <li>takes {@code </s>} and {@code <pad>} out of text that was read, and trims it,
 *   <li>takes one location off the beginning of a polygon before it looks for its label, where Microsoft's takes what is left of one
 *       whose {@code <} belongs to no label,
 *   <li>has the phrases that are never grounded, and the rule for text with places, in its configuration,
 *   <li>gives no scores.
 * </ol>
 *
 * <p>Patterns are the reference's, except for possessive quantifiers where backtracking cannot change a match: without them Java would
 * need a stack frame for each location. Digits and white space are Python's, a dot is anything but a line feed.
 */
final class PostProcessor {
    private static final String LOCATION = Locations.TOKEN;
    private static final String ONE = "<loc_\\p{Nd}+>";
    private static final String ONE_OF_POLYGON = "(?:" + ONE + "|<sep>|<poly>|</poly>)";

    /** What no match can begin with but at its first character: keeps the search from trying every character of a long text. */
    private static final String START_OF_PHRASE = "(?<![^<>])[^<]++";

    private static final Pattern FIRST_LOCATION = Pattern.compile("^" + ONE);
    private static final Pattern REST_OF_A_LOCATION = Pattern.compile("^loc_\\p{Nd}+>");
    private static final Pattern FOUR_LOCATIONS = Pattern.compile(LOCATION.repeat(4));
    private static final Pattern TEXT_AND_EIGHT_LOCATIONS =
            Pattern.compile("(.+?)" + LOCATION.repeat(8), Pattern.UNIX_LINES);

    /** Behind the last of them no quadrangle ends: keeps the search from going through the rest from every character. */
    private static final Pattern EIGHT_LOCATIONS = Pattern.compile("(?:" + ONE + "){8,}+");

    private static final Pattern BOXES = Pattern.compile("(?:" + ONE + "){4,}+");
    private static final Pattern LABEL_AND_BOXES = Pattern.compile(START_OF_PHRASE + BOXES);
    private static final Pattern POLYGONS = Pattern.compile(ONE_OF_POLYGON + "{4,}+");
    private static final Pattern LABEL_AND_POLYGONS = Pattern.compile(START_OF_PHRASE + POLYGONS);

    private static final Pattern LABEL =
            Pattern.compile(Whitespace.PATTERN + "*+(.*?)(?:<loc_|<poly>)", Pattern.UNIX_LINES);

    private static final Pattern INSTANCE = Pattern.compile("<poly>(.*?)</poly>", Pattern.UNIX_LINES);

    /** A run of locations; an outline if its second group is there. */
    private static final Pattern OUTLINE = Pattern.compile("((?:" + ONE + ")++)(<sep>|$)?");

    private static final Pattern BEYOND_ASCII = Pattern.compile("[^\\x00-\\x7f]");

    private final boolean microsofts;
    private final Set<String> ungrounded;
    private final OcrRule ocr;

    /**
     * @param microsofts whether answers are those of Microsoft's code
     * @param ungrounded phrases that are left out of a grounded caption
     * @param ocr which texts with places count
     */
    PostProcessor(boolean microsofts, Set<String> ungrounded, OcrRule ocr) {
        this.microsofts = microsofts;
        this.ungrounded = ungrounded;
        this.ocr = ocr;
    }

    /**
     * @param answer the text with its special tokens
     * @param task a task's token; anything else counts as a task whose answer is a plain text
     * @throws dev.fovea.error.InputException where the picture has no size, or a location is too large for a number
     */
    Parsed parse(String answer, String task, int width, int height) {
        return parse(answer, (_, _) -> OptionalDouble.empty(), task, width, height);
    }

    /** As {@link #parse(String, String, int, int)}, with scores where Microsoft's code gives them. */
    Parsed parse(ScoredText answer, String task, int width, int height) {
        boolean scored = microsofts
                && Florence2Task.ofToken(task).map(Florence2Task::isScored).orElse(false);
        Scorer scorer = scored ? answer : (_, _) -> OptionalDouble.empty();
        return parse(answer.text(), scorer, task, width, height);
    }

    /** The score of a part of the text. */
    @FunctionalInterface
    interface Scorer {
        OptionalDouble score(int from, int to);
    }

    private Parsed parse(String answer, Scorer scorer, String task, int width, int height) {
        Locations scale = Locations.of(width, height, !microsofts);
        String text = without(answer, "<s>", "</s>", "<pad>");
        int start = answer.startsWith("<s>") ? "<s>".length() : 0; // the reference's cur_span
        return switch (Florence2Task.ofToken(task).map(Florence2Task::form).orElse(Florence2Task.Form.TEXT)) {
            case TEXT -> new Parsed.Text(task, plain(answer));
            case QUADS ->
                new Parsed.Quads(
                        task,
                        quads(answer, scale).stream()
                                .filter(q -> ocr.keeps(q, width, height))
                                .toList(),
                        scale.whole());
            case BOXES -> new Parsed.Boxes(task, boxes(text, LABEL_AND_BOXES, scale, scorer, start), scale.whole());
            case UNLABELLED_BOXES -> new Parsed.Boxes(task, boxes(text, BOXES, scale, scorer, start), scale.whole());
            case PHRASES -> new Parsed.Boxes(task, phrases(text, scale), scale.whole());
            case POLYGONS -> new Parsed.Polygons(task, polygons(text, POLYGONS, scale), scale.whole());
            case BOXES_OR_POLYGONS ->
                text.contains("<poly>")
                        ? new Parsed.BoxesOrPolygons(
                                task, List.of(), polygons(text, LABEL_AND_POLYGONS, scale), scale.whole())
                        : new Parsed.BoxesOrPolygons(
                                task, boxes(text, LABEL_AND_BOXES, scale, scorer, start), List.of(), scale.whole());
        };
    }

    private String plain(String answer) {
        String text = without(answer, "<s>", "</s>");
        return microsofts ? text : Whitespace.strip(text);
    }

    private static String without(String text, String... tokens) {
        String rest = text;
        for (String token : tokens) {
            rest = rest.replace(token, "");
        }
        return rest;
    }

    // ------------------------------------------------------------------------------------------------------ boxes

    private List<Quad> quads(String answer, Locations scale) {
        String text = microsofts ? without(answer, "<s>") : without(answer, "<s>", "</s>", "<pad>");
        if (ocr.pattern().isPresent()) {
            return OcrRule.quads(ocr.pattern().get(), text, scale);
        }
        int end = EIGHT_LOCATIONS
                .matcher(text)
                .results()
                .mapToInt(MatchResult::end)
                .max()
                .orElse(0);
        return TEXT_AND_EIGHT_LOCATIONS
                .matcher(text.substring(0, end))
                .results()
                .map(m -> new Quad(
                        scale.points(m.group().substring(m.group(1).length())),
                        microsofts ? m.group(1) : Whitespace.strip(m.group(1))))
                .toList();
    }

    /**
     * Boxes of phrases. The reference finds the tokens of a score by adding up the lengths of phrases, so that text between
     * them shifts the scores behind it; here as well.
     *
     * @param start where the first phrase would begin in the text that the scores belong to
     */
    private static List<Box> boxes(String text, Pattern phrases, Locations scale, Scorer scorer, int start) {
        List<Box> boxes = new ArrayList<>();
        int before = start;
        for (MatchResult phrase : phrases.matcher(text).results().toList()) {
            Optional<String> label = label(phrase.group());
            if (label.isPresent()) {
                boxes.addAll(boxes(phrase.group(), ascii(label.get()), scale, scorer, before));
            }
            before += phrase.group().length();
        }
        return boxes;
    }

    private static List<Box> boxes(String phrase, String label, Locations scale, Scorer scorer, int before) {
        return FOUR_LOCATIONS
                .matcher(phrase)
                .results()
                .map(m -> new Box(
                        scale.x(m.group(1)),
                        scale.y(m.group(2)),
                        scale.x(m.group(3)),
                        scale.y(m.group(4)),
                        label,
                        scorer.score(before + m.start(), before + m.end())))
                .toList();
    }

    private List<Box> phrases(String text, Locations scale) {
        List<Box> boxes = new ArrayList<>();
        for (MatchResult phrase : LABEL_AND_BOXES.matcher(text).results().toList()) {
            label(phrase.group())
                    .filter(label -> !ungrounded.contains(label))
                    .ifPresent(label -> boxes.addAll(
                            boxes(phrase.group(), ascii(label), scale, (_, _) -> OptionalDouble.empty(), 0)));
        }
        return boxes;
    }

    /** Up to the first location or polygon; none if there is a line feed inside it. */
    private static Optional<String> label(String phrase) {
        Matcher label = LABEL.matcher(phrase);
        return label.lookingAt() ? Optional.of(Whitespace.strip(label.group(1))) : Optional.empty();
    }

    private static String ascii(String label) {
        return BEYOND_ASCII.matcher(label).replaceAll("");
    }

    // ---------------------------------------------------------------------------------------------------- polygons

    private List<Polygon> polygons(String text, Pattern phrases, Locations scale) {
        List<Polygon> polygons = new ArrayList<>();
        for (MatchResult match : phrases.matcher(text).results().toList()) {
            String phrase = match.group();
            Optional<String> label = label((microsofts ? REST_OF_A_LOCATION : FIRST_LOCATION)
                    .matcher(phrase)
                    .replaceFirst(""));
            for (String instance : label.isPresent() ? instances(phrase) : List.<String>of()) {
                List<List<Point>> outlines = outlines(instance, scale);
                if (!outlines.isEmpty()) {
                    polygons.add(new Polygon(outlines, label.get()));
                }
            }
        }
        return polygons;
    }

    private static List<String> instances(String phrase) {
        return phrase.contains("<poly>") && phrase.contains("</poly>")
                ? INSTANCE.matcher(phrase).results().map(m -> m.group(1)).toList()
                : List.of(phrase);
    }

    private static List<List<Point>> outlines(String instance, Locations scale) {
        return OUTLINE.matcher(instance)
                .results()
                .filter(m -> m.group(2) != null)
                .map(m -> scale.points(m.group(1)))
                .toList();
    }
}
