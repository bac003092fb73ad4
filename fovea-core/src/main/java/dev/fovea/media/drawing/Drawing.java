package dev.fovea.media.drawing;

import dev.fovea.media.Picture;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Boxes, outlines and labels over a picture. Lines and letters grow with the picture; one so small that its labels could not be
 * read is enlarged. Things with the same label have the same colour.
 *
 * <pre>{@code
 * Picture drawn = new Drawing(picture).box(33, 160, 596, 371, "car").quad(corners, "STOP").picture();
 * Files.write(Path.of("out.png"), drawn.png());
 * }</pre>
 *
 * <p>Coordinates are pixels of the picture; what lies outside is drawn at the edge. Used by one thread.
 */
public final class Drawing {
    /** The longer side below which pictures are enlarged. */
    private static final int SMALL = 480;

    private static final double OUTLINE_OPACITY = 0.30;
    private static final Color HALO = new Color(0, 0, 0, 130);

    private final Picture picture;
    private final int enlarged;
    private final double lineWidth;
    private final Palette palette = new Palette();
    private final List<Thing> things = new ArrayList<>();

    /** @param anchor what the label is put at */
    private record Thing(Shape shape, Rectangle2D anchor, boolean filled, Color colour, String label) {
        double size() {
            Rectangle2D bounds = shape.getBounds2D();
            return bounds.getWidth() * bounds.getHeight();
        }
    }

    public Drawing(Picture picture) {
        this.picture = picture;
        this.enlarged = Math.max(1, Math.ceilDiv(SMALL, Math.max(picture.width(), picture.height())));
        this.lineWidth = Math.max(2.5, fontSize() / 7);
    }

    /** An upright box with a label, which may be empty; its corners may come in any order. */
    public Drawing box(double x1, double y1, double x2, double y2, String label) {
        return box(x1, y1, x2, y2, label, "");
    }

    /** @param detail is written behind the label, and does not count for the colour */
    public Drawing box(double x1, double y1, double x2, double y2, String label, String detail) {
        Rectangle2D box = new Rectangle2D.Double();
        box.setFrameFromDiagonal(x(x1), y(y1), x(x2), y(y2));
        things.add(new Thing(box, box, false, palette.colour(label), (label + " " + detail).strip()));
        return this;
    }

    /**
     * Written text with the corners around it.
     *
     * @param corners x, y, x, y and so on; the text begins at the first
     */
    public Drawing quad(double[] corners, String label) {
        Path2D path = path(List.of(corners));
        things.add(new Thing(path, point(x(corners[0]), y(corners[1])), false, palette.colour(label), label));
        return this;
    }

    /**
     * A thing with one label and one or several closed outlines.
     *
     * @param outlines each as x, y, x, y and so on; those without a point are left out
     */
    public Drawing outline(List<double[]> outlines, String label) {
        Path2D path = path(outlines);
        if (path.getCurrentPoint() != null) {
            things.add(new Thing(path, highest(outlines), true, palette.colour(label), label));
        }
        return this;
    }

    private Path2D path(List<double[]> outlines) {
        Path2D path = new Path2D.Double(Path2D.WIND_EVEN_ODD);
        for (double[] points : outlines) {
            for (int i = 0; i + 1 < points.length; i += 2) {
                if (i == 0) {
                    path.moveTo(x(points[0]), y(points[1]));
                } else {
                    path.lineTo(x(points[i]), y(points[i + 1]));
                }
            }
            if (points.length > 1) {
                path.closePath();
            }
        }
        return path;
    }

    private Rectangle2D highest(List<double[]> outlines) {
        return outlines.stream()
                .flatMap(points -> IntStream.range(0, points.length / 2)
                        .mapToObj(i -> point(x(points[2 * i]), y(points[2 * i + 1]))))
                .min(Comparator.comparingDouble(Rectangle2D::getY))
                .orElseThrow();
    }

    private static Rectangle2D point(double x, double y) {
        return new Rectangle2D.Double(x, y, 0, 0);
    }

    /**
     * The picture with all of it.
     *
     * @throws dev.fovea.error.NativeException where there are labels and this machine has no font
     */
    public Picture picture() {
        BufferedImage image = enlarged();
        Graphics2D g = image.createGraphics();
        try {
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
            // Small things last: they may lie inside large ones.
            List<Thing> ordered = new ArrayList<>(things);
            ordered.sort(Comparator.comparingDouble(Thing::size).reversed());
            ordered.forEach(t -> draw(g, t));
            drawLabels(g, ordered);
        } finally {
            g.dispose();
        }
        return Picture.of(image);
    }

    private BufferedImage enlarged() {
        BufferedImage image = picture.toBufferedImage();
        if (enlarged == 1) {
            return image;
        }
        BufferedImage larger = new BufferedImage(width(), height(), BufferedImage.TYPE_INT_RGB);
        Graphics2D g = larger.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        g.drawImage(image, 0, 0, width(), height(), null);
        g.dispose();
        return larger;
    }

    private void draw(Graphics2D g, Thing thing) {
        if (thing.filled) {
            g.setColor(Palette.withOpacity(thing.colour, OUTLINE_OPACITY));
            g.fill(thing.shape);
        }
        g.setColor(HALO); // so that a line is seen on a ground of its own colour
        g.setStroke(stroke(lineWidth + Math.max(2, lineWidth * 0.6)));
        g.draw(thing.shape);
        g.setColor(thing.colour);
        g.setStroke(stroke(lineWidth));
        g.draw(thing.shape);
    }

    private static BasicStroke stroke(double width) {
        return new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    }

    private void drawLabels(Graphics2D g, List<Thing> ordered) {
        List<Thing> labelled = ordered.stream().filter(t -> !t.label.isBlank()).toList();
        if (labelled.isEmpty()) {
            return; // and no font is needed
        }
        Labels labels =
                new Labels(g, new Font(Font.SANS_SERIF, Font.BOLD, (int) Math.round(fontSize())), width(), height());
        labelled.forEach(t -> labels.place(t.label, t.anchor, t.colour, lineWidth));
        labels.draw();
    }

    private double fontSize() {
        return Math.max(14, 0.021 * Math.sqrt((double) width() * height()));
    }

    private int width() {
        return picture.width() * enlarged;
    }

    private int height() {
        return picture.height() * enlarged;
    }

    /** In pixels of the result, and near enough to the edge to be seen whole. */
    private double x(double pixel) {
        return inside(pixel * enlarged, width());
    }

    private double y(double pixel) {
        return inside(pixel * enlarged, height());
    }

    private double inside(double pixel, int side) {
        double margin = Math.min(lineWidth / 2, side / 2.0);
        return Math.clamp(pixel, margin, side - margin);
    }
}
