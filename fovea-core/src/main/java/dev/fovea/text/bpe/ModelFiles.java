package dev.fovea.text.bpe;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import dev.fovea.io.Json;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the files of a byte pair encoding, a vocabulary and its merges each in one pass. */
public final class ModelFiles {
    /**
     * A tokenizer.json.
     *
     * @param root all of it but the vocabulary and the merges, as {@link Json} has it
     */
    public record TokenizerFile(Map<String, @Nullable Object> root, Vocabulary vocabulary, Merges merges) {}

    /** What the first line of merges may be. */
    private static final byte[] VERSION = "#version".getBytes(StandardCharsets.US_ASCII);

    private final JsonBytes json;
    private final String what;
    private final Vocabulary vocabulary;
    private Merges merges;

    /** @param bytesAPiece of the file, so that tables seldom grow */
    private ModelFiles(byte[] bytes, int bytesAPiece, String what) {
        this.json = new JsonBytes(bytes);
        this.what = what;
        this.vocabulary = new Vocabulary(bytes.length / bytesAPiece);
        this.merges = new Merges(vocabulary, 0);
    }

    /** @throws InputException where it is no JSON, or its vocabulary and merges are of another kind than a byte pair encoding's */
    public static TokenizerFile tokenizerJson(byte[] bytes, String what) {
        ModelFiles files = new ModelFiles(bytes, 96, what);
        return files.checked(bytes, files::tokenizer);
    }

    /** A vocab.json: an object of pieces and ids. */
    public static Vocabulary vocabJson(byte[] bytes, String what) {
        ModelFiles files = new ModelFiles(bytes, 16, what);
        return files.checked(bytes, () -> {
            files.pieces();
            files.json.end();
            return files.vocabulary;
        });
    }

    /** A merges.txt: two pieces of a vocabulary in each line, with a space between. */
    public static Merges mergesText(byte[] text, Vocabulary vocabulary, String what) {
        Merges merges = new Merges(vocabulary, vocabulary.size());
        for (int at = JsonBytes.start(text); at < text.length; ) {
            int end = at;
            while (end < text.length && text[end] != '\n' && text[end] != '\r') {
                end++;
            }
            byte[] line = Arrays.copyOfRange(text, at, end);
            if (!isBlank(line) && !startsWith(line, VERSION)) {
                pair(line, line.length, vocabulary, merges, what);
            }
            at = end + 1;
        }
        return merges;
    }

    private static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t') {
                return false;
            }
        }
        return true;
    }

    private static boolean startsWith(byte[] line, byte[] start) {
        return line.length >= start.length && Arrays.equals(line, 0, start.length, start, 0, start.length);
    }

    private interface Reading<T> {
        T read();
    }

    private <T> T checked(byte[] bytes, Reading<T> reading) {
        try {
            return reading.read();
        } catch (JsonBytes.Malformed _) {
            Json.parse(InputFile.text(bytes, what), what);
            throw new InputException(what + " has something at byte " + json.position()
                    + " that no byte pair encoding has there: half a character, or a value of another type");
        }
    }

    private TokenizerFile tokenizer() {
        Map<String, @Nullable Object> root = new LinkedHashMap<>();
        json.expect('{');
        for (boolean more = !json.takes('}'); more; more = json.another('}')) {
            String key = key();
            if (root.containsKey(key)) {
                throw new JsonBytes.Malformed();
            }
            root.put(key, key.equals("model") && json.peek() == '{' ? model() : json.value());
        }
        json.end();
        return new TokenizerFile(root, vocabulary, merges);
    }

    private String key() {
        json.string();
        json.expect(':');
        return json.taken();
    }

    /** The model without its vocabulary and merges. Should these come first, they are read afterwards. */
    private Map<String, @Nullable Object> model() {
        Map<String, @Nullable Object> model = new LinkedHashMap<>();
        int mergesAt = -1;
        json.expect('{');
        for (boolean more = !json.takes('}'); more; more = json.another('}')) {
            String key = key();
            if (model.containsKey(key)) {
                throw new JsonBytes.Malformed();
            }
            if (key.equals("vocab") && json.peek() == '{') {
                pieces();
                model.put(key, Map.of());
            } else if (key.equals("merges") && json.peek() == '[') {
                mergesAt = json.position();
                if (model.containsKey("vocab")) {
                    pairs();
                    mergesAt = -1;
                } else {
                    json.pass();
                }
                model.put(key, Map.of());
            } else {
                model.put(key, json.value());
            }
        }
        if (mergesAt >= 0) {
            int end = json.position();
            json.position(mergesAt);
            pairs();
            json.position(end);
        }
        return model;
    }

    private void pieces() {
        json.expect('{');
        for (boolean more = !json.takes('}'); more; more = json.another('}')) {
            json.string();
            json.checkText();
            json.expect(':');
            long id = json.whole();
            if (id < 0 || id >= Vocabulary.MAX_IDS) {
                throw new InputException(what + " gives " + Quote.of(json.taken()) + " the token id " + id
                        + "; expected a whole number from 0 to " + (Vocabulary.MAX_IDS - 1));
            }
            if (!vocabulary.add(json.text, json.length, json.hash, (int) id)) {
                throw new JsonBytes.Malformed();
            }
        }
    }

    private void pairs() {
        merges = new Merges(vocabulary, 2 * vocabulary.size());
        json.expect('[');
        for (boolean more = !json.takes(']'); more; more = json.another(']')) {
            if (json.peek() == '"') {
                json.string();
                pair(json.text, json.length, vocabulary, merges, what);
            } else {
                json.expect('[');
                json.string();
                long left = json.hash;
                int cut = json.length;
                json.expect(',');
                json.more();
                json.expect(']');
                add(json.text, json.length, left, cut, json.hash, vocabulary, merges, what);
            }
        }
    }

    /** A pair in one text, as the library wrote it into tokenizer.json too until 2024. */
    private static void pair(byte[] text, int length, Vocabulary vocabulary, Merges merges, String what) {
        int space = 0;
        while (space < length && text[space] != ' ') {
            space++;
        }
        if (space == length) {
            throw new InputException(what + " has the merge " + Quote.of(string(text, 0, length))
                    + "; expected two pieces with one space between");
        }
        System.arraycopy(text, space + 1, text, space, length - space - 1);
        long left = Vocabulary.hash(text, 0, space);
        long right = Vocabulary.hash(text, space, length - 1);
        add(text, length - 1, left, space, right, vocabulary, merges, what);
    }

    private static void add(
            byte[] text,
            int length,
            long left,
            int cut,
            long right,
            Vocabulary vocabulary,
            Merges merges,
            String what) {
        int result = vocabulary.joined(text, length, left, cut, right, merges.lastResult());
        if (result < 0) {
            throw new InputException(what + " merges " + Quote.of(string(text, 0, cut)) + " and "
                    + Quote.of(string(text, cut, length)) + ", but the vocabulary does not have both together");
        }
        merges.add(left, cut, right, result);
    }

    private static String string(byte[] text, int from, int end) {
        return new String(text, from, end - from, StandardCharsets.UTF_8);
    }
}
