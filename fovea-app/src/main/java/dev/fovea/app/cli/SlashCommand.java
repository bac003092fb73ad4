package dev.fovea.app.cli;

import dev.fovea.error.Closest;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a conversation can be told beside messages. */
enum SlashCommand {
    IMAGE("FILE...", true, "add pictures to the next message; without FILE, take back what was added"),
    VIDEO(
            "FILE...",
            true,
            "add clips, video files or folders of frames, to the next message; without FILE, take back what was added"),
    SYSTEM("TEXT", false, "what the model is told first, from now on; without TEXT, nothing"),
    RETRY("", false, "ask the last message again"),
    RESET("", false, "forget what was said; what /system told stays"),
    SAVE("FILE", true, "write the conversation as JSON, for --messages"),
    HELP("", false, "show this"),
    EXIT("", false, "leave; Ctrl-D does it too");

    private final String argument;
    private final boolean takesFiles;
    private final String does;

    SlashCommand(String argument, boolean takesFiles, String does) {
        this.argument = argument;
        this.takesFiles = takesFiles;
        this.does = does;
    }

    /** As it is typed. */
    String word() {
        return "/" + name().toLowerCase(Locale.ROOT);
    }

    /** Whether its argument is a path. */
    boolean takesFiles() {
        return takesFiles;
    }

    /** @throws OptionException for a word that is none; it names those that come near */
    static SlashCommand of(String word) {
        return Arrays.stream(values())
                .filter(c -> c.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new OptionException(
                        "unknown command " + Quote.of(word) + suggestion(word),
                        "/help lists all; a message that begins with a slash goes between lines of \"\"\""));
    }

    private static String suggestion(String word) {
        String question = Closest.question(
                word, Arrays.stream(values()).map(SlashCommand::word).toList());
        return question.isEmpty() ? "" : "; " + question;
    }

    /** All of them, and what else can be typed. */
    static String help() {
        String commands = Arrays.stream(values())
                .map(c -> String.format("  %-16s %s", (c.word() + " " + c.argument).strip(), c.does))
                .collect(Collectors.joining("\n"));
        return commands
                + "\n  A message ends with its line; a line that ends in \\ goes on, and so does all between two lines of"
                + " \"\"\".\n  Ctrl-C stops an answer or clears the line.";
    }
}
