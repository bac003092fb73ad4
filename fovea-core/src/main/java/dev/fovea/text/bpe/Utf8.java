package dev.fovea.text.bpe;

/** Whether bytes are UTF-8, without the objects of a decoder: a vocabulary has a hundred thousand texts. */
final class Utf8 {
    private static final int LOWEST = 0x80;
    private static final int HIGHEST = 0xBF;

    private Utf8() {}

    /** No overlong forms, no surrogates, nothing beyond U+10FFFF. */
    static boolean isValid(byte[] bytes, int length) {
        int at = 0;
        while (at < length) {
            int lead = bytes[at++] & 0xFF;
            if (lead < LOWEST) {
                continue;
            }
            int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
            if (lead < 0xC2 || lead > 0xF4 || length - at < more) {
                return false;
            }
            int second = bytes[at] & 0xFF;
            if (second < lowest(lead) || second > highest(lead)) {
                return false;
            }
            for (int end = at++ + more; at < end; at++) {
                if ((bytes[at] & 0xC0) != LOWEST) {
                    return false;
                }
            }
        }
        return true;
    }

    private static int lowest(int lead) {
        return lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : LOWEST;
    }

    private static int highest(int lead) {
        return lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : HIGHEST;
    }
}
