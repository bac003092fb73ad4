package dev.fovea;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The fence around opening a directory. Values are checked where they are read; what slips through and fails deep inside is still
 * the directory's fault, and is said so in one sentence.
 */
final class Fence {
    static final String UNUSABLE = "could not be opened with the values of its configuration files";

    private Fence() {}

    /** @throws InputException in place of an exception that names no file; too small a heap stays what it is */
    static <T> T of(Path directory, Supplier<T> open) {
        try {
            return open.get();
        } catch (FoveaException e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            throw new InputException(
                    directory + " " + UNUSABLE,
                    "compare its JSON files with those of the published model; please report it, with config.json",
                    e);
        }
    }
}
