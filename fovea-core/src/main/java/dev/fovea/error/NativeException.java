package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** A native library could not be loaded, or a call into it failed. */
public class NativeException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public NativeException(String message, String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    public NativeException(String message, String hint) {
        super(message, hint);
    }

    public NativeException(String message) {
        super(message);
    }
}
