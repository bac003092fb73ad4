package dev.fovea.app.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.jline.reader.Candidate;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser.ParseContext;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.TerminalBuilder;

/** Somebody at a terminal: a line that can be edited, lines of earlier days, Tab for commands and file names. */
final class TerminalPrompter implements Prompter {
    private static final int REMEMBERED = 1000;

    private final Terminal terminal;
    private final LineReader reader;

    /**
     * @param history the file that keeps what was typed
     * @return empty where the terminal is none that lines can be edited on
     */
    static Optional<Prompter> open(Optional<Path> history) {
        // Otherwise Ctrl-C comes as a byte too, and some interrupt the prompt that follows as well.
        System.setProperty(TerminalBuilder.PROP_SOFTWARE_SIGNALS, "false");
        try {
            Terminal terminal = TerminalBuilder.builder()
                    .system(true)
                    .dumb(false)
                    .encoding(StandardCharsets.UTF_8)
                    .nativeSignals(true)
                    .graphemeCluster(false) // asks the terminal what it can, and some never answer
                    .build();
            return Optional.of(new TerminalPrompter(terminal, history));
        } catch (IOException | IllegalStateException e) {
            return Optional.empty();
        }
    }

    TerminalPrompter(Terminal terminal, Optional<Path> history) {
        this.terminal = terminal;
        LineReaderBuilder builder = LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("fovea")
                .parser(TerminalPrompter::parse)
                .completer((_, line, candidates) -> complete(line, candidates))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .option(LineReader.Option.INSERT_TAB, false)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, CONTINUED)
                .variable(LineReader.HISTORY_SIZE, REMEMBERED)
                .variable(LineReader.HISTORY_FILE_SIZE, REMEMBERED);
        history.ifPresent(file -> builder.variable(LineReader.HISTORY_FILE, file));
        reader = builder.build();
    }

    @Override
    public Typed read(String prompt) {
        try {
            return new Typed.Entry(reader.readLine(prompt));
        } catch (UserInterruptException e) {
            return new Typed.Interrupt(e.getPartialLine());
        } catch (EndOfFileException e) {
            return new Typed.End();
        }
    }

    /** What is typed meanwhile waits, unseen, for the next prompt, which shows it and goes on from there. */
    @Override
    public void interruptibly(Runnable action, Runnable stop) {
        SignalHandler before = terminal.handle(Signal.INT, _ -> stop.run());
        Attributes attributes = terminal.getAttributes();
        Attributes silent = new Attributes(attributes);
        // Keys as they are, so that the prompt edits with them; Ctrl-C goes on being a signal.
        silent.setLocalFlags(EnumSet.of(LocalFlag.ECHO, LocalFlag.ICANON), false);
        silent.setControlChar(ControlChar.VMIN, 1);
        silent.setControlChar(ControlChar.VTIME, 0);
        terminal.setAttributes(silent);
        try {
            action.run();
        } finally {
            terminal.setAttributes(attributes);
            terminal.handle(Signal.INT, before);
        }
    }

    /** Refuses what has to go on, so that Enter begins a new line; gives Tab the part of the line that it replaces. */
    private static ParsedLine parse(String line, int cursor, ParseContext context) {
        if (context == ParseContext.ACCEPT_LINE && !new Typed.Entry(line).isComplete()) {
            throw new EOFError(0, line.length(), "the message goes on");
        }
        int start = context == ParseContext.COMPLETE
                ? Completion.of(line.substring(0, cursor)).start()
                : cursor;
        return new Part(line, cursor, line.substring(start, cursor));
    }

    private static void complete(ParsedLine line, List<Candidate> candidates) {
        for (String offer :
                Completion.of(line.line().substring(0, line.cursor())).offers()) {
            candidates.add(new Candidate(offer, offer, null, null, null, null, !offer.endsWith("/")));
        }
    }

    /** A line whose last word before the cursor is all that matters, as it stands there: offers are escaped already. */
    private record Part(String line, int cursor, String word) implements CompletingParsedLine {
        @Override
        public int wordCursor() {
            return word.length();
        }

        @Override
        public int wordIndex() {
            return 0;
        }

        @Override
        public List<String> words() {
            return List.of(word);
        }

        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return word.length();
        }

        @Override
        public int rawWordLength() {
            return word.length();
        }
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot give the terminal back", e);
        }
    }
}
