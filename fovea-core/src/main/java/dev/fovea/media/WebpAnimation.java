package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An animated WebP as a clip: each frame as Pillow shows it in mode RGB, where FFmpeg reads none. Frames are laid on a canvas as
 * libwebp's WebPAnimDecoder does it.
 */
final class WebpAnimation implements VideoFile {

    /** One frame on the canvas; the flags as in the file. */
    private record Piece(int left, int top, int width, int height, int milliseconds, int flags, byte[] file) {
        boolean leavesNothing() {
            return (flags & 1) != 0;
        }

        boolean blends() {
            return (flags & 2) == 0;
        }

        boolean fills(int canvasWidth, int canvasHeight) {
            return width == canvasWidth && height == canvasHeight;
        }

        boolean covers(int x, int y) {
            return x >= left && x < left + width && y >= top && y < top + height;
        }
    }

    private final String label;
    private final int width;
    private final int height;
    private final List<Piece> pieces;

    private WebpAnimation(String label, int width, int height, List<Piece> pieces) {
        this.label = label;
        this.width = width;
        this.height = height;
        this.pieces = pieces;
    }

    static boolean matches(byte[] opening) {
        return opening.length >= 12
                && new String(opening, 0, 4, StandardCharsets.ISO_8859_1).equals("RIFF")
                && new String(opening, 8, 4, StandardCharsets.ISO_8859_1).equals("WEBP");
    }

    /**
     * @param label of the file, for messages
     * @throws InputException where it is a picture, or damaged
     */
    static WebpAnimation open(byte[] bytes, String label) {
        try {
            return read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), label);
        } catch (IndexOutOfBoundsException e) {
            throw refused(label, "it is truncated or damaged", "fetch or save it again");
        }
    }

    private static WebpAnimation read(ByteBuffer in, String label) {
        int width = 0;
        int height = 0;
        List<Piece> pieces = new ArrayList<>();
        for (int at = 12; at + 8 <= in.limit(); ) {
            int size = in.getInt(at + 4);
            ByteBuffer content = in.slice(at + 8, size).order(ByteOrder.LITTLE_ENDIAN);
            switch (in.getInt(at)) {
                case 'V' | 'P' << 8 | '8' << 16 | 'X' << 24 -> {
                    width = Webp.u24(content, 4) + 1;
                    height = Webp.u24(content, 7) + 1;
                }
                case 'A' | 'N' << 8 | 'M' << 16 | 'F' << 24 -> pieces.add(piece(content));
                default -> {}
            }
            at += 8 + size + size % 2;
        }
        if (pieces.isEmpty()) {
            throw refused(label, "it is a picture and no animation", "give it as a picture");
        }
        ImageFormat.WEBP.checkSize(width, height, DecodedImage.MAX_PIXELS);
        for (Piece p : pieces) {
            if (p.left + p.width > width || p.top + p.height > height) {
                throw refused(label, "it is damaged: a frame lies beyond the canvas", "fetch or save it again");
            }
        }
        return new WebpAnimation(label, width, height, pieces);
    }

    private static Piece piece(ByteBuffer content) {
        return new Piece(
                2 * Webp.u24(content, 0),
                2 * Webp.u24(content, 3),
                Webp.u24(content, 6) + 1,
                Webp.u24(content, 9) + 1,
                Webp.u24(content, 12),
                content.get(15),
                Webp.still(content));
    }

    private static InputException refused(String label, String reason, String hint) {
        return new InputException("cannot open the clip " + label + ": " + reason, hint);
    }

    @Override
    public int count() {
        return pieces.size();
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    /** Over the time that all frames are shown; browsers' 10 frames a second where the file gives them none. */
    @Override
    public double fps() {
        int milliseconds = pieces.stream().mapToInt(Piece::milliseconds).sum();
        return milliseconds == 0 ? 10 : pieces.size() * 1000.0 / milliseconds;
    }

    @Override
    public VideoFile countedByDecord() {
        throw refused(label, "decord does not read WebP", "leave out video_reader");
    }

    @Override
    public <T> List<T> map(int[] indices, Function<Picture, T> use) {
        int[] wanted = Arrays.stream(indices).sorted().distinct().toArray();
        List<T> made = new ArrayList<>();
        int[] canvas = new int[width * height]; // 0xAARRGGBB
        boolean keyBefore = true;
        for (int i = 0; made.size() < wanted.length; i++) {
            Piece before = pieces.get(Math.max(0, i - 1));
            if (i > 0 && before.leavesNothing()) {
                clear(canvas, before);
            }
            DecodedImage image = decoded(pieces.get(i));
            boolean key = i == 0 || isKey(pieces.get(i), image, before, keyBefore);
            if (key) {
                Arrays.fill(canvas, 0);
            }
            lay(pieces.get(i), image.argb(), canvas, key ? null : before);
            keyBefore = key;
            if (wanted[made.size()] == i) {
                made.add(use.apply(picture(canvas)));
            }
        }
        return Arrays.stream(indices)
                .mapToObj(i -> made.get(Arrays.binarySearch(wanted, i)))
                .toList();
    }

    private boolean isKey(Piece piece, DecodedImage image, Piece before, boolean keyBefore) {
        return (!image.hasTransparency() || !piece.blends()) && piece.fills(width, height)
                || before.leavesNothing() && (before.fills(width, height) || keyBefore);
    }

    private void clear(int[] canvas, Piece piece) {
        for (int y = piece.top; y < piece.top + piece.height; y++) {
            Arrays.fill(canvas, y * width + piece.left, y * width + piece.left + piece.width, 0);
        }
    }

    private static DecodedImage decoded(Piece piece) {
        DecodedImage image = LibWebp.decode(piece.file);
        if (image.width() != piece.width || image.height() != piece.height) {
            throw new InputException(
                    "The WebP file is damaged: a frame has another size than it says", "fetch or save it again");
        }
        return image;
    }

    /** @param before the frame before, where pixels are blended over it; what that one has cleared takes them as they are */
    private void lay(Piece piece, int[] pixels, int[] canvas, @Nullable Piece before) {
        boolean blends = piece.blends() && before != null;
        for (int y = 0, from = 0; y < piece.height; y++) {
            for (int x = 0; x < piece.width; x++, from++) {
                int at = (piece.top + y) * width + piece.left + x;
                boolean cleared =
                        before != null && before.leavesNothing() && before.covers(piece.left + x, piece.top + y);
                canvas[at] = blends && !cleared ? blended(pixels[from], canvas[at]) : pixels[from];
            }
        }
    }

    /** BlendPixelNonPremult of libwebp. */
    private static int blended(int source, int below) {
        int alpha = source >>> 24;
        if (alpha == 0 || alpha == 255) {
            return alpha == 0 ? below : source;
        }
        int rest = (below >>> 24) * (256 - alpha) >> 8;
        int all = alpha + rest;
        int scale = (1 << 24) / all;
        int result = all << 24;
        for (int shift = 0; shift < 24; shift += 8) {
            long sum = (long) (source >> shift & 255) * alpha + (long) (below >> shift & 255) * rest;
            result |= (int) (sum * scale >> 24) << shift;
        }
        return result;
    }

    private Picture picture(int[] canvas) {
        byte[] rgb = new byte[3 * canvas.length];
        for (int i = 0, at = 0; i < canvas.length; i++, at += 3) {
            rgb[at] = (byte) (canvas[i] >> 16);
            rgb[at + 1] = (byte) (canvas[i] >> 8);
            rgb[at + 2] = (byte) canvas[i];
        }
        return new Picture(width, height, rgb);
    }
}
