package dev.fovea.media;

import dev.fovea.error.InputException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** What the texts of a PNG file say about the picture: XMP, and the EXIF block that ImageMagick writes in hexadecimal. */
final class PngText {

    /** The most that a compressed text may become: Pillow's {@code MAX_TEXT_CHUNK}. */
    private static final int LONGEST = 1 << 20;

    private static final String XMP = "XML:com.adobe.xmp";
    private static final String RAW_PROFILE = "Raw profile type exif";
    private static final byte[] NONE = {};

    private byte[] xmp = NONE;
    private byte[] exif = NONE;

    byte[] xmp() {
        return xmp;
    }

    byte[] exif() {
        return exif;
    }

    void read(String chunk, byte[] content) {
        int end = indexOfZero(content, 0);
        if (end == content.length) {
            return;
        }
        String key = new String(content, 0, end, StandardCharsets.ISO_8859_1);
        byte[] rest = Arrays.copyOfRange(content, end + 1, content.length);
        byte[] value = switch (chunk) {
            case "zTXt" -> compressed(rest);
            case "iTXt" -> international(rest);
            default -> rest;
        };
        if (key.equals(XMP)) {
            xmp = value;
        } else if (key.equals(RAW_PROFILE)) {
            exif = rawProfile(value);
        }
    }

    private static int indexOfZero(byte[] content, int from) {
        int at = from;
        while (at < content.length && content[at] != 0) {
            at++;
        }
        return at;
    }

    private static byte[] compressed(byte[] content) {
        if (content.length > 0 && content[0] != 0) {
            throw new InputException("The PNG file has a text of compression method " + content[0] + ", expected 0");
        }
        return inflated(content, 1);
    }

    /** Two flags, a language, a translated keyword, then the text. */
    private static byte[] international(byte[] content) {
        int language = content.length < 2 ? content.length : indexOfZero(content, 2);
        int keyword = indexOfZero(content, Math.min(content.length, language + 1));
        if (keyword >= content.length) {
            return NONE;
        }
        if (content[0] == 0) {
            return Arrays.copyOfRange(content, keyword + 1, content.length);
        }
        return content[1] == 0 ? inflated(content, keyword + 1) : NONE;
    }

    private static byte[] inflated(byte[] content, int from) {
        var inflater = new Inflater();
        try {
            inflater.setInput(content, Math.min(from, content.length), Math.max(0, content.length - from));
            var out = new ByteArrayOutputStream();
            var block = new byte[1 << 12];
            for (int read = inflater.inflate(block); read > 0; read = inflater.inflate(block)) {
                out.write(block, 0, read);
                if (out.size() > LONGEST) {
                    throw new InputException("The PNG file has a text of more than " + LONGEST + " bytes");
                }
            }
            return inflater.finished() ? out.toByteArray() : NONE;
        } catch (DataFormatException e) {
            return NONE; // a picture is not worth less for its broken texts
        } finally {
            inflater.end();
        }
    }

    /** A line feed, "exif", the length, then the bytes in hexadecimal. */
    private static byte[] rawProfile(byte[] value) {
        String[] lines = new String(value, StandardCharsets.ISO_8859_1).split("\n", -1);
        String digits = String.join("", Arrays.asList(lines).subList(Math.min(3, lines.length), lines.length))
                .replaceAll("\\s", "");
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException e) {
            throw new InputException("The PNG file is damaged: its EXIF is not in hexadecimal", "", e);
        }
    }
}
