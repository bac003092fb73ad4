package dev.fovea.app.cli;

import picocli.CommandLine.Option;

/** What becomes of a file in an output's place. */
final class OverwriteOption {
    @Option(names = "--overwrite", description = "Replace the output file also where Fovea did not write it.")
    boolean given;
}
