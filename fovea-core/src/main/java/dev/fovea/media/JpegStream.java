package dev.fovea.media;

import dev.fovea.error.InputException;
import java.io.ByteArrayOutputStream;
import java.util.HexFormat;

/** A JPEG file as libjpeg-turbo reads it, for decoders that are pickier or more lenient. */
final class JpegStream {

    private static final int FIRST_OF_FRAMES = 0xc0;
    private static final int EXTENSION = 0xc8;
    private static final int FIRST_RESTART = 0xd0;
    private static final int START = 0xd8;
    private static final int END = 0xd9;
    private static final int SCAN = 0xda;
    private static final int FIRST_APPLICATION = 0xe0;
    private static final int LAST_APPLICATION = 0xef;
    private static final int COMMENT = 0xfe;
    private static final int RESTART_INTERVAL = 0xdd;

    /** Tables K.3 to K.6 of the standard as a DHT segment: frames of Motion JPEG leave them out. */
    private static final byte[] TABLES = HexFormat.of()
            .parseHex("ffc401a20000010501010101010100000000000000000102030405060708090a0b100002010303020403050504040000"
                    + "017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a2526"
                    + "2728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a8384858687"
                    + "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da"
                    + "e1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa0100030101010101010101010000000000000102030405060708090a"
                    + "0b1100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c1092333"
                    + "52f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a63646566"
                    + "6768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9ba"
                    + "c2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa");

    private final byte[] bytes;
    private int at = 2;
    private boolean restarts;

    private JpegStream(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * The same pictures without comments and application segments, which say nothing about the samples, and with the tables
     * that files may leave out.
     *
     * @throws InputException for markers that libjpeg stops at
     */
    static byte[] bare(byte[] bytes) {
        return new JpegStream(bytes).bare();
    }

    private byte[] bare() {
        var out = new ByteArrayOutputStream(bytes.length + TABLES.length);
        out.write(bytes, 0, 2);
        out.write(TABLES, 0, TABLES.length);
        int from = 2;
        for (int marker = next(); marker >= 0 && marker != END; marker = next()) {
            int start = at - 2;
            check(marker);
            if (marker == 1 || marker >= FIRST_RESTART && marker <= START) {
                continue;
            }
            int length = at + 2 > bytes.length ? 2 : (bytes[at] & 255) << 8 | bytes[at + 1] & 255;
            if (marker == RESTART_INTERVAL && at + 3 < bytes.length) {
                restarts = (bytes[at + 2] | bytes[at + 3]) != 0;
            }
            at = Math.min(bytes.length, at + Math.max(2, length));
            if (marker >= FIRST_APPLICATION && marker <= LAST_APPLICATION || marker == COMMENT) {
                out.write(bytes, from, start - from);
                from = at;
            }
            if (marker == SCAN && restarts) {
                break; // what is no marker of a restart is skipped in there
            }
        }
        out.write(bytes, from, bytes.length - from);
        return out.toByteArray();
    }

    /** The next byte behind a 0xff that is neither a filler nor a stuffed zero; -1 at the end. */
    private int next() {
        while (at + 1 < bytes.length) {
            int code = bytes[at + 1] & 255;
            at++;
            if (bytes[at - 1] == (byte) 0xff && code != 0xff && code != 0) {
                at++;
                return code;
            }
        }
        return -1;
    }

    private static void check(int marker) {
        boolean reserved = marker > 1 && marker < FIRST_OF_FRAMES || marker > LAST_APPLICATION && marker < COMMENT;
        if (reserved || marker == EXTENSION || marker == START) {
            throw new InputException("The JPEG file is damaged: it has the marker 0x" + Integer.toHexString(marker)
                    + ", which no picture has there");
        }
    }
}
