package dev.fovea.app.cli;

import dev.fovea.LoadOptions;
import dev.fovea.QuantizedModel;
import dev.fovea.Request;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A model directory in codes of few bits. */
@Command(
        name = "quantize",
        description =
                "Writes a model with its weights in codes of 8 or 4 bits, as a directory that opens like any other.",
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  fovea quantize Qwen/Qwen2.5-VL-3B-Instruct --to qwen-int4",
            "  fovea quantize ./model --to model-int4 --calibrate pictures/*.jpg"
        })
final class QuantizeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(
            names = "--to",
            required = true,
            paramLabel = "DIR",
            description = "The folder to write; not there yet, or empty.")
    String to = "";

    @Option(
            names = "--quantize",
            paramLabel = "BITS",
            description = "int8 or int4 (default: ${DEFAULT-VALUE}); int4,head=int4,tower=int8 says more.")
    String quantize = "int4";

    @Option(
            names = "--calibrate",
            paramLabel = "FILE",
            description =
                    "Pictures that the model describes before: codes of 4 bits are chosen for what meets the weights then.")
    List<String> calibrate = List.of();

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "The question to each of them, or - for stdin (default: ${DEFAULT-VALUE}).")
    String prompt = EvalCommand.PROMPT;

    @Option(names = "--text", description = "The prompt is raw, no chat template.")
    boolean text;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Of each answer (default: ${DEFAULT-VALUE}).")
    int tokens = 64;

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    QuantizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        LoadOptions options = LoadOptions.DEFAULT.withQuantize(quantize);
        EvalCommand.checkTokens(tokens);
        List<Request> calibration = calibration();
        String directory = Pulling.directory(model, console, output.quiet);
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show(calibrate.isEmpty() ? "Quantising " + model : "Answering to calibrate " + model);
            QuantizedModel.write(
                    directory,
                    Path.of(to),
                    options.withWarnings(status.warnings()).withQuantizeListener(status::showQuantizing),
                    calibration);
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("model", model);
        json.put("quantize", quantize);
        json.put("directory", to);
        console.printLine(output.json() ? Json.write(json) : to);
        return ExitStatus.DONE;
    }

    private List<Request> calibration() {
        if (calibrate.isEmpty()) {
            return List.of();
        }
        prompt = prompt.equals(InputOptions.STDIN) ? InputOptions.typed(console) : prompt;
        GenerationConfig limit = GenerationConfig.maxNewTokens(tokens);
        return EvalCommand.requests(calibrate, prompt, text).stream()
                .map(request -> request.withGenerate(limit))
                .toList();
    }
}
