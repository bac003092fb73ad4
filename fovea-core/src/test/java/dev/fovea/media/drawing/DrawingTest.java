package dev.fovea.media.drawing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DrawingTest {
    private static Picture grey(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 128);
        return new Picture(width, height, rgb);
    }

    private static Color at(Picture picture, int x, int y) {
        int i = 3 * (y * picture.width() + x);
        return new Color(picture.rgb()[i] & 255, picture.rgb()[i + 1] & 255, picture.rgb()[i + 2] & 255);
    }

    @Test
    void nothingDrawnIsThePictureItself() {
        assertThat(new Drawing(grey(600, 500)).picture().rgb())
                .isEqualTo(grey(600, 500).rgb());
    }

    @Test
    void aBoxIsALineAroundWhatItHolds() {
        Picture drawn = new Drawing(grey(600, 500)).box(100, 50, 300, 250, "").picture();
        Color line = new Palette().colour("");
        for (int i = 0; i <= 200; i += 10) {
            assertThat(List.of(
                            at(drawn, 100 + i, 50),
                            at(drawn, 100 + i, 250),
                            at(drawn, 100, 50 + i),
                            at(drawn, 300, 50 + i)))
                    .allMatch(c -> distance(c, line) < 10); // the edge of the line is smoothed
        }
        assertThat(List.of(
                        at(drawn, 200, 150),
                        at(drawn, 90, 150),
                        at(drawn, 310, 150),
                        at(drawn, 200, 40),
                        at(drawn, 200, 260)))
                .containsOnly(new Color(128, 128, 128));
    }

    @Test
    void cornersMayComeInAnyOrder() {
        assertThat(new Drawing(grey(600, 500))
                        .box(300, 250, 100, 50, "")
                        .picture()
                        .rgb())
                .isEqualTo(new Drawing(grey(600, 500))
                        .box(100, 50, 300, 250, "")
                        .picture()
                        .rgb());
    }

    @Test
    void whatLiesOutsideIsDrawnAtTheEdge() {
        assertThat(new Drawing(grey(600, 500))
                        .box(-1e18, -5, 700, Double.MAX_VALUE, "")
                        .picture()
                        .rgb())
                .isEqualTo(new Drawing(grey(600, 500))
                        .box(0, 0, 600, 500, "")
                        .picture()
                        .rgb());
        Picture drawn = new Drawing(grey(600, 500)).box(0, 0, 600, 500, "").picture();
        assertThat(List.of(at(drawn, 0, 250), at(drawn, 599, 250), at(drawn, 300, 0), at(drawn, 300, 499)))
                .containsOnly(new Palette().colour(""));
    }

    @Test
    void outlinesAreFilledAndTheirHolesAreNot() {
        double[] outer = {100, 100, 400, 100, 400, 400, 100, 400};
        double[] hole = {200, 200, 300, 200, 300, 300, 200, 300};
        Picture drawn = new Drawing(grey(600, 500))
                .outline(List.of(outer, hole, new double[0]), "")
                .picture();
        assertThat(at(drawn, 250, 100)).isEqualTo(new Palette().colour(""));
        assertThat(at(drawn, 150, 150)).isNotEqualTo(new Color(128, 128, 128));
        assertThat(at(drawn, 250, 250)).isEqualTo(new Color(128, 128, 128));
        assertThat(new Drawing(grey(600, 500))
                        .outline(List.of(new double[0]), "nothing")
                        .picture()
                        .rgb())
                .isEqualTo(grey(600, 500).rgb());
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 480, 480", "128, 96, 512, 384", "479, 10, 958, 20", "480, 10, 480, 10", "2000, 30, 2000, 30"})
    void picturesThatAreTooSmallForLabelsAreEnlarged(int width, int height, int drawnWidth, int drawnHeight) {
        Picture drawn = new Drawing(grey(width, height))
                .box(0, 0, width, height, "a label")
                .picture();
        assertThat(List.of(drawn.width(), drawn.height())).isEqualTo(List.of(drawnWidth, drawnHeight));
    }

    @Test
    void sameLabelSameColourOthersDiffer() {
        Palette palette = new Palette();
        assertThat(palette.colour("car")).isEqualTo(palette.colour("car")).isNotEqualTo(palette.colour(""));
        List<Color> colours = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            colours.add(palette.colour("label " + i));
        }
        for (int i = 0; i < colours.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertThat(distance(colours.get(i), colours.get(j)))
                        .as("%d and %d", i, j)
                        .isGreaterThan(i < 10 ? 60 : 8);
            }
        }
    }

    private static double distance(Color a, Color b) {
        return Math.sqrt(Math.pow(a.getRed() - b.getRed(), 2)
                + Math.pow(a.getGreen() - b.getGreen(), 2)
                + Math.pow(a.getBlue() - b.getBlue(), 2));
    }

    // ------------------------------------------------------------------------------------------------------ labels

    private static Labels labels(int width, int height, int fontSize) {
        Graphics2D g = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB).createGraphics();
        return new Labels(g, new Font(Font.SANS_SERIF, Font.BOLD, fontSize), width, height);
    }

    @Test
    void labelsStayInThePicture() {
        Random random = new Random(11);
        Labels labels = labels(500, 400, 14);
        for (int i = 0; i < 200; i++) {
            Rectangle2D box = new Rectangle2D.Double(
                    random.nextInt(-50, 550), random.nextInt(-50, 450), random.nextInt(200), random.nextInt(200));
            Rectangle2D place = labels.place("word ".repeat(random.nextInt(1, 40)), box, Color.RED, 2);
            assertThat(new Rectangle2D.Double(0, 0, 500, 400).contains(place))
                    .as("%s for %s", place, box)
                    .isTrue();
        }
    }

    @Test
    void labelsOfNeighboursDoNotCoverEachOther() {
        Labels labels = labels(800, 600, 14);
        List<Rectangle2D> places = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            places.add(labels.place(
                    "label " + i, new Rectangle2D.Double(200 + 4 * i, 200 + 3 * i, 300, 250), Color.RED, 2));
        }
        for (int i = 0; i < places.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertThat(places.get(i).intersects(places.get(j)))
                        .as("%d and %d", i, j)
                        .isFalse();
            }
        }
    }

    @Test
    void oneThingHasItsLabelOverItsUpperLeftCorner() {
        Rectangle2D place = labels(800, 600, 14).place("car", new Rectangle2D.Double(200, 200, 300, 250), Color.RED, 2);
        assertThat(place.getMinX()).isEqualTo(199);
        assertThat(place.getMaxY()).isEqualTo(199);
    }

    @Test
    void longLabelsAreBrokenAndCut() {
        Rectangle2D one = labels(1000, 600, 14).place("car", new Rectangle2D.Double(0, 300, 9, 9), Color.RED, 2);
        Rectangle2D many =
                labels(1000, 600, 14).place("word ".repeat(1000), new Rectangle2D.Double(0, 300, 9, 9), Color.RED, 2);
        assertThat(many.getWidth()).isLessThanOrEqualTo(450);
        assertThat(many.getHeight()).isBetween(2.5 * (one.getHeight() - 4), 3 * one.getHeight());
        assertThat(labels(60, 40, 14)
                        .place("x".repeat(10_000), new Rectangle2D.Double(0, 0, 9, 9), Color.RED, 2)
                        .getWidth())
                .isLessThanOrEqualTo(60);
    }

    @Test
    void labelsAreWrittenInTheirColour() {
        Picture plain = new Drawing(grey(600, 500)).box(100, 100, 300, 250, "").picture();
        Picture labelled =
                new Drawing(grey(600, 500)).box(100, 100, 300, 250, "car").picture();
        int differing = 0;
        int white = 0;
        for (int y = 0; y < 99; y++) {
            for (int x = 0; x < 600; x++) {
                differing += at(plain, x, y).equals(at(labelled, x, y)) ? 0 : 1;
                white += at(labelled, x, y).equals(Color.WHITE) ? 1 : 0;
            }
        }
        assertThat(differing).isBetween(200, 2000);
        assertThat(white).isBetween(20, differing / 2);
    }

    @Test
    void thousandsOfThingsAreDrawn() {
        Drawing drawing = new Drawing(grey(800, 600));
        Random random = new Random(2);
        for (int i = 0; i < 1500; i++) {
            drawing.box(
                    random.nextInt(800),
                    random.nextInt(600),
                    random.nextInt(800),
                    random.nextInt(600),
                    "thing " + i % 50,
                    "0.5");
        }
        org.junit.jupiter.api.Assertions.assertTimeout(Duration.ofSeconds(20), drawing::picture);
    }

    @Test
    void pngsHoldEveryPixel() {
        Picture picture =
                new Drawing(grey(600, 500)).box(100, 100, 300, 250, "car").picture();
        Picture read =
                DecodedImage.decode(picture.png(), DecodedImage.MAX_PIXELS).rgb();
        assertThat(read.rgb()).isEqualTo(picture.rgb());
    }
}
