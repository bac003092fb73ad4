package dev.fovea.app.cli;

import dev.fovea.Hub;
import dev.fovea.error.InputException;
import dev.fovea.hub.PullOptions;
import dev.fovea.hub.Verdict;
import dev.fovea.io.Json;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Whether a cached model is what was published. */
@Command(
        name = "verify",
        description = "Compares the files of a cached model with the sums that its hub gave.",
        sortOptions = false,
        footer = {"", "Example:", "  fovea verify Qwen/Qwen2.5-VL-3B-Instruct --repair"})
final class VerifyCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "org/name[@revision] or modelscope:org/name[@revision].")
    String model = "";

    @Option(names = "--repair", description = "Fetch anew what is damaged or missing.")
    boolean repair;

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    VerifyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Map<String, Verdict> verdicts;
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            verdicts = Hub.verify(model, PullOptions.DEFAULT, file -> status.show("Reading " + file));
        }
        print(verdicts);
        long wrong = verdicts.values().stream()
                .filter(v -> v == Verdict.DAMAGED || v == Verdict.MISSING)
                .count();
        if (wrong > 0 && !repair) {
            throw new InputException(
                    wrong + " of the " + verdicts.size() + " files of " + model + " are damaged or missing",
                    "fovea verify " + model + " --repair fetches them anew");
        }
        if (wrong > 0) {
            Pulling.repair(model, verdicts, console, output.quiet);
        }
        return ExitStatus.DONE;
    }

    private void print(Map<String, Verdict> verdicts) {
        if (output.json()) {
            Map<String, @Nullable Object> files = new LinkedHashMap<>();
            verdicts.forEach((file, verdict) -> files.put(file, word(verdict)));
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("model", model);
            json.put("files", files);
            console.printLine(Json.write(json));
        } else {
            verdicts.forEach((file, verdict) -> console.printLine(String.format("%-8s  %s", word(verdict), file)));
        }
    }

    private static String word(Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }
}
