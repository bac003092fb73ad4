package dev.fovea.app;

import dev.fovea.Machine;
import dev.fovea.app.cli.Cli;
import dev.fovea.app.cli.Console;
import dev.fovea.io.Json;
import java.io.InputStream;
import java.io.OutputStream;

/** The entry point of the command line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        // The first thing that any model wants is JSON, whose reader takes a tenth of a second to load. Half of it are
        // the powers of five, up to the 65,536th, that BigDecimal begins with.
        Thread.ofPlatform().daemon().name("fovea-json").start(() -> Json.parse("{}", "nothing"));
        // While the options are read, the other processor has nothing to do.
        if (Cli.computes(args)) {
            Machine.prepare();
        }
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
