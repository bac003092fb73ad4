package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** A native library could not be loaded, or a call into it failed. */
public class NativeException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public NativeException(String problem, String hint, @Nullable Throwable cause) {
        super(problem, hint, cause);
    }

    public NativeException(String problem, String hint) {
        super(problem, hint);
    }

    public NativeException(String problem) {
        super(problem);
    }
}
