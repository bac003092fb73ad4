package dev.fovea.app.cli;

import dev.fovea.QuantizedModel;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.files.InputFile;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.media.ImageSource;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A model directory in fewer bits. */
@Command(
        name = "quantize",
        description =
                "Writes a model with its weights in codes of 8 or 4 bits, or bfloat16 in 12 without loss (--quantize lossless), as a directory"
                        + " that opens like any other.",
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  fovea quantize Qwen/Qwen2.5-VL-3B-Instruct --to qwen-int4",
            "  fovea quantize ./model --to model-lossless --quantize lossless",
            "  fovea quantize ./model --to model-int4 --calibrate pictures/*.jpg"
        })
final class QuantizeCommand implements Callable<Integer> {
    private static final int TOKENS = 64;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(
            names = "--to",
            required = true,
            paramLabel = "DIR",
            description = "The folder to write; not there yet, or empty.")
    String to = "";

    @Option(
            names = "--calibrate",
            paramLabel = "FILE",
            description =
                    "Pictures that the model describes before, or - for stdin: codes of 4 bits are chosen for what meets the"
                            + " weights then. It may help or harm: measure it by eval.")
    List<String> calibrate = List.of();

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "The question to each of them, or - for stdin (default: " + EvalCommand.PROMPT + ").")
    Optional<String> prompt = Optional.empty();

    @Option(names = "--text", description = "The prompt is raw, no chat template.")
    boolean text;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Of each answer (default: " + TOKENS + ").")
    Optional<Integer> tokens = Optional.empty();

    @Mixin
    EngineOptions engine = EngineOptions.quantised("int4");

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    QuantizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        check();
        List<Request> calibration = calibration();
        String directory = Pulling.directory(model, console, output.quiet);
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show((!calibrate.isEmpty()
                            ? "Answering to calibrate "
                            : engine.isLossless() ? "Packing " : "Quantising ")
                    + model);
            QuantizedModel.write(directory, Path.of(to), engine.loadOptions(status), calibration);
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("model", model);
        json.put("quantize", engine.quantize);
        json.put("directory", to);
        console.printLine(output.json() ? Json.write(json) : to);
        return ExitStatus.DONE;
    }

    /** Finds what is wrong before a model is fetched or stdin is read. */
    private void check() {
        engine.check();
        EvalCommand.checkTokens(tokens.orElse(TOKENS));
        List<String> without = Stream.of(
                        prompt.map(_ -> "--prompt").stream(),
                        Stream.of("--text").filter(_ -> text),
                        tokens.map(_ -> "--max-new-tokens").stream(),
                        engine.forAnswers().stream())
                .flatMap(s -> s)
                .toList();
        if (calibrate.isEmpty() && !without.isEmpty()) {
            throw new OptionException(
                    String.join(", ", without) + " without --calibrate: only calibration asks the model anything",
                    "give --calibrate with pictures, or leave it out");
        }
        InputOptions.requireOne(Stream.concat(
                        calibrate.stream().filter(InputOptions.STDIN::equals).map(_ -> "--calibrate"),
                        prompt.filter(InputOptions.STDIN::equals).map(_ -> "--prompt").stream())
                .toList());
        for (String picture : calibrate) {
            if (!picture.equals(InputOptions.STDIN)
                    && ImageSource.parse(picture) instanceof ImageSource.OfPath(Path p)) {
                InputFile.check(p);
            }
        }
    }

    private List<Request> calibration() {
        if (calibrate.isEmpty()) {
            return List.of();
        }
        String question = prompt.orElse(EvalCommand.PROMPT);
        String asked = question.equals(InputOptions.STDIN) ? InputOptions.typed(console) : question;
        List<String> pictures =
                calibrate.stream().map(p -> InputOptions.source(p, console)).toList();
        GenerationConfig limit = GenerationConfig.maxNewTokens(tokens.orElse(TOKENS));
        return EvalCommand.requests(pictures, asked, text).stream()
                .map(request -> request.withGenerate(limit))
                .toList();
    }
}
