package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** The memory at hand is not enough; the message has both numbers. */
public class MemoryException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public MemoryException(String problem, String hint, @Nullable Throwable cause) {
        super(problem, hint, cause);
    }

    public MemoryException(String problem, String hint) {
        super(problem, hint);
    }

    public MemoryException(String problem) {
        super(problem);
    }
}
