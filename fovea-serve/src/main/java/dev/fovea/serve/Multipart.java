package dev.fovea.serve;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The fields of a form: {@code multipart/form-data}, as RFC 7578 has it. */
final class Multipart {
    private static final int MOST_PARTS = 16;
    private static final int MOST_HEADER_BYTES = 4096; // of a part
    private static final Pattern BOUNDARY =
            Pattern.compile(";\\s*boundary=(?:\"([^\"]{1,70})\"|([^\\s;\"]{1,70}))", Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME =
            Pattern.compile(";\\s*name=\"([^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+)\"", Pattern.CASE_INSENSITIVE);
    private static final Pattern FILE =
            Pattern.compile(";\\s*filename=\"([^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+)\"", Pattern.CASE_INSENSITIVE);

    /**
     * A field.
     *
     * @param file the name of a file; empty where it is none
     */
    record Part(String file, byte[] content) {
        String text() {
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    private final byte[] body;
    private final byte[] delimiter;
    private int at;

    private Multipart(byte[] body, String boundary) {
        this.body = body;
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * The fields by their names.
     *
     * @param type the request's Content-Type
     */
    static Map<String, Part> read(byte[] body, String type) {
        Matcher boundary = BOUNDARY.matcher(type);
        if (!type.regionMatches(true, 0, "multipart/form-data", 0, 19) || !boundary.find()) {
            throw new Problem(
                    415,
                    Problem.INVALID,
                    null,
                    "unsupported_media_type",
                    "the request is no form; expected multipart/form-data with a boundary");
        }
        return new Multipart(body, boundary.group(1) != null ? boundary.group(1) : boundary.group(2)).parts();
    }

    private Map<String, Part> parts() {
        Map<String, Part> parts = new LinkedHashMap<>();
        // The first delimiter may stand at the very beginning, without the line feed that belongs to all others.
        at = startsWith(0, 2) ? delimiter.length - 2 : find(0) + delimiter.length;
        while (!(at + 1 < body.length && body[at] == '-' && body[at + 1] == '-')) {
            int head = endOfLine(at) + 2;
            int content = endOfHead(head);
            if (content - head > MOST_HEADER_BYTES) {
                throw broken();
            }
            int end = find(content - 2);
            String headers = new String(body, head, content - head, StandardCharsets.UTF_8);
            Matcher name = NAME.matcher(headers);
            Matcher file = FILE.matcher(headers);
            if (!name.find() || parts.size() == MOST_PARTS) {
                throw broken();
            }
            Part part = new Part(
                    file.find() ? plain(file.group(1)) : "", Arrays.copyOfRange(body, Math.min(content, end), end));
            if (parts.put(plain(name.group(1)), part) != null) {
                throw Problem.of(plain(name.group(1)), "the form has the field twice");
            }
            at = end + delimiter.length;
        }
        return parts;
    }

    private static String plain(String quoted) {
        return quoted.replaceAll("\\\\(.)", "$1");
    }

    private boolean startsWith(int from, int skipped) {
        int count = delimiter.length - skipped;
        return from + count <= body.length
                && Arrays.equals(body, from, from + count, delimiter, skipped, delimiter.length);
    }

    private int find(int from) {
        for (int i = Math.max(0, from); i + delimiter.length <= body.length; i++) {
            if (body[i] == '\r' && startsWith(i, 0)) {
                return i;
            }
        }
        throw broken();
    }

    private int endOfLine(int from) {
        for (int i = from; i + 1 < body.length; i++) {
            if (body[i] == '\r' && body[i + 1] == '\n') {
                return i;
            }
        }
        throw broken();
    }

    /** Behind the empty line. */
    private int endOfHead(int from) {
        int line = from;
        while (true) {
            int end = endOfLine(line);
            if (end == line) {
                return end + 2;
            }
            line = end + 2;
        }
    }

    private static Problem broken() {
        return new Problem(400, Problem.INVALID, null, "invalid_form", "the form is no sound multipart/form-data");
    }
}
