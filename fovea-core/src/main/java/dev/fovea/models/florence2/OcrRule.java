package dev.fovea.models.florence2;

import dev.fovea.io.Config;
import dev.fovea.io.Range;
import dev.fovea.models.Parsed.Point;
import dev.fovea.models.Parsed.Quad;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a directory says of reading text with places: {@code ocr} of post_processor_config, in capitals, as transformers looks for
 * it; the published files have it in small letters, which it does not see.
 *
 * @param pattern the text and eight bins; the usual one where there is none
 * @param areaThreshold the least part of the picture that a text covers
 */
record OcrRule(Optional<Pattern> pattern, double areaThreshold) {
    private static final int GROUPS = 9;

    static final OcrRule NONE = new OcrRule(Optional.empty(), 0);

    static OcrRule of(Config ocr) {
        ocr.ignore("the reference reads these in capitals only", "pattern", "area_threshold");
        return new OcrRule(
                ocr.optionalString("PATTERN").map(text -> pattern(ocr, text)),
                ocr.number("AREA_THRESHOLD", 0, Range.of(-1, 1)));
    }

    private static Pattern pattern(Config ocr, String text) {
        Optional<Pattern> pattern = compiled(text);
        ocr.require(
                pattern.isPresent() && pattern.get().matcher("").groupCount() == GROUPS,
                "PATTERN",
                "a regular expression with nine groups: the text, and x and y of four corners as numbers of bins");
        return pattern.orElseThrow();
    }

    /** With Python's digits and dot. */
    private static Optional<Pattern> compiled(String text) {
        try {
            return Optional.of(Pattern.compile(text, Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS));
        } catch (PatternSyntaxException e) {
            return Optional.empty(); // the caller refuses it, with its text
        }
    }

    /** By a directory's own pattern. */
    static List<Quad> quads(Pattern pattern, String text, Locations scale) {
        Matcher matcher = pattern.matcher(text);
        return matcher.results()
                .map(m -> new Quad(
                        scale.points(IntStream.rangeClosed(2, GROUPS)
                                .mapToObj(i -> "<loc_" + m.group(i) + ">")
                                .collect(Collectors.joining())),
                        Whitespace.strip(m.group(1))))
                .toList();
    }

    /** By the reference's formula, which leaves out the side that closes the outline. */
    boolean keeps(Quad quad, int width, int height) {
        if (areaThreshold <= 0) {
            return true;
        }
        List<Point> p = quad.corners();
        double sum = 0;
        for (int i = 0; i < p.size() - 1; i++) {
            sum += p.get(i).x() * p.get(i + 1).y() - p.get(i + 1).x() * p.get(i).y();
        }
        return 0.5 * Math.abs(sum) >= (double) width * height * areaThreshold;
    }
}
