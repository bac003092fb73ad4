package dev.fovea.video;

import dev.fovea.media.Picture;

/** Pictures turned by quarters. */
final class Turn {
    private Turn() {}

    /** @param quarters 0 to 3 */
    static Picture counterClockwise(Picture picture, int quarters) {
        if (quarters == 0) {
            return picture;
        }
        int width = picture.width();
        int height = picture.height();
        boolean swap = quarters % 2 == 1;
        int outWidth = swap ? height : width;
        byte[] in = picture.rgb();
        byte[] out = new byte[in.length];
        for (int y = 0, from = 0; y < height; y++) {
            for (int x = 0; x < width; x++, from += 3) {
                int to = 3
                        * switch (quarters) {
                            case 1 -> (width - 1 - x) * outWidth + y;
                            case 2 -> (height - 1 - y) * outWidth + width - 1 - x;
                            default -> x * outWidth + height - 1 - y;
                        };
                out[to] = in[from];
                out[to + 1] = in[from + 1];
                out[to + 2] = in[from + 2];
            }
        }
        return new Picture(outWidth, swap ? width : height, out);
    }
}
