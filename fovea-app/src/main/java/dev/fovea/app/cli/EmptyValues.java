package dev.fovea.app.cli;

import java.util.List;
import java.util.Set;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Refuses names that are empty: each is a variable of a script that was not set. Taken as a path it would be the current folder,
 * whose pictures would be a clip, and which may be a model.
 */
final class EmptyValues {
    /** What may be empty, and a key, of which its command says more. */
    private static final Set<String> TEXTS = Set.of("TEXT", "PROMPT", "KEY");

    private EmptyValues() {}

    /** @throws ParameterException where the command line has one */
    static void refuse(ParseResult line) {
        ParseResult command = line.hasSubcommand() ? line.subcommand() : line;
        for (ArgSpec given : command.matchedArgs()) {
            List<String> values = given.originalStringValues();
            if (values.contains("") && !TEXTS.contains(given.paramLabel())) {
                String name = given instanceof OptionSpec option ? option.longestName() : "the " + given.paramLabel();
                String expected = given instanceof OptionSpec ? "; expected " + given.paramLabel() : "";
                throw new ParameterException(
                        command.commandSpec().commandLine(),
                        name + " is empty, as a variable that was not set" + expected);
            }
        }
    }
}
