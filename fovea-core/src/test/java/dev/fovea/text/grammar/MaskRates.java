package dev.fovea.text.grammar;

import dev.fovea.io.Json;
import dev.fovea.text.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;

/** What holding an answer to a schema costs: the command is in docs/development.md. */
final class MaskRates {
    private static final String SCHEMA = """
            {"type": "object", "properties": {"title": {"type": "string"}, "items": {"type": "array", "items":
              {"type": "object", "properties": {"label": {"type": "string"},
                "box": {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
                "sure": {"type": "number", "minimum": 0, "maximum": 1}}, "required": ["label", "box", "sure"]}}},
             "required": ["title", "items"]}""";
    private static final String ITEM =
            "{\"label\": \"a green car, parked\", \"box\": [12, 345, 67, 890], \"sure\": 0.93}";
    private static final String ANSWER = "{\"title\": \"Things on the street\", \"items\": ["
            + String.join(", ", Collections.nCopies(30, ITEM)) + "]}";

    private MaskRates() {}

    public static void main(String[] args) {
        try (Tokenizer tokenizer = Tokenizer.open(Path.of(args[0]))) {
            int[] ids = tokenizer.encode(ANSWER, false);
            for (int round = 0; round < 5; round++) {
                long start = System.nanoTime();
                TokenTrie trie = TokenTrie.of(tokenizer);
                long read = System.nanoTime();
                TokenMasks masks = new TokenMasks(JsonLanguage.of(Json.parse(SCHEMA, "the schema")), trie);
                System.out.printf(
                        Locale.ROOT,
                        "%d tokens: bytes in order %.0f ms, schema %.0f ms%n",
                        trie.tokens(),
                        (read - start) / 1e6,
                        (System.nanoTime() - read) / 1e6);
                write("new", masks, ids);
                write("again", masks, ids);
            }
        }
    }

    private static void write(String what, TokenMasks masks, int[] ids) {
        double[] millis = new double[ids.length];
        Position position = Position.start(masks.automaton());
        for (int i = 0; i < ids.length; i++) {
            long start = System.nanoTime();
            long[] allowed = masks.allowed(position);
            position = position.after(masks.automaton(), masks.bytes(ids[i]));
            millis[i] = (System.nanoTime() - start) / 1e6;
            if ((allowed[ids[i] >> 6] >> ids[i] & 1) == 0) {
                throw new IllegalStateException("token " + i + " is not allowed");
            }
        }
        Arrays.sort(millis);
        System.out.printf(
                Locale.ROOT,
                "  %s: %d tokens, mean %.3f ms, median %.3f ms, longest %.1f ms%n",
                what,
                ids.length,
                Arrays.stream(millis).average().orElse(0),
                millis[ids.length / 2],
                millis[ids.length - 1]);
    }
}
