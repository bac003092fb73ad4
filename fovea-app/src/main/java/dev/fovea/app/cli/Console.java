package dev.fovea.app.cli;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
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
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The three streams of a program, in UTF-8 whatever the locale says.
 *
 * @param inputIsTerminal whether somebody can be asked
 * @param answersAreRead whether stdout is a terminal
 * @param progressIsRead whether stderr is a terminal
 */
public record Console(
        InputStream in,
        PrintStream out,
        PrintStream err,
        boolean inputIsTerminal,
        boolean answersAreRead,
        boolean progressIsRead) {

    /** The process's own streams. Which of them are terminals the launcher says. */
    public static Console system() {
        return new Console(
                System.in,
                utf8(new FileOutputStream(FileDescriptor.out)),
                utf8(new FileOutputStream(FileDescriptor.err)),
                Boolean.getBoolean("fovea.stdin.terminal"),
                Boolean.getBoolean("fovea.stdout.terminal"),
                Boolean.getBoolean("fovea.stderr.terminal"));
    }

    /** Streams that are no terminals. */
    public static Console of(InputStream in, OutputStream out, OutputStream err) {
        return new Console(in, utf8(out), utf8(err), false, false, false);
    }

    private static PrintStream utf8(OutputStream stream) {
        return new PrintStream(stream, false, StandardCharsets.UTF_8);
    }

    /** Writes a part of an answer at once, so that it can be read while the rest is made. */
    void print(String text) {
        out.print(text);
        if (out.checkError()) {
            throw new FoveaException("cannot write the answer to stdout: it was closed, or its disk is full");
        }
    }

    void printLine(String text) {
        print(text + "\n");
    }

    /** Where the user reads what is no answer. Where both streams are one terminal, only one of them keeps the order. */
    PrintStream notes() {
        return answersAreRead && progressIsRead ? out : err;
    }

    /** One line for the user. */
    void note(String text) {
        notes().println("fovea: " + text.strip().replaceAll("\\s*\\R\\s*", " "));
        notes().flush();
    }

    /** Lines beside an answer; a terminal shows them dimmed. */
    void tell(String lines) {
        boolean dims = progressIsRead && System.getenv("NO_COLOR") == null;
        notes().println(dims ? "\u001b[2m" + lines + "\u001b[0m" : lines);
        notes().flush();
    }

    /** Asks for a line. */
    String ask(String question) {
        err.print(question);
        err.flush();
        try {
            String line = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
        PrintStream stdout = out;
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
