package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * WebP, decoded by libwebp. The container is read here: for the size before decoding, for EXIF, and for the first
 * frame of animations, which the simple interface of libwebp refuses.
 */
final class Webp {

    private static final int HEADER = 12;

    private int width;
    private int height;
    private byte[] exif = {};
    private byte[] xmp = {};
    private byte[] still; // a file with one frame
    private int left; // of the frame on the canvas
    private int top;
    private boolean animated;

    private Webp(byte[] bytes, long maxPixels) {
        still = bytes;
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long end = 8 + Integer.toUnsignedLong(in.getInt(4));
        if (end > bytes.length) {
            throw new InputException(
                    "The WebP file is truncated: it ends after " + bytes.length + " of " + end + " bytes",
                    "fetch or save the picture again");
        }
        readChunks(in.limit(Math.max(HEADER, (int) end)).position(HEADER));
        ImageFormat.WEBP.checkSize(width, height, maxPixels);
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        var webp = new Webp(bytes, maxPixels);
        return webp.image(maxPixels).withOrientation(Orientation.of(webp.exif, webp.xmp));
    }

    /** For torchvision, which does not read metadata. */
    static DecodedImage decodeByTorchvision(byte[] bytes, long maxPixels) {
        var webp = new Webp(bytes, maxPixels);
        if (webp.animated) {
            throw new InputException(
                    "The WebP file is an animation, which the loader torchvision does not read", Torchvision.HINT);
        }
        return webp.image(maxPixels);
    }

    private DecodedImage image(long maxPixels) {
        if (!animated) {
            return LibWebp.decode(still);
        }
        var frame = new Webp(still, maxPixels); // checks its size, too
        if (frame.animated) {
            throw new InputException("The WebP file is damaged: it has an animation within its animation");
        }
        return LibWebp.decode(still).placed(left, top, width, height);
    }

    private void readChunks(ByteBuffer in) {
        while (in.remaining() >= 8) {
            var name = new byte[4];
            in.get(name);
            int length = in.getInt();
            if (length < 0 || length > in.remaining()) {
                throw new InputException(
                        "The WebP file is truncated: it ends after " + in.limit() + " bytes, in a chunk of "
                                + Integer.toUnsignedLong(length),
                        "fetch or save the picture again");
            }
            read(
                    new String(name, StandardCharsets.ISO_8859_1),
                    in.slice(in.position(), length).order(in.order()));
            in.position(Math.min(in.limit(), in.position() + length + length % 2));
        }
    }

    private void read(String name, ByteBuffer content) {
        switch (name) {
            case "VP8X" -> setSize(u24(content, 4) + 1, u24(content, 7) + 1);
            case "VP8 " -> setSize(content.getShort(6) & 0x3fff, content.getShort(8) & 0x3fff);
            case "VP8L" -> setSize((content.getInt(1) & 0x3fff) + 1, (content.getInt(1) >> 14 & 0x3fff) + 1);
            case "EXIF" -> exif = bytes(content);
            case "XMP " -> xmp = bytes(content);
            case "ANMF" -> readFrame(content);
            default -> {}
        }
    }

    /** The first chunk that knows counts: it is the canvas. */
    private void setSize(int width, int height) {
        if (this.width == 0) {
            this.width = width;
            this.height = height;
        }
    }

    static int u24(ByteBuffer in, int at) {
        return in.getShort(at) & 0xffff | (in.get(at + 2) & 255) << 16;
    }

    private static byte[] bytes(ByteBuffer content) {
        var bytes = new byte[content.remaining()];
        content.get(content.position(), bytes);
        return bytes;
    }

    /** The first frame counts. */
    private void readFrame(ByteBuffer content) {
        if (animated) {
            return;
        }
        animated = true;
        left = 2 * u24(content, 0);
        top = 2 * u24(content, 3);
        still = still(content);
    }

    /** A file of the frame that an ANMF chunk holds: its chunks behind a header of their own. */
    static byte[] still(ByteBuffer content) {
        ByteBuffer chunks = content.slice(16, content.limit() - 16);
        boolean extended = chunks.get(0) == 'A'; // ALPH needs VP8X before it
        var file = ByteBuffer.allocate(HEADER + (extended ? 18 : 0) + chunks.limit())
                .order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(file.capacity() - 8).put(ascii("WEBP"));
        if (extended) {
            file.put(ascii("VP8X")).putInt(10).putInt(0x10).put(bytes(content.slice(6, 6)));
        }
        return file.put(chunks).array();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
