package dev.fovea.app.cli;

import dev.fovea.Content;
import dev.fovea.Divergence;
import dev.fovea.LoadOptions;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.media.ImageSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What quantising a model costs in quality. */
@Command(
        name = "eval",
        description =
                "Compares a model, quantised, with its origin: how far the distributions of the next token are apart,"
                        + " and how many answers are the same.",
        sortOptions = false,
        footer = {
            "",
            "Both are fed the origin's greedy answers to each picture.",
            "Example:",
            "  fovea eval ./model --quantize int4 --image pictures/*.jpg"
        })
final class EvalCommand implements Callable<Integer> {
    static final String PROMPT = "Describe the picture.";

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(
            names = "--against",
            paramLabel = "MODEL",
            description = "The origin (default: the model itself, not quantised).")
    Optional<String> against = Optional.empty();

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "Pictures to ask about; without any, the prompt alone.")
    List<String> images = List.of();

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "The question, or - for stdin (default: ${DEFAULT-VALUE}).")
    String prompt = PROMPT;

    @Option(names = "--text", description = "The prompt is raw, no chat template.")
    boolean text;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Of each answer (default: ${DEFAULT-VALUE}).")
    int tokens = 64;

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    EvalCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        engine.check();
        checkTokens(tokens);
        prompt = prompt.equals(InputOptions.STDIN) ? InputOptions.typed(console) : prompt;
        String directory = Pulling.directory(model, console, output.quiet);
        String origin = against.isPresent() ? Pulling.directory(against.get(), console, output.quiet) : directory;
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show("Loading " + model);
            LoadOptions options = engine.loadOptions(status);
            try (Pipeline quantized = Pipeline.of("image-text-to-text", directory, options);
                    Pipeline other = Pipeline.of("image-text-to-text", origin, options.withQuantize("none"))) {
                status.show("Comparing");
                Divergence found = Divergence.of(quantized, other, requests(images, prompt, text), tokens);
                status.clear();
                report(found).print(console, output);
            }
        }
        return ExitStatus.DONE;
    }

    static void checkTokens(int tokens) {
        if (tokens < 1) {
            throw new OptionException("--max-new-tokens is " + tokens + "; expected at least 1");
        }
    }

    /** One for each picture; without any, the prompt alone. */
    static List<Request> requests(List<String> images, String prompt, boolean text) {
        List<Request> requests = new ArrayList<>();
        if (images.isEmpty()) {
            requests.add(text ? Request.of(prompt) : Request.of(List.of(Message.user(prompt))));
        }
        for (String image : images) {
            requests.add(
                    text
                            ? Request.of(prompt, ImageSource.parse(image))
                            : Request.of(List.of(Message.user(Content.image(image), Content.text(prompt)))));
        }
        return requests;
    }

    private Report report(Divergence found) {
        return new Report()
                .add("model", model + ", " + engine.quantize, "model", model)
                .add("tokens compared", Integer.toString(found.tokens()), "tokens", found.tokens())
                .add("mean KL", String.format(Locale.ROOT, "%.2e nats", found.meanKl()), "mean_kl", found.meanKl())
                .add(
                        "largest KL",
                        String.format(Locale.ROOT, "%.2e nats", found.largestKl()),
                        "largest_kl",
                        found.largestKl())
                .add(
                        "same likeliest token",
                        Report.decimals(100 * found.agreement()) + " %",
                        "agreement",
                        found.agreement())
                .add(
                        "same answers",
                        found.equalAnswers() + " of " + found.answers(),
                        "equal_answers",
                        found.equalAnswers())
                .data("answers", found.answers());
    }
}
