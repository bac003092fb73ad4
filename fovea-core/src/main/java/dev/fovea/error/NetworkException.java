package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** Something could not be fetched. */
public class NetworkException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public NetworkException(String message, String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    public NetworkException(String message, String hint) {
        super(message, hint);
    }

    public NetworkException(String message) {
        super(message);
    }
}
