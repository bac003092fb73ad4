package dev.fovea.models;

import dev.fovea.media.Origin;

/**
 * What the model sees of a picture: a processed picture of some size, and the rectangle of the original that it shows. Coordinates are
 * continuous, x to the right, y down; pixel (0, 0) reaches from 0 to 1.
 *
 * @param width of the processed picture in pixels
 * @param height likewise
 * @param left where its left edge lies in the original, as it is shown; it may lie outside
 * @param top likewise
 * @param right likewise
 * @param bottom likewise
 */
public record View(int width, int height, double left, double top, double right, double bottom) {

    /** Of a whole picture of another size. */
    static View whole(int width, int height, int originalWidth, int originalHeight) {
        return new View(width, height, 0, 0, originalWidth, originalHeight);
    }

    /** A place in the original picture, as it is shown; {@link Origin#toStored} leads on to where its file has it. */
    public Parsed.Point toOriginal(double x, double y) {
        return new Parsed.Point(left + x * (right - left) / width, top + y * (bottom - top) / height);
    }

    /** A place in the processed picture. */
    public Parsed.Point fromOriginal(double x, double y) {
        return new Parsed.Point((x - left) * width / (right - left), (y - top) * height / (bottom - top));
    }

    /** The same rectangle of an original that has another size than the picture that the processor was given. */
    View scaled(double x, double y) {
        return new View(width, height, left * x, top * y, right * x, bottom * y);
    }
}
