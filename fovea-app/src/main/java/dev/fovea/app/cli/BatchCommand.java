package dev.fovea.app.cli;

import dev.fovea.AutoProcessor;
import dev.fovea.Processor;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** Many requests. */
@Command(
        name = "batch",
        description = {
            "Answers many requests: those of a file, one JSON object a line, or one question about each of many pictures.",
            "Started again, it goes on where it stopped. A request's own options go before those given here."
        },
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {
            "",
            "Examples:",
            "  fovea batch ./model \"What is in the picture?\" --images 'photos/**/*.jpg' --output answers.jsonl",
            "  fovea batch ./florence-2 --task OD --images scans/*.png --output found.jsonl",
            "  fovea batch ./model --input questions.jsonl --output answers.jsonl --batch-size 4 --max-new-tokens 100",
            "A line of the input:",
            "  {\"id\": 1, \"images\": [\"a.jpg\"], \"messages\": [{\"role\": \"user\", \"content\":",
            "    [{\"type\": \"image\"}, {\"type\": \"text\", \"text\": \"What is it?\"}]}]}"
        })
final class BatchCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "PROMPT", description = "What to ask about each of --images.")
    Optional<String> prompt = Optional.empty();

    @Option(names = "--input", paramLabel = "FILE", description = "The requests; - is stdin.")
    Optional<String> input = Optional.empty();

    @Option(
            names = "--images",
            arity = "1..*",
            paramLabel = "FILE",
            description = {
                "Pictures, or patterns in quotes: 'photos/*.jpg', 'photos/**/*.{jpg,png}'.",
                "Each is a request, and its path the id."
            })
    List<String> images = List.of();

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "Where the answers go; - is stdout.")
    String answers = "";

    @Option(
            names = "--redo",
            description = "Answer again what failed, and what has changed since an earlier run wrote the output.")
    boolean redo;

    @Mixin
    OverwriteOption overwrite = new OverwriteOption();

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "Requests that run together; answers do not depend on it (default: ${DEFAULT-VALUE}).")
    int batchSize = 1;

    @Option(names = "--system", paramLabel = "TEXT", description = "With --images: what the model is told first.")
    Optional<String> system = Optional.empty();

    @Option(names = "--task", paramLabel = "TASK", description = "With --images: a task of the model, as OCR or OD.")
    Optional<String> task = Optional.empty();

    @Option(names = "--text", description = "With --images: the prompt is raw, no chat template.")
    boolean text;

    @Mixin
    RequestOptions options = new RequestOptions();

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Option(names = "--quiet", description = "No progress, no summary.")
    boolean quiet;

    private final Console console;

    BatchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        check();
        engine.check();
        String name = Pulling.directory(InputOptions.withTask(model, task), console, quiet);
        try (StatusLine status = new StatusLine(console, quiet);
                BatchInput requests = requests(name)) {
            try (BatchOutput output = BatchOutput.open(answers, read(name, requests), overwrite, console)) {
                return new BatchRun(name, requests, output, batchSize, engine, status).run(redo, quiet, console);
            }
        }
    }

    /** Without --overwrite only answers are gone on with, and no picture is taken for them. */
    private List<Path> read(String name, BatchInput requests) {
        List<Path> read = new ArrayList<>(RunFiles.ofModel(name));
        read.addAll(requests.files());
        read.addAll(options.files());
        if (overwrite.given && Files.isRegularFile(Path.of(answers))) {
            requests.hold();
            requests.forEach(item -> read.addAll(item.files()));
        }
        return read;
    }

    private void check() {
        if (batchSize < 1) {
            throw new OptionException("--batch-size is " + batchSize + "; expected at least 1");
        }
        if (input.isPresent() == !images.isEmpty()) {
            throw new OptionException(
                    input.isPresent()
                            ? "--input and --images are both given; expected one of them"
                            : "no requests are given",
                    "--input FILE.jsonl has them, or give PROMPT and --images 'photos/*.jpg'");
        }
        boolean asks = prompt.isPresent() || system.isPresent() || task.isPresent() || text;
        if (input.isPresent() && asks) {
            throw new OptionException(
                    "the lines of --input are whole requests; PROMPT, --system, --task and --text go with --images");
        }
        boolean inputIsStdin = input.filter(InputOptions.STDIN::equals).isPresent();
        List<String> ofStdin = Stream.concat(inputIsStdin ? Stream.of("--input") : Stream.empty(), options.ofStdin())
                .toList();
        InputOptions.requireOne(ofStdin);
        options.read(console);
    }

    private BatchInput requests(String name) {
        if (input.isPresent()) {
            return BatchInput.ofLines(input.get(), options, console);
        }
        List<String> files = PictureFiles.of("--images", images);
        try (Processor processor = AutoProcessor.fromPretrained(name, Warnings.to(console::note))) {
            return BatchInput.ofRequests(questions(name, processor, files), options, console);
        }
    }

    private List<Map<String, @Nullable Object>> questions(String name, Processor processor, List<String> files) {
        InputOptions question = new InputOptions();
        question.model = name;
        question.prompt = text ? Optional.empty() : prompt;
        question.text = text ? prompt : Optional.empty();
        question.system = system;
        question.task = task;
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (String file : files) {
            question.images = List.of(file);
            Map<String, @Nullable Object> request = question.json(processor, console);
            request.put("id", file);
            request.put("images", List.of(file));
            all.add(request);
        }
        return all;
    }
}
