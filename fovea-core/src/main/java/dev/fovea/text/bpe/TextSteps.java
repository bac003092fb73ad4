package dev.fovea.text.bpe;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a tokenizer.json that work on text: normalizer and pre-tokenizer. Those that no model of a supported family has are
 * refused by name.
 */
public final class TextSteps {
    /** GPT-2's, the pattern of the pre-tokenizer ByteLevel. */
    private static final SplitPattern GPT2 =
            new SplitPattern("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    private TextSteps() {}

    static InputException unknown(String what, String step, @Nullable Object found, String known) {
        return new InputException(
                what + " has the " + step + " " + Quote.of(String.valueOf(found)) + ", which Fovea does not know",
                "known are " + known);
    }

    /** @param json the value of {@code normalizer} */
    public static UnaryOperator<String> normalizer(@Nullable Object json, String what) {
        if (json == null) {
            return UnaryOperator.identity();
        }
        Map<String, @Nullable Object> step = Json.object(json, what + ", normalizer");
        return switch (String.valueOf(step.get("type"))) {
            case "NFC" -> Composition::of;
            case "Prepend" -> {
                String front = string(step, "prepend", what);
                yield text -> text.isEmpty() ? text : front + text;
            }
            case "Replace" -> {
                Finder finder = finder(step.get("pattern"), what);
                String by = string(step, "content", what);
                yield text -> finder.replace(text, by);
            }
            case "Sequence" -> {
                UnaryOperator<String> all = UnaryOperator.identity();
                for (Object one : Json.array(step.get("normalizers"), what + ", normalizers")) {
                    UnaryOperator<String> before = all;
                    UnaryOperator<String> next = normalizer(one, what);
                    all = text -> next.apply(before.apply(text));
                }
                yield all;
            }
            default -> throw unknown(what, "normalizer", step.get("type"), "NFC, Prepend, Replace and Sequence");
        };
    }

    /** @param json the value of {@code pre_tokenizer} */
    public static PreTokenizer preTokenizer(@Nullable Object json, String what) {
        PreTokenizer all = PreTokenizer.NONE;
        boolean bytes = false;
        for (Map<String, @Nullable Object> step : preTokenizers(json, what)) {
            if (bytes) {
                throw unknown(what, "pre-tokenizer", step.get("type") + " behind ByteLevel", "ByteLevel at the end");
            }
            bytes = isByteLevel(step);
            all = all.then(bytes ? byteLevel(step) : split(step, what));
        }
        return all;
    }

    /** Whether words are spelled in the alphabet for bytes. */
    public static boolean isByteLevel(@Nullable Object json, String what) {
        return preTokenizers(json, what).stream().anyMatch(TextSteps::isByteLevel);
    }

    private static boolean isByteLevel(Map<String, @Nullable Object> step) {
        return "ByteLevel".equals(step.get("type"));
    }

    private static List<Map<String, @Nullable Object>> preTokenizers(@Nullable Object json, String what) {
        if (json == null) {
            return List.of();
        }
        Map<String, @Nullable Object> step = Json.object(json, what + ", pre_tokenizer");
        if (!"Sequence".equals(step.get("type"))) {
            return List.of(step);
        }
        return Json.array(step.get("pretokenizers"), what + ", pretokenizers").stream()
                .flatMap(one -> preTokenizers(one, what).stream())
                .toList();
    }

    private static PreTokenizer byteLevel(Map<String, @Nullable Object> step) {
        PreTokenizer prefix =
                Boolean.TRUE.equals(step.get("add_prefix_space")) ? PreTokenizer.withSpace() : PreTokenizer.NONE;
        return Boolean.FALSE.equals(step.get("use_regex"))
                ? prefix
                : prefix.then(new Splits(Finder.of(GPT2), Splits.Behavior.ISOLATED, false));
    }

    private static PreTokenizer split(Map<String, @Nullable Object> step, String what) {
        if (!"Split".equals(step.get("type"))) {
            throw unknown(what, "pre-tokenizer", step.get("type"), "ByteLevel, Split and Sequence");
        }
        Splits.Behavior behavior = Splits.Behavior.NAMED.get(string(step, "behavior", what));
        if (behavior == null) {
            throw unknown(what, "behavior of a Split", step.get("behavior"), "those of the tokenizers library");
        }
        return new Splits(finder(step.get("pattern"), what), behavior, Boolean.TRUE.equals(step.get("invert")));
    }

    /** What a pattern finds: {@code {"String": …}} or {@code {"Regex": …}}. */
    static Finder finder(@Nullable Object json, String what) {
        Map<String, @Nullable Object> pattern = Json.object(json, what + ", a pattern");
        if (pattern.get("String") instanceof String literal && !literal.isEmpty()) {
            return Finder.of(literal);
        }
        String expression = string(pattern, "Regex", what);
        try {
            return Finder.of(new SplitPattern(expression));
        } catch (UnsupportedOperationException e) {
            throw new InputException(
                    what + " has the regular expression " + Quote.of(expression) + "; Fovea does not know "
                            + Quote.of(String.valueOf(e.getMessage())) + " in it",
                    "known are characters, classes, \\p{L} and the like, groups, lookahead, and how often",
                    e);
        }
    }

    static String string(Map<String, @Nullable Object> step, String key, String what) {
        if (step.get(key) instanceof String s) {
            return s;
        }
        throw new InputException(what + ", " + step.getOrDefault("type", "a pattern") + ", has no text as " + key);
    }
}
