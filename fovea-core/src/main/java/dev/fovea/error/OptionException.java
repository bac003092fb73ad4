package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** An option is unknown, out of range, or one that this model or machine cannot honour. */
public class OptionException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public OptionException(String problem, String hint, @Nullable Throwable cause) {
        super(problem, hint, cause);
    }

    public OptionException(String problem, String hint) {
        super(problem, hint);
    }

    public OptionException(String problem) {
        super(problem);
    }
}
