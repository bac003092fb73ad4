package dev.fovea.app.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program without a command: prints its usage. */
@Command(
        name = "fovea",
        description = "Vision-language models, native on the JVM.",
        versionProvider = Fovea.VersionLine.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "MODEL is a model directory, a name on a hub (org/name[@revision], modelscope:org/name), or demo.",
            "Try: fovea demo, then fovea run MODEL \"What is in the picture?\" --image photo.jpg"
        })
final class Fovea implements Runnable {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean version;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show where an error comes from.")
    private boolean verbose;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    boolean isVerbose() {
        return verbose;
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    static final class VersionLine implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"fovea " + Version.number()};
        }
    }
}
