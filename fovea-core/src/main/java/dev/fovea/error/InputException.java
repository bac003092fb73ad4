package dev.fovea.error;

import org.jspecify.annotations.Nullable;

/** What was given is wrong: a model directory, a checkpoint, a picture, a prompt, a request. */
public class InputException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public InputException(String problem, String hint, @Nullable Throwable cause) {
        super(problem, hint, cause);
    }

    public InputException(String problem, String hint) {
        super(problem, hint);
    }

    public InputException(String problem) {
        super(problem);
    }

    /**
     * What a file or folder could not be used for: {@code cannot read a.json: there is no such file}.
     *
     * @param what was to be done: {@code read}, {@code write}, {@code list}
     */
    public static InputException cannot(String what, Object file, Throwable cause) {
        return new InputException("cannot " + what + " " + Quote.of(file) + ": " + Reason.of(cause), "", cause);
    }
}
