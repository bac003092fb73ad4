package dev.fovea.app.cli;

import dev.fovea.app.cli.Words.Word;
import dev.fovea.error.Quote;
import dev.fovea.files.UserFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What Tab offers: commands, and the files that a command can take.
 *
 * @param start where in the line the offers go
 * @param offers whole words that may stand there, escaped; a folder ends in a slash and may go on
 */
record Completion(int start, List<String> offers) {
    private static final Completion NONE = new Completion(0, List.of());

    /** @param line up to the cursor */
    static Completion of(String line) {
        List<Word> words = Words.split(line);
        if (!line.startsWith("/") || words.isEmpty()) {
            return NONE;
        }
        Word last = words.getLast();
        boolean begins = last.quote() == 0 && Character.isWhitespace(line.charAt(line.length() - 1));
        if (words.size() == 1 && !begins) {
            return new Completion(0, commands(line));
        }
        boolean files = Arrays.stream(SlashCommand.values())
                .anyMatch(
                        c -> c.takesFiles() && c.word().equals(words.getFirst().value()));
        return !files
                ? NONE
                : begins
                        ? new Completion(line.length(), files("", (char) 0))
                        : new Completion(last.start(), files(last.value(), last.quote()));
    }

    private static List<String> commands(String typed) {
        return Arrays.stream(SlashCommand.values())
                .map(SlashCommand::word)
                .filter(w -> w.startsWith(typed))
                .toList();
    }

    private static List<String> files(String typed, char quote) {
        int slash = typed.lastIndexOf('/') + 1;
        String folder = typed.substring(0, slash);
        String name = typed.substring(slash);
        try (Stream<Path> files = Files.list(Path.of(path(folder)))) {
            return files.filter(f -> f.getFileName().toString().startsWith(name))
                    .filter(f -> Quote.visible(f.toString()).equals(f.toString())) // what cannot be typed would steer
                    .filter(f -> !name.isEmpty() || !f.getFileName().toString().startsWith("."))
                    .map(f -> word(folder + f.getFileName(), Files.isDirectory(f), quote))
                    .sorted()
                    .toList();
        } catch (IOException | InvalidPathException e) {
            return List.of(); // there is no such folder, or none that may be read
        }
    }

    private static String word(String path, boolean folder, char quote) {
        String value = folder ? path + "/" : path;
        return quote == 0 ? Words.escaped(value) : quote + value + (folder ? "" : quote);
    }

    /** A path that may start with a tilde, for the user's home. */
    static String path(String typed) {
        return typed.startsWith("~/")
                ? UserFolders.home().map(h -> h + typed.substring(1)).orElse(typed)
                : typed;
    }
}
