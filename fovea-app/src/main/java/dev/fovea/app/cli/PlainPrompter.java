package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/** Lines as they come, without editing: of a pipe or file, or of a terminal whose answers go elsewhere. */
final class PlainPrompter implements Prompter {
    private final Console console;
    private final BufferedReader lines;

    PlainPrompter(Console console) {
        this.console = console;
        lines = new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8));
    }

    @Override
    public Typed read(String prompt) {
        String first = line(prompt);
        if (first == null) {
            return new Typed.End();
        }
        Typed.Entry entry = new Typed.Entry(first);
        while (!entry.isComplete()) {
            String next = line(CONTINUED);
            if (next == null) {
                return entry;
            }
            entry = new Typed.Entry(entry.raw() + "\n" + next);
        }
        return entry;
    }

    private @Nullable String line(String prompt) {
        if (console.inputIsTerminal()) {
            console.notes().print(prompt);
            console.notes().flush();
        }
        try {
            return lines.readLine();
        } catch (IOException e) {
            throw InputException.cannot("read", "stdin", e);
        }
    }

    @Override
    public void interruptibly(Runnable action, Runnable stop) {
        if (!console.inputIsTerminal()) {
            action.run();
            return;
        }
        Object before = Signals.register("INT", stop);
        try {
            action.run();
        } finally {
            Signals.unregister("INT", before);
        }
    }

    /** stdin is the process's. */
    @Override
    public void close() {}
}
