package dev.fovea.app.cli;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Scripts that let Tab complete commands, options and their values; made from the commands themselves. */
@Command(
        name = "completion",
        description = "Prints a script that lets Tab complete commands and options.",
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  fovea completion bash > ~/.local/share/bash-completion/completions/fovea",
            "  fovea completion zsh > ~/.zfunc/_fovea      (with fpath+=~/.zfunc before compinit)",
            "  fovea completion fish > ~/.config/fish/completions/fovea.fish"
        })
final class CompletionCommand implements Callable<Integer> {
    /** The shells that are known. */
    enum Shell {
        bash,
        zsh,
        fish
    }

    @Parameters(paramLabel = "bash|zsh|fish", description = "The shell.")
    Shell shell = Shell.bash;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final Console console;

    CompletionCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<CommandLine> commands =
                List.copyOf(spec.parent().commandLine().getSubcommands().values());
        console.print(
                switch (shell) {
                    case bash -> bash(commands);
                    case zsh -> zsh(commands);
                    case fish -> fish(commands);
                });
        return ExitStatus.DONE;
    }

    private static String bash(List<CommandLine> commands) {
        String cases = commands.stream()
                .map(c -> "        " + c.getCommandName() + ") options=\"" + String.join(" ", names(c)) + "\" ;;\n")
                .collect(Collectors.joining());
        String values = options(commands)
                .filter(o -> !values(o).isEmpty())
                .map(o -> "        " + o.longestName() + ") COMPREPLY=($(compgen -W \"" + String.join(" ", values(o))
                        + "\" -- \"$word\")); return ;;\n")
                .distinct()
                .collect(Collectors.joining());
        String free = options(commands)
                .filter(o -> o.arity().max() > 0 && values(o).isEmpty() && !takesFiles(o))
                .map(OptionSpec::longestName)
                .distinct()
                .collect(Collectors.joining("|"));
        return """
                # Completion of fovea for bash. It is made by: fovea completion bash
                _fovea() {
                    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=""
                    COMPREPLY=()
                    if ((COMP_CWORD == 1)); then
                        COMPREPLY=($(compgen -W "%s" -- "$word"))
                        return
                    fi
                    case $before in
                %s        %s) return ;;
                        help) COMPREPLY=($(compgen -W "%s" -- "$word")); return ;;
                    esac
                    case ${COMP_WORDS[1]} in
                %s    esac
                    if [[ $word == -* ]]; then
                        COMPREPLY=($(compgen -W "$options" -- "$word"))
                    else
                        compopt -o filenames 2>/dev/null
                        local IFS=$'\\n'
                        COMPREPLY=($(compgen -f -- "$word"))
                    fi
                }
                complete -F _fovea fovea ./fovea
                """.formatted(commandNames(commands), values, free, commandNames(commands), cases);
    }

    private static String zsh(List<CommandLine> commands) {
        String list = commands.stream()
                .map(c -> "        " + quoted(c.getCommandName() + ":" + summary(c)) + "\n")
                .collect(Collectors.joining());
        String cases = commands.stream()
                .map(c -> "        " + c.getCommandName() + ") _arguments -S \\\n"
                        + c.getCommandSpec().options().stream()
                                .filter(o -> !o.hidden())
                                .flatMap(o -> names(o).map(n -> zsh(o, n)))
                                .collect(Collectors.joining())
                        + "            '*:file:_files' ;;\n")
                .collect(Collectors.joining());
        return """
                #compdef fovea
                # Completion of fovea for zsh. It is made by: fovea completion zsh
                _fovea() {
                    local -a commands
                    commands=(
                %s    )
                    if ((CURRENT == 2)); then
                        _describe command commands
                        return
                    fi
                    local command=$words[2]
                    shift words
                    ((CURRENT--))
                    case $command in
                %s    esac
                }
                if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _fovea "$@"; else compdef _fovea fovea; fi
                """.formatted(list, cases);
    }

    private static String zsh(OptionSpec option, String name) {
        String value = option.arity().max() == 0
                ? ""
                : ":" + label(option) + ":"
                        + (values(option).isEmpty()
                                ? takesFiles(option) ? "_files" : " "
                                : "(" + String.join(" ", values(option)) + ")");
        return "            "
                + quoted("*" + name + "[" + summary(option).replace("[", "(").replace("]", ")") + "]" + value)
                + " \\\n";
    }

    private static String fish(List<CommandLine> commands) {
        StringBuilder script =
                new StringBuilder("# Completion of fovea for fish. It is made by: fovea completion fish\n");
        for (CommandLine c : commands) {
            script.append("complete -c fovea -n __fish_use_subcommand -f -a ")
                    .append(c.getCommandName())
                    .append(" -d ")
                    .append(quoted(summary(c)))
                    .append('\n');
            for (OptionSpec option : c.getCommandSpec().options()) {
                for (String name : names(option).toList()) {
                    script.append("complete -c fovea -n '__fish_seen_subcommand_from ")
                            .append(c.getCommandName())
                            .append("' ")
                            .append(name.startsWith("--") ? "-l " + name.substring(2) : "-s " + name.substring(1))
                            .append(option.arity().max() == 0 ? "" : " -r")
                            .append(
                                    values(option).isEmpty()
                                            ? ""
                                            : " -f -a " + quoted(String.join(" ", values(option))))
                            .append(" -d ")
                            .append(quoted(summary(option)))
                            .append('\n');
                }
            }
        }
        return script.toString();
    }

    private static String commandNames(List<CommandLine> commands) {
        return commands.stream().map(CommandLine::getCommandName).collect(Collectors.joining(" "));
    }

    private static Stream<OptionSpec> options(List<CommandLine> commands) {
        return commands.stream().flatMap(c -> c.getCommandSpec().options().stream());
    }

    private static List<String> names(CommandLine command) {
        return command.getCommandSpec().options().stream()
                .filter(o -> !o.hidden())
                .flatMap(CompletionCommand::names)
                .filter(n -> n.startsWith("--"))
                .toList();
    }

    /** Also the one that says no. */
    private static Stream<String> names(OptionSpec option) {
        Stream<String> opposite = Stream.of("--no-" + option.longestName().replaceFirst("^--", ""))
                .filter(_ -> option.negatable());
        return Stream.concat(Arrays.stream(option.names()), opposite);
    }

    /** The words that an option knows, as its label names them: {@code text|json}. */
    private static List<String> values(OptionSpec option) {
        String label = label(option);
        return label.matches("[a-z0-9]+(\\|[a-z0-9]+)+") ? List.of(label.split("\\|")) : List.of();
    }

    private static boolean takesFiles(OptionSpec option) {
        return label(option).matches("(FILE|FOLDER).*");
    }

    private static String label(OptionSpec option) {
        return option.paramLabel();
    }

    private static String summary(CommandLine command) {
        return String.join(" ", command.getCommandSpec().usageMessage().description());
    }

    private static String summary(OptionSpec option) {
        return String.join(" ", option.description())
                .replace("${DEFAULT-VALUE}", String.valueOf(option.defaultValueString()))
                .replace("%n", " ");
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
