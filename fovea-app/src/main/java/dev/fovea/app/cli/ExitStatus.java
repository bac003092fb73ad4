package dev.fovea.app.cli;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;

/** What a failure is to the shell and to the user. */
final class ExitStatus {
    static final int DONE = 0;
    static final int OTHER = 1;
    static final int USAGE = 2;
    static final int INPUT = 3;
    static final int MEMORY = 4;
    static final int NETWORK = 5;

    private ExitStatus() {}

    static int of(Throwable failure) {
        return switch (failure) {
            case OptionException _ -> USAGE;
            case InputException _ -> INPUT;
            case MemoryException _, OutOfMemoryError _ -> MEMORY;
            case NetworkException _ -> NETWORK;
            default -> OTHER;
        };
    }

    /** One line: what was done, found, expected. */
    static String message(Throwable failure) {
        return switch (failure) {
            case FoveaException e -> String.valueOf(e.getMessage());
            case OutOfMemoryError e ->
                "out of memory: " + e.getMessage() + "; the Java heap may have "
                        + (Runtime.getRuntime().maxMemory() >> 20) + " MB";
            default -> "internal error: " + failure;
        };
    }

    /** What to do about it; empty where nothing is known. */
    static String hint(Throwable failure) {
        return switch (failure) {
            case FoveaException e -> e.hint();
            case OutOfMemoryError _ -> "give it more with FOVEA_JAVA_OPTS=-Xmx8g, or use smaller pictures or batches";
            default -> "this is a bug; --verbose shows where";
        };
    }

    static String line(Throwable failure) {
        String hint = hint(failure);
        return hint.isEmpty() ? message(failure) : message(failure) + "; " + hint;
    }
}
