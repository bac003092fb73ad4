package dev.fovea.app;

import dev.fovea.app.cli.Cli;
import dev.fovea.app.cli.Console;
import java.io.InputStream;
import java.io.OutputStream;

/** The entry point of the command line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(Cli.execute(args, Console.system()));
    }

    /**
     * Runs a command line inside this process, as if no stream were a terminal.
     *
     * @return the exit status; see docs/command-line.md
     */
    public static int run(String[] args, InputStream in, OutputStream out, OutputStream err) {
        return Cli.execute(args, Console.of(in, out, err));
    }
}
