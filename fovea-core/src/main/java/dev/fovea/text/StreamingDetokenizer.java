package dev.fovea.text;

/**
 * Turns the ids of one answer into text as they come.
 *
 * <pre>{@code
 * StreamingDetokenizer stream = tokenizer.stream(true);
 * for (int id : ids) {
 *     System.out.print(stream.add(id));
 * }
 * System.out.println(stream.flush());
 * }</pre>
 *
 * <p>Each call returns the text that has become certain: no half character, no text that a later token may change. The
 * pieces and the flush add up to the decoding of all ids. Not thread-safe; one answer each. See {@link Tokenizer#stream}.
 */
public interface StreamingDetokenizer {

    /** The text that this id makes certain; empty while a character is incomplete. */
    String add(int id);

    /** The text that was held back. The answer is over: nothing may be added. */
    String flush();
}
