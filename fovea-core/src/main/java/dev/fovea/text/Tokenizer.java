package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.tensor.Lifetime;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Text to token ids and back, exactly as the tokenizer of a checkpoint does it.
 *
 * <pre>{@code
 * try (Tokenizer tokenizer = Tokenizer.open(directory)) {
 *     int[] ids = tokenizer.encode("Hello", true);
 *     String text = tokenizer.decode(ids, true);
 * }
 * }</pre>
 *
 * <p>Thread-safe. A large vocabulary takes some tenths of a second to open: do that beside loading the weights. Calls after the close throw
 * {@link dev.fovea.error.ClosedException}, those of its streams too.
 */
public interface Tokenizer extends AutoCloseable {

    /**
     * Reads tokenizer.json, or vocab.json and merges.txt where it is missing, and the names of the special tokens in
     * tokenizer_config.json and special_tokens_map.json.
     *
     * @throws InputException where a file is missing or broken
     */
    static Tokenizer open(Path directory) {
        return open(directory, List.of());
    }

    /**
     * As {@link #open(Path)}, with tokens added at run time: those that the tokenizer has keep their ids, the others get
     * the ids from its size up, in the order given.
     */
    static Tokenizer open(Path directory, List<AddedToken> extra) {
        return HuggingFaceTokenizer.open(directory, extra);
    }

    /**
     * The ids of a text, never truncated or padded. Halves of surrogate pairs that stand alone count as U+FFFD.
     *
     * @param addSpecialTokens whether to add what the tokenizer puts around a text, {@code <bos>} for one
     */
    int[] encode(String text, boolean addSpecialTokens);

    /** The ids of a text in which no added token is looked for, special or not: {@code <|im_end|>} is letters and signs. */
    int[] encodeWithoutAddedTokens(String text);

    /** The added tokens, in the order of their ids. */
    List<AddedToken> addedTokens();

    /** The chat_control_tokens of tokenizer_config.json. */
    Optional<List<String>> chatControlTokens();

    /** The text of ids; ids that the tokenizer lacks give nothing. Cleans up as tokenizer_config.json says. */
    String decode(int[] ids, boolean skipSpecialTokens);

    /**
     * As {@link #decode(int[], boolean)}; cleaning up takes the space before punctuation and English contractions. A BPE is not
     * cleaned: its spaces are the text's own.
     */
    String decode(int[] ids, boolean skipSpecialTokens, boolean cleanUpTokenizationSpaces);

    /** Decodes one answer token by token; the pieces add up to {@link #decode(int[], boolean)}. */
    StreamingDetokenizer stream(boolean skipSpecialTokens);

    /** How many tokens there are, added ones included. Rows of the embedding above it are unused. */
    int size();

    /** The id of a token as tokenizer.json spells it. */
    OptionalInt id(String token);

    /** The token as tokenizer.json spells it ({@code "Ġthe"}, {@code "▁the"}); empty for ids that it lacks. */
    String piece(int id);

    /**
     * The bytes that a token adds to a text, whole characters or parts of some; empty for special tokens and ids that it lacks.
     *
     * @throws dev.fovea.error.OptionException where the text of a token depends on others
     */
    byte[] bytes(int id);

    boolean isSpecial(int id);

    Optional<String> bosToken();

    Optional<String> eosToken();

    Optional<String> padToken();

    Optional<String> unkToken();

    /** The special tokens by name ({@code bos_token}, …), as transformers hands them to chat templates. */
    Map<String, Object> templateVariables();

    /**
     * Keeps it open for several calls of this thread, whoever closes it meanwhile.
     *
     * @param what is called, for the message: {@code processor}
     * @throws dev.fovea.error.ClosedException where it is closed
     */
    Lifetime.Lease use(String what);

    /** Lets no further call begin; waits for none. */
    @Override
    void close();
}
