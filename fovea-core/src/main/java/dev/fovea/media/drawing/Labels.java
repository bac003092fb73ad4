package dev.fovea.media.drawing;

import dev.fovea.error.NativeException;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Labels on coloured grounds, each at its box, inside the picture, and off the other labels where there is room. */
final class Labels {
    private static final int MAX_LINES = 3;

    /** Of the picture's width. */
    private static final double MAX_WIDTH = 0.45;

    private static final double OPACITY = 0.92;

    private final Graphics2D g;
    private final FontMetrics metrics;
    private final int width;
    private final int height;
    private final double padding;
    private final List<Label> placed = new ArrayList<>();

    private record Label(List<String> lines, Rectangle2D ground, Color colour) {}

    /** @throws NativeException where this machine has no font */
    Labels(Graphics2D g, Font font, int width, int height) {
        this.g = g;
        this.width = width;
        this.height = height;
        this.padding = font.getSize() / 4.0;
        this.metrics = metrics(g, font);
    }

    /** Java finds fonts by the system's fontconfig, and fails in several ways where there is none. */
    private static FontMetrics metrics(Graphics2D g, Font font) {
        try {
            g.setFont(font);
            FontMetrics metrics = g.getFontMetrics();
            metrics.stringWidth("label");
            return metrics;
        } catch (RuntimeException | LinkageError | InternalError e) {
            throw new NativeException(
                    "labels cannot be drawn: Java finds no font on this machine",
                    "install fontconfig and a font, for example fonts-dejavu-core",
                    e);
        }
    }

    /** Finds the place for a label of a box: over it, in it or under it. */
    Rectangle2D place(String text, Rectangle2D box, Color colour, double lineWidth) {
        List<String> lines = lines(text.strip());
        double w = lines.stream().mapToInt(metrics::stringWidth).max().orElse(0) + 2 * padding;
        double h = lines.size() * metrics.getHeight() + padding;
        double edge = lineWidth / 2;
        double left = box.getMinX() - edge;
        double right = box.getMaxX() + edge - w;
        double over = box.getMinY() - edge - h;
        double under = box.getMaxY() + edge;
        double top = box.getMinY() - edge;
        double bottom = box.getMaxY() + edge - h;
        double middle = box.getCenterX() - w / 2;
        Rectangle2D best = Stream.of(
                        at(left, over, w, h),
                        at(left, top, w, h),
                        at(left, under, w, h),
                        at(right, over, w, h),
                        at(right, top, w, h),
                        at(right, under, w, h),
                        at(left, bottom, w, h),
                        at(right, bottom, w, h),
                        at(middle, over, w, h),
                        at(middle, box.getCenterY() - h / 2, w, h),
                        at(middle, under, w, h),
                        at(left, over - h, w, h),
                        at(left, under + h, w, h))
                .min(Comparator.comparingDouble(this::covered)) // the first of the best
                .orElseThrow();
        placed.add(new Label(lines, best, colour));
        return best;
    }

    void draw() {
        placed.forEach(label -> {
            Rectangle2D r = label.ground;
            g.setColor(Palette.withOpacity(label.colour, OPACITY));
            g.fill(new RoundRectangle2D.Double(
                    r.getX(), r.getY(), r.getWidth(), r.getHeight(), padding * 1.5, padding * 1.5));
            g.setColor(Palette.contrast(label.colour));
            for (int i = 0; i < label.lines.size(); i++) {
                double baseline = r.getY() + padding / 2 + metrics.getAscent() + i * (double) metrics.getHeight();
                g.drawString(label.lines.get(i), (float) (r.getX() + padding), (float) baseline);
            }
        });
    }

    /** Moved into the picture. */
    private Rectangle2D at(double x, double y, double w, double h) {
        return new Rectangle2D.Double(
                Math.clamp(x, 0, Math.max(0, width - w)), Math.clamp(y, 0, Math.max(0, height - h)), w, h);
    }

    /** How much of the labels before it a place would cover. */
    private double covered(Rectangle2D place) {
        return placed.stream()
                .map(label -> label.ground.createIntersection(place))
                .filter(common -> !common.isEmpty())
                .mapToDouble(common -> common.getWidth() * common.getHeight())
                .sum();
    }

    // ------------------------------------------------------------------------------------------------------ lines

    /** Broken between words, the last line cut where the text goes on. */
    private List<String> lines(String text) {
        double room = Math.max(width * MAX_WIDTH, metrics.stringWidth("MMMMMMMM")) - 2 * padding;
        double available = Math.min(room, width - 2 * padding);
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split("\\s+")) {
            String longer = line.isEmpty() ? word : line + " " + word;
            if (!line.isEmpty() && metrics.stringWidth(longer) > available) {
                lines.add(line.toString());
                line.setLength(0);
                longer = word;
            }
            line.setLength(0);
            line.append(longer);
        }
        lines.add(line.toString());
        boolean goesOn = lines.size() > MAX_LINES;
        List<String> kept = lines.subList(0, Math.min(lines.size(), MAX_LINES));
        return IntStream.range(0, kept.size())
                .mapToObj(i -> cut(kept.get(i), goesOn && i == MAX_LINES - 1, available))
                .toList();
    }

    private String cut(String line, boolean goesOn, double available) {
        String whole = goesOn ? line + "…" : line;
        if (metrics.stringWidth(whole) <= available) {
            return whole;
        }
        int end = line.length();
        while (end > 0 && metrics.stringWidth(line.substring(0, end) + "…") > available) {
            end = line.offsetByCodePoints(end, -1);
        }
        return line.substring(0, end).stripTrailing() + "…";
    }
}
