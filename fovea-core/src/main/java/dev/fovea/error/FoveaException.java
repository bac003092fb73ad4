package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/**
 * Anything that Fovea refuses or fails to do, in one line: {@link #problem} says what was done, what was found and what was
 * expected, {@link #hint}, where there is one, what to do about it. {@link #getMessage} has both.
 *
 * <p>Whatever a message was put together from, it has no control characters, and no credentials of addresses.
 *
 * <p>Unchecked: a caller that can do nothing about a wrong directory need not mention it.
 */
public class FoveaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String problem;
    private final String hint;

    public FoveaException(String problem, String hint, @Nullable Throwable cause) {
        super(null, cause);
        this.problem = Quote.message(problem);
        this.hint = Quote.message(hint);
    }

    public FoveaException(String problem, String hint) {
        this(problem, hint, null);
    }

    public FoveaException(String problem) {
        this(problem, "", null);
    }

    /** What was done, what was found, what was expected. */
    public String problem() {
        return problem;
    }

    /** What to do about it; empty where nothing is known. */
    public String hint() {
        return hint;
    }

    /** Problem and hint in one line: {@code cannot read a.json: there is no such file; looked in /home/me}. */
    @Override
    public String getMessage() {
        return hint.isEmpty() ? problem : problem + "; " + hint;
    }
}
