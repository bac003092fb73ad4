package dev.fovea.media;

import dev.fovea.error.InputException;
import java.awt.image.Raster;
import java.nio.ByteBuffer;

/**
 * TIFF, the first page. TwelveMonkeys decompresses; what the samples mean is decided here, as in Pillow's
 * {@code TiffImagePlugin.OPEN_INFO}.
 */
final class Tiff {

    private static final int WHITE_IS_ZERO = 0;
    private static final int BLACK_IS_ZERO = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int CMYK = 5;
    private static final int YCBCR = 6;

    private static final int NOT_COMPRESSED = 1;
    private static final int OLD_JPEG = 6;
    private static final int JPEG = 7;

    /** Extra samples: not alpha, alpha with colours already multiplied by it, alpha. */
    private static final int UNSPECIFIED = 0;

    private static final int ASSOCIATED = 1;
    private static final int MOST_EXTRA = 3;

    /** Formats of a sample. */
    private static final int UNSIGNED = 1;

    private static final int FLOATING_POINT = 3;

    private static final long USUAL_TILE = 1 << 20;

    private final Ifd ifd;
    private final int width;
    private final int height;
    private final int photometric;
    private final int bits;

    private Tiff(Ifd ifd) {
        this.ifd = ifd;
        width = ifd.get(Ifd.WIDTH, 0);
        height = ifd.get(Ifd.HEIGHT, 0);
        photometric = ifd.get(Ifd.PHOTOMETRIC, WHITE_IS_ZERO);
        bits = ifd.get(Ifd.BITS, 1);
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        var tiff = new Tiff(Ifd.first(ByteBuffer.wrap(bytes)));
        ImageFormat.TIFF.checkSize(tiff.width, tiff.height, maxPixels);
        tiff.checkTiles(maxPixels);
        Mode mode = tiff.mode();
        Raster raster = Plugin.read(ImageFormat.TIFF, bytes, reader -> reader.readRaster(0, null));
        byte[] samples = tiff.samples(raster, mode);
        if (mode == Mode.RGB && tiff.holdsYCbCr()) {
            samples = YCbCr.toRgb(samples, 3);
        }
        DecodedImage image = mode == Mode.P
                ? DecodedImage.of(tiff.width, tiff.height, samples, tiff.palette())
                : DecodedImage.of(mode, tiff.width, tiff.height, samples);
        // Pillow turns TIFF files while loading them, whoever opens them.
        return image.withOrientation(Orientation.of(tiff.ifd)).transposed();
    }

    /** A tile is decoded as a whole, so it must not be larger than a picture may be. */
    private void checkTiles(long maxPixels) {
        int tileWidth = ifd.get(Ifd.TILE_WIDTH, 1);
        int tileHeight = ifd.get(Ifd.TILE_HEIGHT, 1);
        ImageFormat.TIFF.checkSize(tileWidth, tileHeight, Math.max(maxPixels, USUAL_TILE));
    }

