package dev.fovea.media;

/**
 * The picture that an opened one was made of, before a front end turned it or gave it another size.
 *
 * @param storedWidth pixels in a row, as its file has them
 * @param storedHeight likewise
 * @param orientation the EXIF orientation that it was turned by; 1 where it was not
 */
public record Origin(int storedWidth, int storedHeight, int orientation) {

    /** Pixels in a row, as it is shown: after the turn. */
    public int width() {
        return Orientation.swapsSides(orientation) ? storedHeight : storedWidth;
    }

    /** Rows, as it is shown. */
    public int height() {
        return Orientation.swapsSides(orientation) ? storedWidth : storedHeight;
    }

    /**
     * Where the file has a place.
     *
     * @param x from 0 to {@link #width}
     * @param y from 0 to {@link #height}
     * @return x and y, from 0 to storedWidth and storedHeight
     */
    public double[] toStored(double x, double y) {
        boolean swap = Orientation.swapsSides(orientation);
        double column = swap ? y : x;
        double row = swap ? x : y;
        return new double[] {
            Orientation.fromRight(orientation) ? storedWidth - column : column,
            Orientation.fromBottom(orientation) ? storedHeight - row : row
        };
    }
}
