package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.text.jinja.Strings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what a user writes apart from what a chat template writes: transformers' sanitize_control_tokens. The control tokens in
 * the user's texts are put between two marks, go through the template so, and are encoded as the plain text that they are.
 */
public final class ControlTokens {
    private static final String START = Character.toString(0xF0000);
    private static final String END = Character.toString(0xF0001);
    private static final Pattern MARK = Pattern.compile("[" + START + END + "]");

    private final Pattern tokens;

    private ControlTokens(Pattern tokens) {
        this.tokens = tokens;
    }

    /**
     * The special tokens, and those added tokens that tokenizer_config.json lists as chat_control_tokens; where it has no such list,
     * those that the template writes itself.
     */
    public static ControlTokens of(Tokenizer tokenizer, ChatTemplate template) {
        Optional<List<String>> listed = tokenizer.chatControlTokens();
        Predicate<AddedToken> controls = token -> listed.map(l -> l.contains(token.content()))
                .orElseGet(() -> !Strings.isBlank(token.content()) && template.writes(token.content()));
        return new ControlTokens(anyOf(tokenizer.addedTokens().stream()
                .filter(token -> token.special() || controls.test(token))
                .map(AddedToken::content)
                .toList()));
    }

    /** A pattern of any of the tokens, of several the longest; of none, one that never matches. */
    private static Pattern anyOf(List<String> tokens) {
        String longestFirst = tokens.stream()
                .sorted(Comparator.comparingInt((String t) -> t.codePointCount(0, t.length()))
                        .reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|"));
        return Pattern.compile(longestFirst.isEmpty() ? "(?!)" : longestFirst);
    }

    /** The value with marks around the control tokens in its texts; keys stay as they are. */
    public @Nullable Object mark(@Nullable Object value) {
        return switch (value) {
            case String text ->
                tokens.matcher(MARK.matcher(text).replaceAll("")).replaceAll(START + "$0" + END);
            case Map<?, ?> map -> {
                Map<Object, @Nullable Object> marked = new LinkedHashMap<>();
                map.forEach((key, item) -> marked.put(key, mark(item)));
                yield marked;
            }
            case Iterable<?> items -> {
                List<@Nullable Object> marked = new ArrayList<>();
                items.forEach(item -> marked.add(mark(item)));
                yield marked;
            }
            case null, default -> value;
        };
    }

    /** A map with marks in its values. */
    public Map<String, @Nullable Object> markAll(Map<String, @Nullable Object> map) {
        Map<String, @Nullable Object> marked = new LinkedHashMap<>();
        map.forEach((key, value) -> marked.put(key, mark(value)));
        return marked;
    }

    /** A pattern of a text that the template wrote itself, not the user. */
    public static Pattern unmarked(String text) {
        return Pattern.compile("(?<!" + START + ")" + Pattern.quote(text));
    }

    /** A rendered text as it is shown. */
    public static String shown(String marked) {
        return MARK.matcher(marked).replaceAll("");
    }

    /**
     * The ids of a rendered text with marks.
     *
     * @throws InputException where the tokenizer makes a control token of plain text
     */
    public static int[] encode(Tokenizer tokenizer, String marked) {
        Pattern any =
                anyOf(tokenizer.addedTokens().stream().map(AddedToken::content).toList());
        Pattern marks = Pattern.compile(START + "(" + any.pattern() + ")" + END + "|[" + START + END + "]");
        int[] newline = tokenizer.encode("\n", false);
        IntStream.Builder ids = IntStream.builder();
        Matcher matcher = marks.matcher(marked);
        int at = 0;
        while (matcher.find()) {
            add(ids, piece(tokenizer, marked.substring(at, matcher.start()), at == 0, false, newline));
            if (matcher.group(1) != null) {
                int[] plain = piece(tokenizer, matcher.group(1), false, true, newline);
                checkPlain(tokenizer, matcher.group(1), plain);
                add(ids, plain);
            }
            at = matcher.end();
        }
        add(ids, piece(tokenizer, marked.substring(at), at == 0, false, newline));
        return ids.build().toArray();
    }

    private static void add(IntStream.Builder ids, int[] more) {
        IntStream.of(more).forEach(ids);
    }

    /**
     * A piece of a text. One from the middle is encoded behind a newline, which is taken away again: some tokenizers put a space
     * where a text begins.
     */
    private static int[] piece(Tokenizer tokenizer, String piece, boolean first, boolean plain, int[] newline) {
        if (first) {
            return tokenizer.encode(piece, false);
        }
        if (piece.isEmpty()) {
            return new int[0];
        }
        int[] ids = encode(tokenizer, "\n" + piece, plain);
        int length = newline.length;
        boolean begins = ids.length >= length && Arrays.mismatch(ids, 0, length, newline, 0, length) < 0;
        return begins ? Arrays.copyOfRange(ids, length, ids.length) : encode(tokenizer, piece, plain);
    }

    private static int[] encode(Tokenizer tokenizer, String text, boolean plain) {
        return plain ? tokenizer.encodeWithoutAddedTokens(text) : tokenizer.encode(text, false);
    }

    private static void checkPlain(Tokenizer tokenizer, String token, int[] plain) {
        int id = tokenizer.id(token).orElse(-1);
        if (IntStream.of(plain).anyMatch(i -> i == id)) {
            throw new InputException(
                    "the control token " + Quote.of(token)
                            + " stands in a message, and this tokenizer makes it of plain text too",
                    "leave it out of the message");
        }
    }
}
