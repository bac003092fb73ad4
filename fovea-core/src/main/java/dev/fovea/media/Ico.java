package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/** Windows icons: of all pictures in the file the largest, of equal ones that with the fewest colours, as Pillow takes it. */
final class Ico {

    private static final int HEADER = 6;
    private static final int ENTRY = 16;
    private static final int UNKNOWN_DEPTH = 256;

    private record Entry(int width, int height, int bits, int depth, int size, int at) {}

    private Ico() {}

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Entry entry = entries(in).stream()
                .min(Comparator.<Entry>comparingInt(e -> -e.width * e.height).thenComparingInt(Entry::depth))
                .orElseThrow(() -> new InputException("The ICO file has no picture in it"));
        int at = Objects.checkIndex(entry.at, bytes.length);
        byte[] picture = Arrays.copyOfRange(bytes, at, bytes.length);
        if (ImageFormat.PNG.matches(picture)) {
            return Png.decode(picture, maxPixels).with(Transparency.NONE).withOrientation(1);
        }
        return bitmap(in, entry, maxPixels);
    }

    private static List<Entry> entries(ByteBuffer in) {
        List<Entry> entries = new ArrayList<>();
        int count = in.getShort(4) & 0xffff;
        for (int i = 0; i < count; i++) {
            int at = HEADER + i * ENTRY;
            int colours = in.get(at + 2) & 255;
            int bits = in.getShort(at + 6) & 0xffff;
            int depth = bits != 0 ? bits : colours > 1 ? 32 - Integer.numberOfLeadingZeros(colours - 1) : UNKNOWN_DEPTH;
            entries.add(new Entry(
                    side(in.get(at)), side(in.get(at + 1)), bits, depth, in.getInt(at + 8), in.getInt(at + 12)));
        }
        return entries;
    }

    private static int side(byte stored) {
        return stored == 0 ? 256 : stored & 255;
    }

    /** Always RGBA: alpha is every fourth byte of 32-bit pixels, else the mask behind the picture, where 1 is transparent. */
    private static DecodedImage bitmap(ByteBuffer in, Entry entry, long maxPixels) {
        Bmp bitmap = Bmp.ofIcon(in.duplicate().position(entry.at), maxPixels);
        int width = bitmap.width();
        int height = bitmap.height();
        int maskRow = Math.ceilDiv(width, 32) * 4;
        int maskAt = entry.bits == 32 ? bitmap.dataAt() : entry.at + entry.size - maskRow * height;
        byte[] rgb = bitmap.image().rgb().rgb();
        byte[] rgba = Mode.RGBA.samples(width, height);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int pixel = y * width + x;
                int row = height - 1 - y;
                System.arraycopy(rgb, 3 * pixel, rgba, 4 * pixel, 3);
                rgba[4 * pixel + 3] = entry.bits == 32
                        ? in.get(maskAt + 4 * (row * width + x) + 3)
                        : (byte) ((in.get(maskAt + row * maskRow + x / 8) >> 7 - x % 8 & 1) - 1);
            }
        }
        return DecodedImage.of(Mode.RGBA, width, height, rgba);
    }
}
