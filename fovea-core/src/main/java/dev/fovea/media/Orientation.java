package dev.fovea.media;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * EXIF tag 0x0112: where the first row and column of a stored picture belong. 1 is upright, 2 to 4 are mirrored or
 * upside down, 5 to 8 also swap the sides.
 */
final class Orientation {

    private static final int UPRIGHT = 1;
    /** The first four bytes: byte order and 42, in either order, as Pillow has it. */
    private static final Set<Integer> TIFF_MARKS = Set.of(0x4d4d002a, 0x4d4d2a00, 0x49492a00, 0x4949002a);

    private static final int SILENT = 0;
    private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    private Orientation() {}

    /**
     * What the two kinds of metadata say; XMP is asked only where EXIF is silent, as {@code Image.getexif} does.
     *
     * @param exif with or without its "Exif" mark; empty where there is none
     * @param xmp empty where there is none
     */
    static int of(byte[] exif, byte[] xmp) {
        int found = ofExif(exif);
        return valid(found == SILENT ? ofXmp(xmp) : found);
    }

    /** What a TIFF file says of itself. */
    static int of(Ifd ifd) {
        return valid(ifd.get(Ifd.ORIENTATION, SILENT));
    }

    private static int ofExif(byte[] exif) {
        int start = exif.length > 6 && exif[0] == 'E' && exif[4] == 0 ? 6 : 0;
        ByteBuffer tiff = ByteBuffer.wrap(exif, start, exif.length - start).slice();
        boolean marked = tiff.remaining() >= Integer.BYTES && TIFF_MARKS.contains(tiff.getInt(0));
        return marked ? Ifd.first(tiff).get(Ifd.ORIENTATION, SILENT) : SILENT;
    }

    private static int ofXmp(byte[] xmp) {
        Matcher found = XMP.matcher(new String(xmp, StandardCharsets.ISO_8859_1));
        return found.find() ? Integer.parseInt(found.group(1)) : SILENT;
    }

    private static int valid(int value) {
        return 1 <= value && value <= 8 ? value : UPRIGHT;
    }

    static boolean swapsSides(int orientation) {
        return orientation >= 5;
    }

    /**
     * Moves every pixel to its place.
     *
     * @param in {@code (height, width, bytes)}
     */
    static byte[] upright(byte[] in, int width, int height, int bytes, int orientation) {
        boolean swap = swapsSides(orientation);
        int newWidth = swap ? height : width;
        int newHeight = swap ? width : height;
        var out = new byte[in.length];
        for (int y = 0, to = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++, to += bytes) {
                int u = swap ? y : x; // the old column and row, before mirroring
                int v = swap ? x : y;
                int column = fromRight(orientation) ? width - 1 - u : u;
                int row = fromBottom(orientation) ? height - 1 - v : v;
                System.arraycopy(in, (row * width + column) * bytes, out, to, bytes);
            }
        }
        return out;
    }

    static boolean fromRight(int orientation) {
        return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    }

    static boolean fromBottom(int orientation) {
        return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    }
}
