package dev.fovea.media;

/**
 * A picture as codecs hold it: brightness, and two colours of a lower resolution.
 *
 * @param width of the first plane
 * @param height likewise
 * @param depth bits of a sample: 8, 10 or 12
 * @param chromaX columns that share a sample of colour: 1 or 2; 0 where there are no colours
 * @param chromaY rows likewise
 * @param matrix matrix_coefficients of ITU-T H.273
 * @param full whether samples use all values
 * @param planes {@code (height, width)} each: one, or three
 */
public record YuvPicture(
        int width, int height, int depth, int chromaX, int chromaY, int matrix, boolean full, short[][] planes) {

    boolean isGrey() {
        return chromaX == 0;
    }

    int planeWidth(int plane) {
        return plane == 0 ? width : Math.ceilDiv(width, chromaX);
    }

    int planeHeight(int plane) {
        return plane == 0 ? height : Math.ceilDiv(height, chromaY);
    }

    YuvPicture tagged(int matrix, boolean full) {
        return new YuvPicture(width, height, depth, chromaX, chromaY, matrix, full, planes);
    }
}
