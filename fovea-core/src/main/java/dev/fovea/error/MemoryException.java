package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** The memory at hand is not enough; the message has both numbers. */
public class MemoryException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public MemoryException(String message, String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    public MemoryException(String message, String hint) {
        super(message, hint);
    }

    public MemoryException(String message) {
        super(message);
    }
}
