package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/**
 * Anything that Fovea refuses or fails to do. The message says what was done, what was found and what was expected, in
 * one line; the hint, where there is one, says what to do about it.
 *
 * <p>Unchecked: a caller that can do nothing about a wrong directory need not mention it.
 */
public class FoveaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String hint;

    public FoveaException(String message, String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.hint = hint;
    }

    public FoveaException(String message, String hint) {
        this(message, hint, null);
    }

    public FoveaException(String message) {
        this(message, "", null);
    }

    /** What to do about it, one line; empty where nothing is known. */
    public String hint() {
        return hint;
    }
}
