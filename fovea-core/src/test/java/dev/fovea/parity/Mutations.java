package dev.fovea.parity;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Small changes of files: such as a bad disk, a bad program or a bad person makes. */
final class Mutations {
    private static final Pattern NUMBER = Pattern.compile("-?\\d+");
    private static final Pattern STRING = Pattern.compile("\"[^\"]*\"");
    private static final List<String> NUMBERS = List.of(
            "-1", "0", "1", "2147483647", "2147483648", "9223372036854775807", "1e308", "0.5", "null", "[]", "\"8\"");
    private static final List<String> STRINGS = List.of(
            "\"F32\"",
            "\"BF16\"",
            "\"F16\"",
            "\"F64\"",
            "\"I32\"",
            "\"I64\"",
            "\"BOOL\"",
            "\"F8_E4M3\"",
            "\"\"",
            "\"../x\"",
            "7",
            "{}",
            "\"model-00001-of-00002.safetensors\"",
            "\"lm_head.weight\"",
            "\"\\u0000\"",
            "\"shape\"");

    private Mutations() {}

    /** A safetensors file with another header; its announced length is right most of the time. */
    static byte[] header(Random random, byte[] file) {
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] header = json(random, Arrays.copyOfRange(file, 8, 8 + length));
        byte[] data = Arrays.copyOfRange(file, 8 + length, file.length);
        if (random.nextInt(10) == 0) {
            data = Arrays.copyOf(data, Math.max(0, data.length + random.nextInt(-5000, 5000)));
        }
        long announced = random.nextInt(20) == 0 ? random.nextLong() >>> random.nextInt(64) : header.length;
        return ByteBuffer.allocate(8 + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(announced)
                .put(header)
                .put(data)
                .array();
    }

    /** JSON with a number, a string or a few letters changed. */
    static byte[] json(Random random, byte[] json) {
        String text = new String(json, StandardCharsets.UTF_8);
        String changed = switch (random.nextInt(6)) {
            case 0, 1 -> replaced(random, text, NUMBER, NUMBERS);
            case 2, 3 -> replaced(random, text, STRING, STRINGS);
            case 4 -> {
                int from = random.nextInt(text.length());
                int to = Math.min(text.length(), from + random.nextInt(200));
                yield text.substring(0, from)
                        + (random.nextBoolean() ? text.substring(from, to).repeat(2) : "")
                        + text.substring(to);
            }
            default -> {
                int at = random.nextInt(text.length());
                yield text.substring(0, at) + (char) random.nextInt(128) + text.substring(at + 1);
            }
        };
        return changed.getBytes(StandardCharsets.UTF_8);
    }

    private static String replaced(Random random, String text, Pattern pattern, List<String> values) {
        List<MatchResult> found = pattern.matcher(text).results().toList();
        MatchResult one = found.get(random.nextInt(found.size()));
        String value = random.nextInt(4) == 0
                ? found.get(random.nextInt(found.size())).group() // of another place
                : values.get(random.nextInt(values.size()));
        return text.substring(0, one.start()) + value + text.substring(one.end());
    }

    /** Some bytes changed near the beginning or the end, or the file cut or longer. */
    static byte[] bytes(Random random, byte[] file, int edge) {
        if (random.nextInt(8) == 0) {
            return Arrays.copyOf(file, random.nextInt(file.length + 1000));
        }
        byte[] changed = file.clone();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(Math.min(edge, file.length));
            changed[random.nextBoolean() ? at : file.length - 1 - at] = (byte) random.nextInt(256);
        }
        return changed;
    }
}
