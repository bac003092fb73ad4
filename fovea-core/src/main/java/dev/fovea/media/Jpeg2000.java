package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** JPEG 2000, as file (JP2) or bare codestream, decoded by OpenJPEG, in the modes that Pillow gives it. */
final class Jpeg2000 {

    private static final String CODESTREAM = "\u00ffO\u00ffQ";
    private static final String FILE = "\0\0\0\fjP  \r\n\u0087\n";
    private static final int CMYK = 12; // enumerated colour space

    private Jpeg2000() {}

    static boolean matches(byte[] bytes) {
        String opening = new String(bytes, 0, Math.min(12, bytes.length), StandardCharsets.ISO_8859_1);
        return opening.startsWith(CODESTREAM) || opening.startsWith(FILE);
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        boolean codestream = bytes[0] != 0;
        try (var jpeg = new OpenJpeg(bytes, codestream)) {
            int width = jpeg.width();
            int height = jpeg.height();
            ImageFormat.JPEG2000.checkSize(width, height, maxPixels);
            int count = jpeg.componentCount();
            if (count < 1 || count > 4) {
                throw new InputException("The JPEG 2000 file has " + count + " components, expected 1 to 4");
            }
            for (int c = 0; c < count; c++) {
                OpenJpeg.Component component = jpeg.component(c);
                if (component.dx() != 1 || component.dy() != 1) {
                    throw new InputException(
                            "The JPEG 2000 file has components of several sizes, which Pillow refuses too");
                }
            }
            Mode mode = codestream ? mode(jpeg, count, 8) : Header.of(bytes).mode(jpeg, count);
            jpeg.decode();
            byte[] samples = samples(jpeg, mode, width, height);
            return DecodedImage.of(mode, width, height, samples);
        }
    }

    /** What the boxes of a file say. */
    private record Header(int colourSpace, boolean hasPalette) {
        static Header of(byte[] bytes) {
            int colourSpace = 0;
            boolean palette = false;
            ByteBuffer in = ByteBuffer.wrap(bytes);
            for (int at = 0; at + 8 <= bytes.length; ) {
                long length = Integer.toUnsignedLong(in.getInt(at));
                String type = new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
                if (type.equals("colr") && at + 15 <= bytes.length && bytes[at + 8] == 1) {
                    colourSpace = in.getInt(at + 11);
                }
                palette = palette || type.equals("pclr");
                at = type.equals("jp2h") ? at + 8 : (int) Math.min(bytes.length, at + Math.max(8, length));
            }
            return new Header(colourSpace, palette);
        }

        Mode mode(OpenJpeg jpeg, int count) {
            if (hasPalette) {
                throw new InputException("The JPEG 2000 file has a palette, which is not supported");
            }
            return count == 4 && colourSpace == CMYK ? Mode.CMYK : Jpeg2000.mode(jpeg, count, 9);
        }
    }

    private static Mode mode(OpenJpeg jpeg, int count, int mostBits) {
        return switch (count) {
            case 1 -> jpeg.component(0).precision() > mostBits ? Mode.I16 : Mode.L;
            case 2 -> Mode.LA;
            case 3 -> Mode.RGB;
            default -> Mode.RGBA;
        };
    }

    private static byte[] samples(OpenJpeg jpeg, Mode mode, int width, int height) {
        byte[] samples = mode.samples(width, height);
        int count = jpeg.componentCount();
        int bits = mode == Mode.I16 ? 16 : 8;
        for (int c = 0; c < count; c++) {
            OpenJpeg.Component component = jpeg.component(c);
            if (component.width() != width || component.height() != height) {
                throw new InputException("The JPEG 2000 file is damaged: its components differ in size");
            }
            int shift = bits - component.precision();
            int offset = component.signed() ? 1 << component.precision() - 1 : 0;
            offset += shift < 0 ? 1 << -shift - 1 : 0;
            int[] values = jpeg.samples(c);
            for (int i = 0; i < values.length; i++) {
                int value = shift < 0 ? values[i] + offset >>> -shift : values[i] + offset << shift;
                if (mode == Mode.I16) {
                    samples[2 * i] = (byte) value;
                    samples[2 * i + 1] = (byte) (value >> 8);
                } else {
                    samples[i * mode.bytes + c] = (byte) value;
                }
            }
        }
        return jpeg.colourSpace() == OpenJpeg.SYCC ? rgb(samples, mode) : samples;
    }

    private static byte[] rgb(byte[] samples, Mode mode) {
        for (int i = 0; mode.bytes >= 3 && i < samples.length; i += mode.bytes) {
            YCbCr.byPillow(samples, i, samples, i);
        }
        return samples;
    }
}
