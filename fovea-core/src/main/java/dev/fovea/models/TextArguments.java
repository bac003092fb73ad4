package dev.fovea.models;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import dev.fovea.text.ControlTokens;
import dev.fovea.text.Tokenizer;

/**
 * The keyword arguments of a processor that concern its text: transformers' text_kwargs.
 *
 * @param addSpecialTokens whether the tokenizer puts around the text what it puts around texts; a rendered conversation has that
 *     already
 * @param sanitizeControlTokens whether the text has marks of {@link ControlTokens}
 */
public record TextArguments(boolean addSpecialTokens, boolean sanitizeControlTokens) {
    public static final String ADD_SPECIAL_TOKENS = "add_special_tokens";
    public static final String SANITIZE_CONTROL_TOKENS = "sanitize_control_tokens";

    public static TextArguments of(Config options) {
        return new TextArguments(options.flag(ADD_SPECIAL_TOKENS, true), options.flag(SANITIZE_CONTROL_TOKENS, false));
    }

    /** @throws OptionException where marks and special tokens of the tokenizer would meet */
    public int[] encode(Tokenizer tokenizer, String text) {
        if (!sanitizeControlTokens) {
            return tokenizer.encode(text, addSpecialTokens);
        }
        if (addSpecialTokens && tokenizer.encode("", true).length > 0) {
            throw new OptionException(
                    "sanitize_control_tokens needs a chat template that writes the special tokens itself; this one leaves them"
                            + " to the tokenizer");
        }
        return ControlTokens.encode(tokenizer, text);
    }
}
