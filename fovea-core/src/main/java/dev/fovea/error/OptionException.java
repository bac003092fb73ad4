package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** An option is unknown, out of range, or one that this model or machine cannot honour. */
public class OptionException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public OptionException(String message, String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    public OptionException(String message, String hint) {
        super(message, hint);
    }

    public OptionException(String message) {
        super(message);
    }
}