    private Mode mode() {
        int[] extra = ifd.all(Ifd.EXTRA_SAMPLES);
        int colours = ifd.get(Ifd.SAMPLES_PER_PIXEL, 1) - extra.length;
        int alpha = extra.length == 0 ? UNSPECIFIED : extra[0];
        int format = ifd.get(Ifd.SAMPLE_FORMAT, UNSIGNED);
        if (photometric <= BLACK_IS_ZERO && colours == 1 && extra.length == 0 && bits == 32) {
            if (photometric == BLACK_IS_ZERO || format != UNSIGNED) {
                return format == FLOATING_POINT ? Mode.F : Mode.I;
            }
        }
        boolean known = ifd.get(Ifd.SAMPLE_FORMAT, 1) == 1 && extra.length <= MOST_EXTRA; // unsigned integers
        boolean bytes = bits == 8 || bits == 16;
        boolean few = bits == 1 || bits == 2 || bits == 4;
        if (known && photometric <= BLACK_IS_ZERO && colours == 1) {
            if (alpha == UNSPECIFIED && (few || bytes)) {
                return bits == 1 ? Mode.BILEVEL : bits == 16 ? Mode.I16 : Mode.L;
            }
            if (alpha != ASSOCIATED && bits == 8) {
                return Mode.LA;
            }
        }
        if (known && photometric == RGB && bytes && (colours == 3 || colours == 4)) {
            return colours == 4 || alpha != UNSPECIFIED ? Mode.RGBA : Mode.RGB;
        }
        if (known && photometric == PALETTE && colours == 1 && (few || bits == 8)) {
            return Mode.P;
        }
        if (known && photometric == CMYK && bytes && colours == 4) {
            return Mode.CMYK;
        }
        if (known && photometric == YCBCR && bits == 8 && colours == 3) {
            return ifd.get(Ifd.COMPRESSION, NOT_COMPRESSED) == NOT_COMPRESSED ? Mode.YCBCR : Mode.RGB;
        }
        throw new InputException("The TIFF file has photometric interpretation " + photometric + " with " + colours
                + " + " + extra.length + " samples of " + bits + " bits and format " + ifd.get(Ifd.SAMPLE_FORMAT, 1)
                + ", which is not supported");
    }

    private byte[] samples(Raster raster, Mode mode) {
        if (raster.getWidth() != width || raster.getHeight() != height) {
            throw new InputException("The TIFF file is damaged: its header and its data differ in size");
        }
        byte[] samples = mode.samples(width, height);
        int channels = mode == Mode.I16 ? 1 : mode.bytes;
        var pixel = new int[raster.getNumBands()];
        for (int y = 0, to = 0; y < height; y++) {
            for (int x = 0; x < width; x++, to += mode.bytes) {
                if (mode == Mode.F) {
                    Mode.putFloat(samples, to, raster.getSampleFloat(x, y, 0));
                    continue;
                }
                raster.getPixel(x, y, pixel);
                if (mode == Mode.I) {
                    Mode.putInt(samples, to, pixel[0]);
                    continue;
                }
                if (mode == Mode.I16) {
                    samples[to + 1] = (byte) (pixel[0] >> 8);
                }
                for (int c = 0; c < channels; c++) {
                    samples[to + c] = sample(pixel[c], mode);
                }
            }
        }
        if (mode == Mode.RGBA && ifd.get(Ifd.EXTRA_SAMPLES, UNSPECIFIED) == ASSOCIATED) {
            divideByAlpha(samples);
        }
        return samples;
    }

    private byte sample(int value, Mode mode) {
        if (mode == Mode.P || mode == Mode.I16) {
            return (byte) value;
        }
        int full = bits == 16 ? value >> 8 : value * (255 / ((1 << bits) - 1));
        return (byte) (photometric == WHITE_IS_ZERO ? 255 - full : full);
    }

    /** Of compressed files libtiff makes RGB, by the formula of JPEG; in JPEG the decoder has done it. */
    private boolean holdsYCbCr() {
        int compression = ifd.get(Ifd.COMPRESSION, NOT_COMPRESSED);
        return photometric == YCBCR && compression != JPEG && compression != OLD_JPEG;
    }

    private static void divideByAlpha(byte[] rgba) {
        for (int i = 0; i < rgba.length; i += 4) {
            int alpha = rgba[i + 3] & 255;
            for (int c = 0; c < 3; c++) {
                rgba[i + c] = alpha == 0 ? 0 : (byte) Math.min(255, (rgba[i + c] & 255) * 255 / alpha);
            }
        }
    }

    /** All reds, then all greens, then all blues, 16 bits each. */
    private byte[] palette() {
        int[] map = ifd.all(Ifd.COLOR_MAP);
        int colours = Math.min(256, map.length / 3);
        var palette = new byte[3 * colours];
        for (int i = 0; i < palette.length; i++) {
            palette[i] = (byte) (map[i % 3 * (map.length / 3) + i / 3] >> 8);
        }
        return palette;
    }
}
