package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** Something could not be fetched. */
public class NetworkException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public NetworkException(String problem, String hint, @Nullable Throwable cause) {
        super(problem, hint, cause);
    }

    public NetworkException(String problem, String hint) {
        super(problem, hint);
    }

    public NetworkException(String problem) {
        super(problem);
    }
}
