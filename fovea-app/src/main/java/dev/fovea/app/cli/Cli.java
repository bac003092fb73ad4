package dev.fovea.app.cli;

import dev.fovea.error.Closest;
import dev.fovea.error.Quote;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The commands, and how each ends. */
public final class Cli {
    private static final Map<String, Function<Console, Object>> COMMANDS = commands();

    /** Some of the commands: those that run a model. */
    static final Set<String> COMPUTING = Set.of("run", "chat", "batch", "trace", "serve", "bench", "eval", "demo");

    private static final Set<String> ABOUT_COMMANDS = Set.of("help", "completion");
    private static final Pattern CHOICE =
            Pattern.compile("expected one of \\[([^]]*)] \\(case-(?:in)?sensitive\\) but was");

    private static final Set<String> HELP = Set.of("-h", "--help");

    private Cli() {}

    /** All commands. */
    static Set<String> names() {
        return COMMANDS.keySet();
    }

    /** Whether a command line runs a model, as far as its first word and its wish for help say. */
    public static boolean computes(String... args) {
        return args.length > 0 && COMPUTING.contains(args[0]) && Collections.disjoint(HELP, List.of(args));
    }

    /** What a command takes. */
    static CommandSpec spec(String command, Console console) {
        return new CommandLine(Objects.requireNonNull(COMMANDS.get(command)).apply(console)).getCommandSpec();
    }

    private static Map<String, Function<Console, Object>> commands() {
        Map<String, Function<Console, Object>> commands = new LinkedHashMap<>();
        commands.put("run", RunCommand::new);
        commands.put("chat", ChatCommand::new);
        commands.put("batch", BatchCommand::new);
        commands.put("trace", TraceCommand::new);
        commands.put("parse", ParseCommand::new);
        commands.put("tokenize", TokenizeCommand::new);
        commands.put("inspect", InspectCommand::new);
        commands.put("serve", ServeCommand::new);
        commands.put("bench", BenchCommand::new);
        commands.put("quantize", QuantizeCommand::new);
        commands.put("eval", EvalCommand::new);
        commands.put("pull", PullCommand::new);
        commands.put("list", ListCommand::new);
        commands.put("rm", RmCommand::new);
        commands.put("verify", VerifyCommand::new);
        commands.put("demo", DemoCommand::new);
        commands.put("doctor", DoctorCommand::new);
        commands.put("help", _ -> new HelpCommand());
        commands.put("completion", CompletionCommand::new);
        return commands;
    }

    /** @return the exit status */
    public static int execute(String[] args, Console console) {
        Fovea fovea = new Fovea();
        CommandLine line = commandLine(fovea, args, console);
        int status;
        try {
            status = line.execute(FileLists.spread(args));
            if (status == ExitStatus.DONE) {
                console.out().check(); // help is written past Console.print
            }
        } catch (Throwable e) { // whatever it is: a user gets one line, and a script its status
            status = fail(e, ExitStatus.line(e), fovea, console);
        }
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
        List<String> meant = Arrays.stream(args).filter(COMMANDS::containsKey).toList();
        boolean all = meant.isEmpty() || ABOUT_COMMANDS.contains(meant.getFirst());
        boolean versionAlone = Set.of("-V", "--version").containsAll(List.of(args)) && args.length > 0;
        COMMANDS.forEach((name, command) -> {
            if (!versionAlone && (all || name.equals(meant.getFirst()))) {
                line.addSubcommand(name, command.apply(console));
            }
        });
        boolean colours = console.answersAreRead() && System.getenv("NO_COLOR") == null;
        line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(colours ? Ansi.ON : Ansi.OFF));
        line.setExpandAtFiles(false); // a prompt may begin with @
        Numbers.register(line);
        boolean helps =
                args.length == 0 || ABOUT_COMMANDS.contains(args[0]) || !Collections.disjoint(HELP, List.of(args));
        HelpText.style(line, helps ? HelpText.width(console) : HelpText.USUAL);
        line.setExecutionStrategy(parsed -> {
            EmptyValues.refuse(parsed);
            return new CommandLine.RunLast().execute(parsed);
        });
        line.setParameterExceptionHandler((e, _) -> refuse(e, console));
        line.setExecutionExceptionHandler(
                (e, _, parsed) -> fail(e, ExitStatus.line(e, OptionWords.of(parsed)), fovea, console));
        return line;
    }

    private static int fail(Throwable failure, String words, Fovea fovea, Console console) {
        int status = ExitStatus.of(failure);
        if (status != ExitStatus.READER_GONE) {
            console.note(words);
            if (fovea.isVerbose()) {
                console.trace(failure);
            }
        }
        return status;
    }

    private static int refuse(ParameterException e, Console console) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        console.note(problem(e) + "; see " + command + " --help");
        return ExitStatus.USAGE;
    }

    /** Without what the parser says to programmers. */
    private static String plain(String message) {
        return CHOICE.matcher(message.replace("option option ", "option ")).replaceAll("expected one of $1 but was");
    }

    private static String problem(ParameterException e) {
        String message = plain(String.valueOf(e.getMessage()));
        String problem = message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return problem;
        }
        boolean noCommand = e.getCommandLine().getParent() == null && !unmatched.isUnknownOption();
        if (noCommand) {
            String written = unmatched.getUnmatched().getFirst();
            String question = Closest.question(written, COMMANDS.keySet());
            return "unknown command " + Quote.of(written) + "; known: " + String.join(", ", COMMANDS.keySet())
                    + (question.isEmpty() ? "" : "; " + question);
        }
        List<String> closest = unmatched.getSuggestions();
        if (closest.isEmpty() && !unmatched.isUnknownOption()) {
            return "nothing takes " + Quote.of(String.join(" ", unmatched.getUnmatched()));
        }
        return closest.isEmpty() ? problem : problem + "; did you mean " + String.join(" or ", closest) + "?";
    }
}
