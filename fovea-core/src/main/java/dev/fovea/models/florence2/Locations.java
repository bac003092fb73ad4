package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.models.Parsed.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The grid of 1000 x 1000 places in which Florence-2 names positions, over a picture of some size: quantize and dequantize of the
 * reference, in its precision.
 *
 * <pre>{@code
 * String prompt = "<REGION_TO_OCR>" + Locations.of(640, 480).region(33, 160, 596, 371);
 * }</pre>
 */
public final class Locations {
    /** A location in an answer, its digits as Python takes them. */
    static final String TOKEN = "<loc_(\\p{Nd}+)>";

    private static final Pattern LOCATION = Pattern.compile(TOKEN);
    private static final int BINS = 1000;

    private final float pixelsPerBinX;
    private final float pixelsPerBinY;
    private final boolean whole;

    private Locations(int width, int height, boolean whole) {
        if (width < 1 || height < 1) {
            throw new InputException("the picture's size is " + width + " x " + height + "; expected at least 1 x 1");
        }
        this.pixelsPerBinX = (float) (width / (double) BINS);
        this.pixelsPerBinY = (float) (height / (double) BINS);
        this.whole = whole;
    }

    /**
     * @param width of the picture in pixels
     * @throws InputException where the picture has no size
     */
    public static Locations of(int width, int height) {
        return of(width, height, false);
    }

    /** @param whole whether pixels are cut down to whole numbers */
    static Locations of(int width, int height, boolean whole) {
        return new Locations(width, height, whole);
    }

    /** A box in pixels as the tasks about a region take it: {@code <loc_52><loc_334><loc_932><loc_774>}. */
    public String region(double x1, double y1, double x2, double y2) {
        return token(x1, pixelsPerBinX)
                + token(y1, pixelsPerBinY)
                + token(x2, pixelsPerBinX)
                + token(y2, pixelsPerBinY);
    }

    private static String token(double pixel, float pixelsPerBin) {
        int bin = (int) Math.floor((float) pixel / pixelsPerBin);
        return "<loc_" + Math.clamp(bin, 0, BINS - 1) + ">";
    }

    boolean whole() {
        return whole;
    }

    double x(String bin) {
        return pixel(bin, pixelsPerBinX);
    }

    double y(String bin) {
        return pixel(bin, pixelsPerBinY);
    }

    /** The points of a text that is nothing but locations; an odd one at the end counts for nothing. */
    List<Point> points(String locations) {
        List<String> bins =
                LOCATION.matcher(locations).results().map(m -> m.group(1)).toList();
        List<Point> points = new ArrayList<>();
        for (int i = 0; i + 1 < bins.size(); i += 2) {
            points.add(new Point(x(bins.get(i)), y(bins.get(i + 1))));
        }
        return points;
    }

    /** The middle of the bin. */
    private double pixel(String bin, float pixelsPerBin) {
        float pixel = (number(bin) + 0.5f) * pixelsPerBin;
        return whole ? (int) pixel : pixel;
    }

    private static long number(String bin) {
        try {
            return Long.parseLong(bin);
        } catch (NumberFormatException e) {
            String shown = bin.length() > 30 ? bin.substring(0, 30) + "…" : bin;
            throw new InputException("malformed location token <loc_" + shown + ">: no number of 64 bits", "", e);
        }
    }
}
