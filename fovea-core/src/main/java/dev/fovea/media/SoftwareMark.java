package dev.fovea.media;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Says in a PNG file that Fovea wrote it: the text {@code Software} with a sum of all the rest behind the header, so that a picture
 * which somebody worked on afterwards is told from one that can be made again, also where an editor kept the text.
 */
final class SoftwareMark {
    private static final int HEADER_END = 8 + 25; // signature and IHDR, which comes first

    private SoftwareMark() {}

    /** @param png without a mark */
    static byte[] put(byte[] png) {
        byte[] rest = Arrays.copyOfRange(png, HEADER_END, png.length);
        byte[] mark = chunk(rest);
        return ByteBuffer.allocate(png.length + mark.length)
                .put(png, 0, HEADER_END)
                .put(mark)
                .put(rest)
                .array();
    }

    static boolean isIn(byte[] file) {
        int length = chunk(new byte[0]).length;
        if (file.length < HEADER_END + length) {
            return false;
        }
        byte[] rest = Arrays.copyOfRange(file, HEADER_END + length, file.length);
        return Arrays.equals(Arrays.copyOfRange(file, HEADER_END, HEADER_END + length), chunk(rest));
    }

    private static byte[] chunk(byte[] marked) {
        byte[] text = "tEXtSoftware\0Fovea %08x".formatted(sum(marked)).getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(Integer.BYTES + text.length + Integer.BYTES)
                .putInt(text.length - 4) // without the type
                .put(text)
                .putInt(sum(text))
                .array();
    }

    private static int sum(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
