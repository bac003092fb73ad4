package dev.fovea.app.cli;

import dev.fovea.error.Closest;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code help run} is {@code run --help}. */
@Command(
        name = "help",
        description = "Shows how a command is used.",
        sortOptions = false,
        footer = {"", "Example:", "  fovea help run"})
final class HelpCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "COMMAND", description = "The command; without it, all of them.")
    Optional<String> command = Optional.empty();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine all = spec.parent().commandLine();
        Map<String, CommandLine> commands = all.getSubcommands();
        CommandLine meant = command.isEmpty() ? all : commands.get(command.get());
        if (meant == null) {
            throw new OptionException(
                    "unknown command " + Quote.of(command.get()) + "; known: " + String.join(", ", Cli.names()),
                    Closest.question(command.get(), Cli.names()));
        }
        meant.usage(all.getOut());
        return ExitStatus.DONE;
    }
}
