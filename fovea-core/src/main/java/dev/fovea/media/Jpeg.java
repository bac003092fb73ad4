package dev.fovea.media;

import dev.fovea.error.InputException;
import java.awt.image.Raster;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * JPEG. The JDK's libjpeg does entropy decoding, DCT and upsampling, which equal those of libjpeg-turbo. Colours are
 * converted here, from the raw channels: ImageIO would apply profiles and guess colour spaces otherwise than Pillow.
 */
final class Jpeg {

    private static final int FIRST_MARKER = 0xc0;
    private static final int START_OF_SCAN = 0xda;
    private static final Set<Integer> SAMPLED = Set.of(1, 3, 4);

    /** What the segments before the first scan say. */
    private static final class Header {
        int width;
        int height;
        int channels;
        /** Identifiers of the channels, one byte each. */
        byte[] ids = {};

        /** Sampling factors of the channels: horizontal in the high four bits, vertical in the low. */
        byte[] sampling = {};

        /** The transform of the Adobe segment, or -1. */
        int adobe = -1;

        boolean jfif;
        byte[] exif = {};
        byte[] xmp = {};
    }

    private Jpeg() {}

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        Header header = header(ByteBuffer.wrap(bytes));
        ImageFormat.JPEG.checkSize(header.width, header.height, maxPixels);
        byte[] samples = LibJpeg.isPresent() && SAMPLED.contains(header.channels)
                ? byLibJpeg(bytes, header)
                : inJava(bytes, header);
        DecodedImage image = switch (header.channels) {
            case 1 -> DecodedImage.of(Mode.L, header.width, header.height, samples);
            case 3 -> DecodedImage.of(Mode.RGB, header.width, header.height, samples);
            case 4 -> DecodedImage.of(Mode.CMYK, header.width, header.height, samples);
            default -> throw new InputException("A JPEG file of " + header.channels + " channels, expected 1, 3 or 4");
        };
        return image.withOrientation(Orientation.of(header.exif, header.xmp));
    }

    private static byte[] byLibJpeg(byte[] bytes, Header header) {
        byte[] samples = LibJpeg.samples(bytes, header.width, header.height, header.channels);
        return header.channels == 4 ? inverted(samples, 0) : samples;
    }

    /** Where libjpeg-turbo cannot be called. */
    private static byte[] inJava(byte[] bytes, Header header) {
        byte[] samples = raw(bytes, header);
        for (int c = 1; c < header.channels; c++) {
            // Half the rows of the first channel, but as many columns: 4:4:0, a 4:2:2 that was turned.
            if (header.sampling[0] - header.sampling[c] == 1 && header.sampling[c] % 16 == 1) {
                YCbCr.smoothRows(samples, header.width, header.height, header.channels, c);
            }
        }
        return switch (header.channels) {
            case 3 -> rgb(samples, header);
            case 4 -> ink(samples, header);
            default -> samples;
        };
    }

    /** For torchvision: turned as EXIF says, whatever XMP does. */
    static DecodedImage decodeByTorchvision(byte[] bytes, long maxPixels) {
        byte[] exif = header(ByteBuffer.wrap(bytes)).exif;
        return decode(bytes, maxPixels).withOrientation(Orientation.of(exif, new byte[0]));
    }

    private static Header header(ByteBuffer in) {
        var header = new Header();
        in.position(2);
        while (true) {
            int marker = nextMarker(in);
            if (marker == START_OF_SCAN) {
                if (header.channels == 0) {
                    throw new InputException("The JPEG file has no frame header before its data");
                }
                return header;
            }
            if (marker < FIRST_MARKER) {
                throw new InputException("The JPEG file is damaged: it has the marker 0x" + Integer.toHexString(marker)
                        + ", which no picture has there");
            }
            if (marker >= 0xd0 && marker <= 0xd9) {
                continue; // without content
            }
            int length = (in.getShort() & 0xffff) - 2;
            if (length > in.remaining()) {
                throw truncated(in.limit());
            }
            var content = new byte[Math.max(0, length)];
            in.get(content);
            read(marker, content, header);
        }
    }

    /** Skips to the next 0xff that has something other than a filler or a stuffed zero behind it. */
    private static int nextMarker(ByteBuffer in) {
        int before = 0;
        while (in.hasRemaining()) {
            int code = in.get() & 255;
            if (before == 0xff && code != 0xff && code != 0) {
                return code;
            }
            before = code;
        }
        throw truncated(in.limit());
    }

    static InputException truncated(int length) {
        return new InputException(
                "The JPEG file is truncated: it ends after " + length + " bytes, before its end marker",
                "fetch or save the picture again");
    }

    private static void read(int marker, byte[] content, Header header) {
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            var frame = ByteBuffer.wrap(content, 1, content.length - 1);
            header.height = frame.getShort() & 0xffff;
            header.width = frame.getShort() & 0xffff;
            header.channels = frame.get() & 255;
            header.ids = new byte[header.channels];
            header.sampling = new byte[header.channels];
            for (int c = 0; c < header.channels; c++) {
                header.ids[c] = frame.get();
                header.sampling[c] = frame.get();
                frame.get();
            }
        } else if (marker == 0xe0 && startsWith(content, "JFIF\0")) {
            header.jfif = true;
        } else if (marker == 0xe1 && startsWith(content, "Exif\0\0")) {
            header.exif = content;
        } else if (marker == 0xe1 && startsWith(content, "http://ns.adobe.com/xap/1.0/\0")) {
            header.xmp = content;
        } else if (marker == 0xee && content.length >= 12 && startsWith(content, "Adobe")) {
            header.adobe = content[11] & 255;
        }
    }

    private static boolean startsWith(byte[] content, String text) {
        byte[] prefix = text.getBytes(StandardCharsets.ISO_8859_1);
        return content.length >= prefix.length && Arrays.equals(content, 0, prefix.length, prefix, 0, prefix.length);
    }

    /** The decoded channels, interleaved, in the file's own colour space. */
    private static byte[] raw(byte[] bytes, Header header) {
        Raster raster = Plugin.read(ImageFormat.JPEG, JpegStream.bare(bytes), reader -> {
            reader.addIIOReadWarningListener((source, warning) -> {
                if (warning.contains("Missing EOI")) {
                    throw truncated(bytes.length); // libjpeg would go on with grey; Pillow stops
                }
            });
            return reader.readRaster(0, null);
        });
        return (byte[]) raster.getDataElements(0, 0, header.width, header.height, null);
    }

    /** {@code default_decompress_parms} of libjpeg decides, by segments and identifiers, whether it is YCbCr. */
    private static byte[] rgb(byte[] samples, Header header) {
        boolean namedRgb = Arrays.equals(header.ids, new byte[] {'R', 'G', 'B'});
        boolean isRgb = !header.jfif && (header.adobe >= 0 ? header.adobe == 0 : namedRgb);
        return isRgb ? samples : YCbCr.toRgb(samples, 3);
    }

    /** Adobe writes ink inverted, and Pillow takes every CMYK file for one of Adobe's. */
    private static byte[] ink(byte[] samples, Header header) {
        boolean ycck = header.adobe == 2;
        return ycck ? inverted(YCbCr.toRgb(samples, 4), 3) : inverted(samples, 0); // RGB is inverted ink, inverted back
    }

    /** @param first of the four channels that are inverted */
    private static byte[] inverted(byte[] samples, int first) {
        byte[] ink = samples.clone();
        for (int i = 0; i < ink.length; i++) {
            if (i % 4 >= first) {
                ink[i] = (byte) ~ink[i];
            }
        }
        return ink;
    }
}
