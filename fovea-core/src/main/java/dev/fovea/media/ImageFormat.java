package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** The file formats of pictures, told apart by their first bytes; names and media types are never trusted. */
enum ImageFormat {
    PNG("\u0089PNG\r\n\u001a\n", Png::decode),
    JPEG("\u00ff\u00d8\u00ff", Jpeg::decode),
    GIF("GIF89a", Gif::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return super.matches(bytes) || startsWith(bytes, "GIF87a");
        }
    },
    BMP("BM", Bmp::decode),
    WEBP("RIFF", Webp::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return super.matches(bytes) && bytes.length >= 12 && Arrays.equals(bytes, 8, 12, latin1("WEBP"), 0, 4);
        }
    },
    TIFF("II*\0", Tiff::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return super.matches(bytes) || startsWith(bytes, "MM\0*");
        }
    },
    PNM("P", Pnm::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return super.matches(bytes) && bytes.length >= 3 && "123456f".indexOf(bytes[1]) >= 0 && bytes[2] <= ' ';
        }
    },
    ICO("\0\0\1\0", Ico::decode),
    JPEG2000("", Jpeg2000::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return Jpeg2000.matches(bytes);
        }
    },
    AVIF("", Avif::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return Avif.matches(bytes);
        }
    },
    TGA("", Tga::decode) {
        @Override
        boolean matches(byte[] bytes) {
            return Tga.matches(bytes);
        }
    };

    private interface Decoder {
        DecodedImage decode(byte[] bytes, long maxPixels);
    }

    private final String magic;
    private final Decoder decoder;

    ImageFormat(String magic, Decoder decoder) {
        this.magic = magic;
        this.decoder = decoder;
    }

    /** The format of a file. Throws {@link InputException} where it is none of these. */
    static ImageFormat of(byte[] bytes) {
        for (ImageFormat format : values()) {
            if (format.matches(bytes)) {
                return format;
            }
        }
        ForeignFormat.refuse(bytes);
        throw new InputException(
                bytes.length == 0 ? "The picture has no bytes" : "Not a picture: " + opening(bytes),
                "expected one of " + Arrays.toString(values()));
    }

    boolean matches(byte[] bytes) {
        return startsWith(bytes, magic);
    }

    DecodedImage decode(byte[] bytes, long maxPixels) {
        return decoder.decode(bytes, maxPixels);
    }

    /** Refuses sizes that are nonsense or beyond the limit, before anything is allocated for them. */
    void checkSize(long width, long height, long maxPixels) {
        if (width < 1 || height < 1) {
            throw new InputException(
                    "The header of the " + this + " file claims " + width + " x " + height + " pixels");
        }
        if (width > maxPixels / height) {
            throw new InputException(
                    "The header of the " + this + " file claims " + width + " x " + height
                            + " pixels, more than the limit of " + maxPixels,
                    "make the picture smaller, or raise the limit if you trust where it comes from");
        }
    }

    private static boolean startsWith(byte[] bytes, String magic) {
        return bytes.length >= magic.length()
                && Arrays.equals(bytes, 0, magic.length(), latin1(magic), 0, magic.length());
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String opening(byte[] bytes) {
        byte[] first = Arrays.copyOf(bytes, Math.min(16, bytes.length));
        String text = new String(first, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
        return "its " + bytes.length + " bytes begin with "
                + HexFormat.ofDelimiter(" ").formatHex(first) + " (\"" + text + "\")";
    }
}
