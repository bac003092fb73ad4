package dev.fovea.app.cli;

import dev.fovea.error.OptionException;
import dev.fovea.files.OutputFile;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Where a command's result goes: a file, through the gate that all outputs pass, or stdout. */
final class Target {
    private static final Set<String> STDOUT = Set.of("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1");

    private final String option;
    private final Optional<OutputFile> file;
    private final Console console;

    private Target(String option, Optional<OutputFile> file, Console console) {
        this.option = option;
        this.file = file;
        this.console = console;
    }

    /**
     * @param option that names it, for messages
     * @param own what Fovea itself writes there, and may replace
     * @param isOwn tells it
     */
    static Target of(
            String option,
            String named,
            String own,
            Predicate<Path> isOwn,
            OverwriteOption overwrite,
            Console console) {
        if (isStdout(named)) {
            return new Target(option, Optional.empty(), console);
        }
        OutputFile file = OutputFile.of(Path.of(named));
        return new Target(
                option,
                Optional.of(
                        overwrite.given
                                ? file
                                : file.replacingOnly(own, isOwn, "give another file; --overwrite replaces it")),
                console);
    }

    /** Whether an output is stdout, by one of its names. */
    static boolean isStdout(String named) {
        return STDOUT.contains(named);
    }

    boolean isStdout() {
        return file.isEmpty();
    }

    /** A target that is none of these files. */
    Target sparing(Collection<Path> inputs) {
        return new Target(option, file.map(f -> f.sparing(inputs)), console);
    }

    /** @throws dev.fovea.error.FoveaException where a result could not go there, or would take the place of what may be missed */
    void check() {
        if (isStdout() && console.answersAreRead()) {
            throw new OptionException(
                    option + " is stdout, and that is a terminal; expected a file or a pipe for what is no text");
        }
        file.ifPresent(OutputFile::check);
    }

    void write(OutputFile.Content content) {
        if (file.isPresent()) {
            file.get().write(content);
        } else {
            console.print(content);
        }
    }

    @Override
    public String toString() {
        return file.map(f -> f.path().toString()).orElse("stdout");
    }
}
