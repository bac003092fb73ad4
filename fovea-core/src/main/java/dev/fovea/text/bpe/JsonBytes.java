package dev.fovea.text.bpe;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A position in JSON that is read as it lies there, since a vocabulary has a million strings. It takes what is surely right and
 * throws {@link Malformed} at the rest: whoever reads says what is wrong by the parser for all JSON.
 */
final class JsonBytes {
    /** Something is wrong, or is nothing for this reader. */
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Malformed() {
            super("malformed", null, false, false);
        }
    }

    private static final int MAX_DEPTH = 100;
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");

    private final byte[] json;
    private int at;
    private int depth;

    /** The last string that was read: the UTF-8 and its hash. */
    byte[] text = new byte[256];

    int length;
    long hash;
    private boolean ascii;

    JsonBytes(byte[] json) {
        this.json = json;
        this.at = start(json);
    }

    /** Where a text begins: behind the byte order mark that some editors put before it. */
    static int start(byte[] text) {
        boolean mark = text.length >= 3 && text[0] == (byte) 0xEF && text[1] == (byte) 0xBB && text[2] == (byte) 0xBF;
        return mark ? 3 : 0;
    }

    int position() {
        return at;
    }

    void position(int position) {
        at = position;
    }

    /** The next byte that is no white space, which is not taken. */
    byte peek() {
        byte[] from = json;
        int place = at;
        while (place < from.length && isSpace(from[place])) {
            place++;
        }
        at = place;
        if (place == from.length) {
            throw new Malformed();
        }
        return from[place];
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    void expect(char wanted) {
        if (peek() != wanted) {
            throw new Malformed();
        }
        at++;
    }

    /** Takes this character where it comes next. */
    boolean takes(char wanted) {
        if (peek() != wanted) {
            return false;
        }
        at++;
        return true;
    }

    /** Nothing but white space may be left. */
    void end() {
        while (at < json.length) {
            if (!isSpace(json[at])) {
                throw new Malformed();
            }
            at++;
        }
    }

    private byte next() {
        if (at == json.length) {
            throw new Malformed();
        }
        return json[at++];
    }

    /** Reads a string into {@link #text}. */
    void string() {
        length = 0;
        more();
    }

    /** Reads a string behind the one in {@link #text}; the hash is of this one alone. */
    void more() {
        expect('"');
        hash = 0;
        ascii = true;
        while (!plain()) {
            escape();
        }
    }

    /**
     * Reads on up to the end of the string or to an escape: by local variables, since most of the file goes through here before this is
     * compiled well. Returns whether it is the end.
     */
    private boolean plain() {
        byte[] from = json;
        byte[] to = text;
        int place = at;
        int count = length;
        long sum = hash;
        int all = 0;
        int limit = Math.min(from.length, place + to.length - count);
        byte b = ' ';
        while (place < limit) {
            b = from[place++];
            if (b == '"' || b == '\\' || (b >= 0 && b < ' ')) {
                break;
            }
            all |= b;
            to[count++] = b;
            sum = Vocabulary.hash(sum, b);
        }
        at = place;
        length = count;
        hash = sum;
        ascii &= all >= 0;
        if (b == '"' || b == '\\') {
            return b == '"';
        }
        if (place == from.length || (b >= 0 && b < ' ')) {
            throw new Malformed();
        }
        text = Arrays.copyOf(to, 2 * to.length);
        return plain();
    }

    private void put(int b) {
        if (length == text.length) {
            text = Arrays.copyOf(text, 2 * length);
        }
        text[length++] = (byte) b;
        hash = Vocabulary.hash(hash, (byte) b);
        ascii &= b < 0x80;
    }

    private void escape() {
        byte b = next();
        switch (b) {
            case '"', '\\', '/' -> put(b);
            case 'b' -> put('\b');
            case 'f' -> put('\f');
            case 'n' -> put('\n');
            case 'r' -> put('\r');
            case 't' -> put('\t');
            case 'u' -> {
                int code = hex();
                if (Character.isHighSurrogate((char) code) && next() == '\\' && next() == 'u') {
                    code = Character.toCodePoint((char) code, (char) lowSurrogate());
                }
                codePoint(code);
            }
            default -> throw new Malformed();
        }
    }

    private int lowSurrogate() {
        int code = hex();
        if (!Character.isLowSurrogate((char) code)) {
            throw new Malformed();
        }
        return code;
    }

    private int hex() {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(next(), 16);
            if (digit < 0) {
                throw new Malformed();
            }
            code = code << 4 | digit;
        }
        return code;
    }

    private void codePoint(int code) {
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xC0 | code >> 6);
            put(0x80 | code & 0x3F);
        } else if (code < 0x10000) {
            if (code >> 11 == 0x1B) {
                throw new Malformed();
            }
            put(0xE0 | code >> 12);
            put(0x80 | code >> 6 & 0x3F);
            put(0x80 | code & 0x3F);
        } else {
            put(0xF0 | code >> 18);
            put(0x80 | code >> 12 & 0x3F);
            put(0x80 | code >> 6 & 0x3F);
            put(0x80 | code & 0x3F);
        }
    }

    /** The last string. */
    String taken() {
        checkText();
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    /** Whether the last string is UTF-8, which is not looked at while it is read. */
    void checkText() {
        if (!ascii && !Utf8.isValid(text, length)) {
            throw new Malformed();
        }
    }

    private Object number() {
        int start = at;
        while (at < json.length && "+-.eE0123456789".indexOf(json[at]) >= 0) {
            at++;
        }
        String digits = new String(json, start, at - start, StandardCharsets.ISO_8859_1);
        if (!NUMBER.matcher(digits).matches()) {
            throw new Malformed();
        }
        if (digits.length() > 18 || digits.matches(".*[.eE].*")) {
            return Double.parseDouble(digits);
        }
        return Long.parseLong(digits);
    }

    /** Reads a number, which has to be whole and of at most 18 digits. */
    long whole() {
        boolean negative = takes('-');
        int start = at;
        long value = 0;
        while (at < json.length && json[at] >= '0' && json[at] <= '9') {
            value = 10 * value + json[at++] - '0';
        }
        int digits = at - start;
        boolean more = at < json.length && (json[at] == '.' || json[at] == 'e' || json[at] == 'E');
        if (digits == 0 || digits > 18 || more || (digits > 1 && json[start] == '0')) {
            throw new Malformed();
        }
        return negative ? -value : value;
    }

    /** Reads any value, as {@link dev.fovea.io.Json} has it. */
    @Nullable
    Object value() {
        if (++depth > MAX_DEPTH) {
            throw new Malformed();
        }
        Object value = switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> {
                string();
                yield taken();
            }
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
        depth--;
        return value;
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        for (int i = 0; i < word.length(); i++) {
            if (next() != word.charAt(i)) {
                throw new Malformed();
            }
        }
        return value;
    }

    private Map<String, @Nullable Object> object() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        expect('{');
        for (boolean more = !takes('}'); more; more = another('}')) {
            string();
            String key = taken();
            expect(':');
            if (map.containsKey(key)) {
                throw new Malformed();
            }
            map.put(key, value());
        }
        return map;
    }

    private List<@Nullable Object> array() {
        List<@Nullable Object> list = new ArrayList<>();
        expect('[');
        for (boolean more = !takes(']'); more; more = another(']')) {
            list.add(value());
        }
        return list;
    }

    /** Takes the comma before another element, or the end of them. */
    boolean another(char end) {
        if (takes(',')) {
            return true;
        }
        expect(end);
        return false;
    }

    /** Passes by an object or array; what is in it is looked at when it is read. */
    void pass() {
        int open = 0;
        do {
            switch (peek()) {
                case '"' -> string();
                case '{', '[' -> {
                    open++;
                    at++;
                }
                case '}', ']' -> {
                    open--;
                    at++;
                }
                default -> at++;
            }
        } while (open > 0);
    }
}
