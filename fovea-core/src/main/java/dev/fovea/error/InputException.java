package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** What was given is wrong: a model directory, a checkpoint, a picture, a prompt, a request. */
public class InputException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public InputException(String message, String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    public InputException(String message, String hint) {
        super(message, hint);
    }

    public InputException(String message) {
        super(message);
    }
}
