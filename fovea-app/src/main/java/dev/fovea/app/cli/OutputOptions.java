package dev.fovea.app.cli;

import picocli.CommandLine.Option;

/** How a command speaks. */
final class OutputOptions {
    /** Of answers on stdout. */
    enum Format {
        text,
        json
    }

    @Option(names = "--format", paramLabel = "text|json", description = "What stdout gets (default: ${DEFAULT-VALUE}).")
    Format format = Format.text;

    @Option(names = "--quiet", description = "No progress, no notes.")
    boolean quiet;

    boolean json() {
        return format == Format.json;
    }
}
