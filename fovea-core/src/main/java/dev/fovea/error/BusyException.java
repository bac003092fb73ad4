package dev.fovea.error;

import java.time.Duration;

/** So many requests wait already that no further one is taken. */
public class BusyException extends FoveaException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /** @param retryAfter when a place will probably be free */
    public BusyException(String problem, Duration retryAfter) {
        super(problem, "ask again in " + Math.max(1, retryAfter.toSeconds()) + " s");
        this.retryAfter = retryAfter;
    }

    /** When a place will probably be free; an estimate from the requests before. */
    public Duration retryAfter() {
        return retryAfter;
    }
}
