package dev.fovea.text;

import dev.fovea.error.OptionException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Texts at which an answer ends, as transformers' {@code stop_strings}: it is over with the token in which one of them is
 * complete, and keeps that token whole.
 *
 * <pre>{@code
 * StopStrings stop = StopStrings.of(tokenizer, List.of("\n\n", "User:"), promptIds);
 * boolean over = stop.test(answerIds);        // after each token, for each row or beam
 * }</pre>
 *
 * <p>It keeps no state, so that beams may change places between two tokens. Thread-safe.
 */
public final class StopStrings implements Predicate<int[]> {
    private final Tokenizer tokenizer;
    private final List<String> strings;
    private final int[] promptIds;

    /** As many tokens as can take part: each has a byte at least, and the first may begin within a character. */
    private final int window;

    private StopStrings(Tokenizer tokenizer, List<String> strings, int[] promptIds) {
        this.tokenizer = tokenizer;
        this.strings = List.copyOf(strings);
        int longest = strings.stream()
                .mapToInt(s -> s.getBytes(StandardCharsets.UTF_8).length)
                .max()
                .orElse(0);
        this.window = longest + 4;
        this.promptIds = tail(promptIds, window);
    }

    /**
     * Stops one answer at these strings.
     *
     * @param promptIds the prompt of the answer: a stop string may begin in it
     * @throws OptionException where a string is empty
     */
    public static StopStrings of(Tokenizer tokenizer, List<String> strings, int[] promptIds) {
        if (strings.stream().anyMatch(String::isEmpty)) {
            throw new OptionException("a stop string is empty; expected one character at least");
        }
        return new StopStrings(tokenizer, strings, promptIds);
    }

    /**
     * Whether a stop string ends in the last token.
     *
     * @param answerIds the answer so far, without the prompt
     */
    @Override
    public boolean test(int[] answerIds) {
        if (answerIds.length == 0 || strings.isEmpty()) {
            return false;
        }
        int[] answer = tail(answerIds, window);
        int[] prompt = tail(promptIds, window - answer.length);
        int[] ids = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, ids, prompt.length, answer.length);
        String text = tokenizer.decode(ids, false, false);
        String before = tokenizer.decode(Arrays.copyOf(ids, ids.length - 1), false, false);
        // An incomplete character at the end of the text before was U+FFFD and is another one now.
        int same = Arrays.mismatch(before.toCharArray(), text.toCharArray());
        return same >= 0
                && strings.stream().anyMatch(s -> text.lastIndexOf(s) >= 0 && text.lastIndexOf(s) + s.length() > same);
    }

    private static int[] tail(int[] ids, int count) {
        return ids.length <= count ? ids.clone() : Arrays.copyOfRange(ids, ids.length - count, ids.length);
    }
}
