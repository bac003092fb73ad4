package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Netpbm's PBM, PGM and PPM, raw and plain, and PFM of one channel, in the modes that Pillow gives them. */
final class Pnm {

    private static final int LONGEST_TOKEN = 10;
    private static final int DEEPEST = 65535;

    private final ByteBuffer in;
    private final Mode mode;
    private final boolean plain;
    private final int width;
    private final int height;
    /** The value that stands for white. */
    private int maxval = 1;

    private float scale = 1;

    private Pnm(byte[] bytes, long maxPixels) {
        in = ByteBuffer.wrap(bytes).position(2);
        int kind = bytes[1];
        plain = kind <= '3';
        if (isWhitespace(in.get(2))) {
            in.get();
        } else {
            throw new InputException("The PNM file is damaged: \"P" + (char) kind + "\" has no space behind it");
        }
        width = integer(token());
        height = integer(token());
        ImageFormat.PNM.checkSize(width, height, maxPixels);
        mode = readScale(kind);
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        var pnm = new Pnm(bytes, maxPixels);
        return DecodedImage.of(pnm.mode, pnm.width, pnm.height, pnm.plain ? pnm.plainSamples() : pnm.rawSamples());
    }

    private Mode readScale(int kind) {
        return switch (kind) {
            case '1', '4' -> Mode.BILEVEL;
            case 'f' -> {
                scale = number(token());
                yield Mode.F;
            }
            default -> {
                maxval = integer(token());
                if (maxval < 1 || maxval > DEEPEST) {
                    throw new InputException("The PNM file has " + maxval + " for white, expected 1 to " + DEEPEST);
                }
                boolean grey = kind == '2' || kind == '5';
                yield !grey ? Mode.RGB : maxval > 255 ? Mode.I : Mode.L;
            }
        };
    }

    private static boolean isWhitespace(int c) {
        return c == ' ' || '\t' <= c && c <= '\r';
    }

    /** The next word of the header, without comments, and the space behind it. */
    private String token() {
        var token = new StringBuilder();
        while (token.length() <= LONGEST_TOKEN && in.hasRemaining()) {
            int c = in.get() & 255;
            if (c == '#') {
                skipLine();
            } else if (!isWhitespace(c)) {
                token.append((char) c);
            } else if (!token.isEmpty()) {
                break;
            }
        }
        return token.toString();
    }

    private void skipLine() {
        while (in.hasRemaining()) {
            int c = in.get();
            if (c == '\n' || c == '\r') {
                return;
            }
        }
    }

    private static int integer(String token) {
        if (token.length() > LONGEST_TOKEN || !token.matches("[+-]?[0-9]+(_[0-9]+)*")) {
            throw damaged("a header with numbers", token);
        }
        return Math.clamp(Long.parseLong(token.replace("_", "")), Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    private static float number(String token) {
        if (token.length() > LONGEST_TOKEN || !token.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
            throw damaged("a scale", token);
        }
        float number = (float) Double.parseDouble(token);
        if (Double.parseDouble(token) == 0 || Double.isInfinite(Double.parseDouble(token))) {
            throw damaged("a scale other than 0", token);
        }
        return number;
    }

    private static InputException damaged(String expected, String token) {
        return new InputException(
                "The PNM file is truncated or damaged: expected " + expected + ", found \"" + printable(token) + "\"");
    }

    private static String printable(String token) {
        return token.replaceAll("[^ -~]", ".");
    }

    private byte[] rawSamples() {
        byte[] samples = mode.samples(width, height);
        return switch (mode) {
            case BILEVEL -> bits(samples);
            case F -> floats(samples);
            default -> numbers(samples);
        };
    }

    /** Eight pixels a byte, where 1 is black; rows begin with a byte of their own. */
    private byte[] bits(byte[] samples) {
        int rowBytes = Math.ceilDiv(width, 8);
        checkLeft((long) rowBytes * height);
        for (int i = 0; i < samples.length; i++) {
            int x = i % width;
            int bit = in.get(in.position() + i / width * rowBytes + x / 8) >> 7 - x % 8 & 1;
            samples[i] = (byte) (bit == 1 ? 0 : 255);
        }
        return samples;
    }

    /** From the bottom up; the sign of the scale is the order of the bytes, its amount is not applied. */
    private byte[] floats(byte[] samples) {
        checkLeft(samples.length);
        in.order(scale < 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        for (int y = height - 1; y >= 0; y--) {
            for (int x = 0; x < width; x++) {
                Mode.putFloat(samples, 4 * (y * width + x), in.getFloat());
            }
        }
        return samples;
    }

    private byte[] numbers(byte[] samples) {
        int count = channelCount();
        checkLeft((long) count * (maxval < 256 ? 1 : 2));
        for (int i = 0; i < count; i++) {
            put(samples, i, maxval < 256 ? in.get() & 255 : in.getShort() & 0xffff);
        }
        return samples;
    }

    private int channelCount() {
        return width * height * (mode == Mode.RGB ? 3 : 1);
    }

    /** Numbers above maxval are white. */
    private void put(byte[] samples, int i, int value) {
        int white = mode == Mode.I ? DEEPEST : 255;
        int scaled = (int) Math.min(white, Math.rint((double) value / maxval * white));
        if (mode == Mode.I) {
            Mode.putInt(samples, 4 * i, scaled);
        } else {
            samples[i] = (byte) scaled;
        }
    }

    private void checkLeft(long needed) {
        if (in.remaining() < needed) {
            throw truncated(in.remaining() + " of " + needed + " bytes");
        }
    }

    private static InputException truncated(String found) {
        return new InputException(
                "The PNM file is truncated: it has " + found + " of pixels", "fetch or save the picture again");
    }

    private byte[] plainSamples() {
        byte[] samples = mode.samples(width, height);
        String text = StandardCharsets.ISO_8859_1
                .decode(in)
                .toString()
                .replaceAll("#[^\n\r]*[\n\r]", "")
                .replaceFirst("(?s)#.*", "");
        if (mode == Mode.BILEVEL) {
            return plainBits(samples, text.replaceAll("[ \t-\r]", ""));
        }
        String[] tokens = text.strip().split("[ \t-\r]+");
        int count = channelCount();
        if (tokens.length < count) {
            throw truncated(tokens.length + " of " + count + " numbers");
        }
        for (int i = 0; i < count; i++) {
            int value = integer(tokens[i]);
            if (value < 0 || value > maxval) {
                throw new InputException("The PNM file has the value " + value + ", expected 0 to " + maxval);
            }
            put(samples, i, value);
        }
        return samples;
    }

    /** Digits with or without spaces between them; 1 is black. */
    private static byte[] plainBits(byte[] samples, String digits) {
        if (!digits.matches("[01]*")) {
            throw new InputException("The PNM file has other digits than 0 and 1");
        }
        if (digits.length() < samples.length) {
            throw truncated(digits.length() + " of " + samples.length + " digits");
        }
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (byte) (digits.charAt(i) == '1' ? 0 : 255);
        }
        return samples;
    }
}
