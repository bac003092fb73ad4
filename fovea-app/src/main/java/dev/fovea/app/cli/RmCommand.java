package dev.fovea.app.cli;

import dev.fovea.Hub;
import dev.fovea.hub.PullOptions;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Models out of the caches. */
@Command(
        name = "rm",
        description = "Deletes models from the cache; what another revision uses too stays.",
        sortOptions = false,
        footer = {"", "Examples:", "  fovea rm Qwen/Qwen2.5-VL-3B-Instruct", "  fovea rm google/gemma-3-4b-it@093f9f38"
        })
final class RmCommand implements Callable<Integer> {
    @Parameters(
            index = "0..*",
            arity = "1..*",
            paramLabel = "MODEL",
            description = "org/name, all its revisions; org/name@revision, that one; modelscope:org/name.")
    List<String> models = List.of();

    @Option(names = "--quiet", description = "No notes.")
    boolean quiet;

    private final Console console;

    RmCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        for (String model : models) {
            long free = Hub.remove(model, PullOptions.DEFAULT);
            if (!quiet) {
                console.note("deleted " + model
                        + (free > 0
                                ? ": " + Report.bytes(free) + " are free"
                                : "; its bytes stay, for others that use them"));
            }
        }
        return ExitStatus.DONE;
    }
}
