package dev.fovea.error;

/** What was called is closed. Running calls end as usual; only what begins after the close gets this. */
public class ClosedException extends FoveaException {
    private static final long serialVersionUID = 1L;

    public ClosedException(String message, String hint) {
        super(message, hint);
    }

    /** @param what that is closed, by the word that the caller knows it by: {@code model} */
    public static ClosedException of(String what) {
        return new ClosedException("this " + what + " is closed", "close it after the last call, or open it anew");
    }
}
