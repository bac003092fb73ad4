package dev.fovea.app.cli;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Member;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Layout;
import picocli.CommandLine.Model.OptionSpec;

/** How help looks: options in groups, as wide as the terminal. */
final class HelpText {
    private static final int NARROWEST = 80;
    static final int USUAL = 100;
    private static final int WIDEST = 140;

    /** Headings, and the classes whose options stand under them; those of a command itself come first. */
    private static final Map<String, List<Class<?>>> GROUPS = groups();

    private HelpText() {}

    private static Map<String, List<Class<?>>> groups() {
        Map<String, List<Class<?>>> groups = new LinkedHashMap<>();
        groups.put("Processor", List.of(ProcessorOptions.class));
        groups.put("Generation", List.of(GenerationOptions.class));
        groups.put("Engine", List.of(EngineOptions.class));
        groups.put("Output", List.of(OutputOptions.class, DrawOption.class, Fovea.class));
        return groups;
    }

    static void style(CommandLine line, int width) {
        line.setUsageHelpWidth(width);
        line.setHelpFactory((spec, colours) -> new Help(spec, colours) {
            @Override
            public String optionList() {
                return grouped(this);
            }
        });
    }

    private static String grouped(Help help) {
        List<OptionSpec> all =
                help.commandSpec().options().stream().filter(o -> !o.hidden()).toList();
        StringBuilder text = new StringBuilder();
        Predicate<OptionSpec> own = o -> GROUPS.values().stream().noneMatch(g -> g.contains(home(o)));
        boolean alone = all.stream().filter(own).count() + count(all, "Output") == all.size();
        append(help, alone ? "" : "Input", all.stream().filter(own).toList(), text);
        GROUPS.forEach((heading, classes) -> append(
                help,
                alone ? "" : heading,
                all.stream().filter(o -> classes.contains(home(o))).toList(),
                text));
        return text.toString();
    }

    private static long count(List<OptionSpec> all, String group) {
        return all.stream()
                .filter(o -> GROUPS.getOrDefault(group, List.of()).contains(home(o)))
                .count();
    }

    private static void append(Help help, String heading, List<OptionSpec> options, StringBuilder text) {
        if (options.isEmpty()) {
            return;
        }
        if (!heading.isEmpty()) {
            text.append(System.lineSeparator())
                    .append(help.colorScheme().text("@|bold " + heading + ":|@"))
                    .append(System.lineSeparator());
        }
        Layout layout = help.createDefaultLayout();
        layout.addAllOptions(options, help.parameterLabelRenderer());
        text.append(layout);
    }

    /** The class that an option stands in. */
    private static Class<?> home(OptionSpec option) {
        return option.userObject() instanceof Member member ? member.getDeclaringClass() : Fovea.class;
    }

    /** Columns of the terminal, within what reads well. */
    static int width(Console console) {
        String columns = System.getenv().getOrDefault("COLUMNS", "");
        if (!columns.matches("[0-9]{1,4}")) {
            columns = console.answersAreRead() ? columnsOfTerminal() : "";
        }
        int width = columns.isEmpty() ? USUAL : Integer.parseInt(columns);
        return width == 0 ? USUAL : Math.max(NARROWEST, Math.min(WIDEST, width));
    }

    /** What stty says; empty where there is none, as on Windows. */
    private static String columnsOfTerminal() {
        try {
            Process stty = new ProcessBuilder("sh", "-c", "stty size </dev/tty 2>/dev/null").start();
            try (InputStream said = stty.getInputStream()) {
                String size = new String(said.readAllBytes(), StandardCharsets.UTF_8).strip();
                return size.matches("\\d{1,4} \\d{1,4}") ? size.substring(size.indexOf(' ') + 1) : "";
            }
        } catch (IOException e) {
            return "";
        }
    }
}
