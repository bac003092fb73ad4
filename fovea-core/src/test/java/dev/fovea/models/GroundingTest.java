package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Answers in the formats that Qwen2.5-VL's cookbooks show. */
class GroundingTest {
    /** The model saw 1000 x 500 of a picture of 2000 x 1500. */
    private static final View VIEW = View.whole(1000, 500, 2000, 1500);

    record Case(String text, List<String> found) {}

    static Stream<Case> answers() {
        return Stream.of(
                new Case(
                        "```json\n[\n\t{\"bbox_2d\": [341, 258, 397, 360], \"label\": \"green cupcake\"},\n"
                                + "\t{\"bbox_2d\": [10, 20, 30, 40], \"label\": \"plate\", \"sub_label\": \"round\"}\n]\n```",
                        List.of("682 774 794 1080 green cupcake", "20 60 60 120 plate")),
                new Case(
                        "{\"bbox_2d\": [10, 20, 30, 40], \"text_content\": \"a \\\"{b}\\\"\"}",
                        List.of("20 60 60 120 a \"{b}\"")),
                new Case("[{\"point_2d\": [394, 105], \"label\": \"spatula\"}]", List.of("788 315 spatula")),
                new Case("{'bbox_2d': [10, 20, 30, 40], 'label': 'cat'}", List.of("20 60 60 120 cat")),
                new Case(
                        "{\"objects\": [{\"bbox_2d\": [0, 0, 1000, 500], \"label\": \"all\"}]} as {asked}",
                        List.of("0 0 2000 1500 all")),
                new Case("{\"bbox_2d\": [30, 40, 10, 20]}", List.of("20 60 60 120")),
                // Cut off at the limit of tokens, within a box, a label, a number.
                new Case(
                        "```json\n[{\"bbox_2d\": [10, 20, 30, 40], \"label\": \"one\"},\n{\"bbox_2d\": [50, 60, 70",
                        List.of("20 60 60 120 one")),
                new Case(
                        "{\"found\": [{\"bbox_2d\": [10, 20, 30, 40], \"label\": \"one\"}, {\"bbox_2d\": [1, 2, 3, 4], \"label\": \"tw",
                        List.of("20 60 60 120 one")),
                new Case(
                        "<points x1=\"10\" y1=\"20\" x2=\"30\" y2=\"40.5\" alt=\"the eyes\">the eyes</points>",
                        List.of("20 60 the eyes", "60 121.5 the eyes")),
                new Case("<point x=\"10\" y=\"20\">nose</point>", List.of("20 60 nose")),
                new Case(
                        "<|object_ref_start|>the dog<|object_ref_end|><|box_start|>(10,20),(30,40)<|box_end|> and"
                                + " <|box_start|>(1,2),(3,4)<|box_end|><|im_end|>",
                        List.of("20 60 60 120 the dog", "2 6 6 12")),
                new Case(
                        "<html><body><h2 data-bbox=\"10 20 30 40\">Title</h2><p class=\"x\" data-bbox=\"1 2 3 4\"></p></body>",
                        List.of("20 60 60 120 Title", "2 6 6 12")),
                new Case("{\"bbox_2d\": [1, 2, 3]} {\"bbox_2d\": [1, \"2\", 3, 4]} {\"bbox_2d\": null}", List.of()),
                new Case("There is no } {cat{ in \"the\" picture <points> at all.", List.of()),
                new Case("", List.of()));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void readsTheDocumentedFormats(Case c) {
        Grounding found = Grounding.read(c.text, VIEW);
        List<String> all = Stream.concat(
                        found.boxes().stream().map(b -> line(b.label(), b.x1(), b.y1(), b.x2(), b.y2())),
                        found.points().stream().map(p -> line(p.label(), p.x(), p.y())))
                .toList();
        assertThat(all).isEqualTo(c.found);
        assertThat(found.isEmpty()).isEqualTo(c.found.isEmpty());
    }

    private static String line(String label, double... numbers) {
        StringBuilder line = new StringBuilder();
        for (double n : numbers) {
            line.append(n == Math.rint(n) ? String.valueOf((long) n) : String.valueOf(n))
                    .append(' ');
        }
        return line.append(label).toString().strip();
    }

    @Test
    void asJson() {
        Grounding found = Grounding.read(
                "{\"bbox_2d\": [10, 20, 30, 40], \"label\": \"cat\"} <point x=\"1\" y=\"2\">eye</point>", VIEW);
        assertThat(found.toMap())
                .isEqualTo(Map.of(
                        "boxes", List.of(Map.of("bbox", List.of(20.0, 60.0, 60.0, 120.0), "label", "cat")),
                        "points", List.of(Map.of("point", List.of(2.0, 6.0), "label", "eye"))));
    }

    @Test
    void isDrawn() {
        DecodedImage picture = DecodedImage.of(new Picture(200, 100, new byte[60_000]));
        View whole = View.whole(200, 100, 200, 100);
        Grounding box = Grounding.read("{\"bbox_2d\": [20, 20, 180, 80]}", whole);
        Grounding point = Grounding.read("{\"point_2d\": [100, 50]}", whole);
        DecodedImage nothing = Grounding.read("", whole).drawOn(picture);
        assertThat(box.drawOn(picture)).isNotEqualTo(nothing).isNotEqualTo(point.drawOn(picture));
        assertThat(point.drawOn(picture)).isNotEqualTo(nothing);
    }

    @Test
    void viewsLeadThereAndBack() {
        View crop = new View(896, 896, 100, 0, 612, 300);
        Parsed.Point at = crop.toOriginal(448, 224);
        assertThat(at).isEqualTo(new Parsed.Point(356, 75));
        assertThat(crop.fromOriginal(at.x(), at.y())).isEqualTo(new Parsed.Point(448, 224));
        assertThat(crop.scaled(2, 3).toOriginal(448, 224)).isEqualTo(new Parsed.Point(712, 225));
    }
}
