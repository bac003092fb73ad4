package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import dev.fovea.files.OutputFile;
import dev.fovea.media.ImageSource;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

/**
 * The three streams of a program, in UTF-8 whatever the locale says. What goes to a terminal steers it only where this program means
 * it: escape sequences in an answer, a file's name or a server's reply are shown, not obeyed. Answers to a file or pipe are exact.
 *
 * @param inputIsTerminal whether somebody can be asked
 * @param answersAreRead whether stdout is a terminal
 * @param progressIsRead whether stderr is a terminal
 */
public record Console(
        InputStream in,
        Output out,
        Output err,
        boolean inputIsTerminal,
        boolean answersAreRead,
        boolean progressIsRead) {

    /** The process's own streams. Which of them are terminals the launcher says. */
    public static Console system() {
        return new Console(
                System.in,
                new Output(new FileOutputStream(FileDescriptor.out)),
                new Output(new FileOutputStream(FileDescriptor.err)),
                Boolean.getBoolean("fovea.stdin.terminal"),
                Boolean.getBoolean("fovea.stdout.terminal"),
                Boolean.getBoolean("fovea.stderr.terminal"));
    }

    /** Streams that are no terminals. */
    public static Console of(InputStream in, OutputStream out, OutputStream err) {
        return new Console(in, new Output(out), new Output(err), false, false, false);
    }

    /** Writes a part of an answer at once, so that it can be read while the rest is made. */
    void print(String text) {
        out.print(answersAreRead ? harmless(text) : text);
        out.check();
    }

    /**
     * A text as a terminal may get it, each character by itself, so that it does not matter where a stream of tokens cuts an escape
     * sequence. Kept is what moves on: line feeds and tabs. A carriage return, which would let a line be written over, is dropped.
     */
    static String harmless(String text) {
        if (text.chars().noneMatch(c -> steers((char) c))) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!steers(c)) {
                out.append(c);
            } else if (c != '\r') {
                out.append(String.format("\\u%04x", (int) c));
            }
        }
        return out.toString();
    }

    /** Controls, and what overrides the direction of writing. The marks that Hebrew and Arabic texts hold are none of these. */
    private static boolean steers(char c) {
        boolean directs = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        return directs || (Character.isISOControl(c) && c != '\n' && c != '\t');
    }

    void printLine(String text) {
        print(text + "\n");
    }

    /** Where the user reads what is no answer. Where both streams are one terminal, only one of them keeps the order. */
    Output notes() {
        return answersAreRead && progressIsRead ? out : err;
    }

    /** One line for the user. */
    void note(String text) {
        notes().println("fovea: " + Quote.message(text));
        notes().flush();
    }

    /** Lines beside an answer; a terminal shows them dimmed. */
    void tell(String lines) {
        String shown = harmless(lines);
        boolean dims = progressIsRead && System.getenv("NO_COLOR") == null;
        notes().println(dims ? "\u001b[2m" + shown + "\u001b[0m" : shown);
        notes().flush();
    }

    /** Where a failure comes from. Its causes are messages of others. */
    void trace(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        trace.toString()
                .lines()
                .forEach(line -> err.println((line.startsWith("\t") ? "\t" : "") + Quote.message(line)));
        err.flush();
    }

    /** Asks for a line. */
    String ask(String question) {
        err.print(question);
        err.flush();
        try {
            String line = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            throw InputException.cannot("read", "stdin", e);
        }
    }

    /** Writes a result that is no text. */
    void print(OutputFile.Content content) {
        try {
            content.writeTo(out);
        } catch (IOException e) {
            throw InputException.cannot("write", "stdout", e);
        }
        print("");
    }

    /** Where answers go that are no terminal's lines. */
    OutputStream answers() {
        Output stdout = out;
        return new FilterOutputStream(stdout) {
            @Override
            public void write(byte[] bytes, int from, int count) {
                stdout.write(bytes, from, count);
            }

            @Override
            public void flush() {
                print("");
            }

            @Override
            public void close() {
                flush();
            }
        };
    }

    /** All of stdin, which is not without end. */
    byte[] readInput() {
        try {
            return InputFile.readAll(in, "stdin", ImageSource.MAX_BYTES);
        } catch (IOException e) {
            throw InputException.cannot("read", "stdin", e);
        }
    }

    /** All of stdin as text. */
    String readText() {
        return InputFile.text(readInput(), "stdin");
    }
}
