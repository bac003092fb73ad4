package dev.fovea.app.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The commands, and how each ends. */
public final class Cli {
    private static final int HELP_WIDTH = 100;
    private static final Map<String, Function<Console, Object>> COMMANDS = commands();

    private Cli() {}

    private static Map<String, Function<Console, Object>> commands() {
        Map<String, Function<Console, Object>> commands = new LinkedHashMap<>();
        commands.put("run", RunCommand::new);
        commands.put("chat", ChatCommand::new);
        commands.put("batch", BatchCommand::new);
        commands.put("trace", TraceCommand::new);
        commands.put("parse", ParseCommand::new);
        commands.put("tokenize", TokenizeCommand::new);
        commands.put("inspect", InspectCommand::new);
        commands.put("bench", BenchCommand::new);
        commands.put("demo", DemoCommand::new);
        commands.put("doctor", DoctorCommand::new);
        return commands;
    }

    /** @return the exit status */
    public static int execute(String[] args, Console console) {
        Fovea fovea = new Fovea();
        CommandLine line = commandLine(fovea, args, console);
        int status;
        try {
            status = line.execute(args);
        } catch (OutOfMemoryError | StackOverflowError e) {
            status = fail(e, fovea, console);
        }
        console.out().flush();
        console.err().flush();
        return status;
    }

    /** Reads a command line and runs nothing. */
    static void parse(String[] args, Console console) {
        commandLine(new Fovea(), args, console).parseArgs(args);
    }

    private static CommandLine commandLine(Fovea fovea, String[] args, Console console) {
        CommandLine line = new CommandLine(fovea);
        // Reading the annotations of all commands would be most of the start, so only the one that is meant is added.
        Optional<String> meant =
                Arrays.stream(args).filter(COMMANDS::containsKey).findFirst();
        boolean versionAlone = Set.of("-V", "--version").containsAll(List.of(args)) && args.length > 0;
        COMMANDS.forEach((name, command) -> {
            if (!versionAlone && name.equals(meant.orElse(name))) {
                line.addSubcommand(name, command.apply(console));
            }
        });
        boolean colours = console.answersAreRead() && System.getenv("NO_COLOR") == null;
        line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(colours ? Ansi.ON : Ansi.OFF));
        line.setExpandAtFiles(false); // a prompt may begin with @
        line.setUsageHelpWidth(HELP_WIDTH);
        line.setParameterExceptionHandler((e, _) -> refuse(e, console));
        line.setExecutionExceptionHandler((e, _, _) -> fail(e, fovea, console));
        return line;
    }

    private static int fail(Throwable failure, Fovea fovea, Console console) {
        console.note(ExitStatus.line(failure));
        if (fovea.isVerbose()) {
            failure.printStackTrace(console.err());
        }
        return ExitStatus.of(failure);
    }

    private static int refuse(ParameterException e, Console console) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        console.note(problem(e) + "; see " + command + " --help");
        return ExitStatus.USAGE;
    }

    private static String problem(ParameterException e) {
        String message = String.valueOf(e.getMessage());
        String problem = message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return problem;
        }
        boolean noCommand = e.getCommandLine().getParent() == null && !unmatched.isUnknownOption();
        if (noCommand) {
            return "unknown command " + unmatched.getUnmatched().getFirst() + "; known: "
                    + String.join(", ", COMMANDS.keySet());
        }
        List<String> closest = unmatched.getSuggestions();
        return closest.isEmpty() ? problem : problem + "; did you mean " + String.join(" or ", closest) + "?";
    }
}
