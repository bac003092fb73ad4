package dev.fovea.app.cli;

import dev.fovea.hub.PullOptions;
import dev.fovea.io.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Models into the cache. */
@Command(
        name = "pull",
        description = "Fetches a model into the cache that Python's tools use too, and prints its directory.",
        sortOptions = false,
        footer = {
            "",
            "What is here already is not fetched again; what was interrupted goes on where it stopped.",
            "Examples:",
            "  fovea pull Qwen/Qwen2.5-VL-3B-Instruct",
            "  fovea pull google/gemma-3-4b-it@main modelscope:Qwen/Qwen2.5-VL-3B-Instruct"
        })
final class PullCommand implements Callable<Integer> {
    @Parameters(
            index = "0..*",
            arity = "1..*",
            paramLabel = "MODEL",
            description = "org/name[@revision] or modelscope:org/name[@revision].")
    List<String> models = List.of();

    @Option(
            names = "--token-name",
            paramLabel = "NAME",
            description =
                    "A token that hf auth login stored under this name (default: HF_TOKEN, then the token in use).")
    Optional<String> tokenName = Optional.empty();

    @Option(
            names = "--connections",
            paramLabel = "N",
            description = "Connections that are open at once (default: ${DEFAULT-VALUE}).")
    int connections = 8;

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    PullCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        PullOptions common = PullOptions.DEFAULT.withConnections(connections);
        PullOptions options = tokenName.map(common::withStoredToken).orElse(common);
        for (String model : models) {
            String directory = Pulling.directory(model, options, console, output.quiet);
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("model", model);
            json.put("directory", directory);
            console.printLine(output.json() ? Json.write(json) : directory);
        }
        return ExitStatus.DONE;
    }
}
