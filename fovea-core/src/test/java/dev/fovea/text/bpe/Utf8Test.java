package dev.fovea.text.bpe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class Utf8Test {
    /** The bytes at which verdicts change, and their neighbours. */
    private static final int[] BYTES = {
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
        0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF
    };

    /** All texts of up to four such bytes. */
    @Test
    void saysWhatTheDecoderSays() {
        List<String> wrong = new ArrayList<>();
        byte[] text = new byte[4];
        for (int length = 0; length <= text.length; length++) {
            for (int n = 0; n < Math.pow(BYTES.length, length); n++) {
                for (int i = 0, rest = n; i < length; i++, rest /= BYTES.length) {
                    text[i] = (byte) BYTES[rest % BYTES.length];
                }
                if (Utf8.isValid(text, length) != decodes(text, length)) {
                    wrong.add(new String(text, 0, length, StandardCharsets.ISO_8859_1));
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static boolean decodes(byte[] text, int length) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text, 0, length));
            return true;
        } catch (CharacterCodingException _) {
            return false;
        }
    }
}
