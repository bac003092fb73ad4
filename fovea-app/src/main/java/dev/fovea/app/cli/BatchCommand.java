package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** Many requests. */
@Command(
        name = "batch",
        description = {
            "Answers the requests of a file, one JSON object a line, in their order.",
            "Started again, it goes on where it stopped. A request's own options go before those given here."
        },
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {
            "",
            "Examples:",
            "  fovea batch ./model --input questions.jsonl --output answers.jsonl",
            "  fovea batch ./model --input questions.jsonl --output answers.jsonl --batch-size 4 --max-new-tokens 100",
            "A line of the input:",
            "  {\"id\": 1, \"images\": [\"a.jpg\"], \"messages\": [{\"role\": \"user\", \"content\":",
            "    [{\"type\": \"image\"}, {\"type\": \"text\", \"text\": \"What is it?\"}]}]}"
        })
final class BatchCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "The requests.")
    Path input = Path.of("");

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Where the answers go.")
    Path answers = Path.of("");

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "Requests that run together; answers do not depend on it (default: ${DEFAULT-VALUE}).")
    int batchSize = 1;

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

    /** A line of the input with what became of it: a request, or why there is none. */
    private record Slot(@Nullable Object id, Optional<Request> request, Optional<Throwable> failure) {}

    @Override
    public Integer call() {
        if (batchSize < 1) {
            throw new OptionException("--batch-size is " + batchSize + "; expected at least 1");
        }
        try (BatchFiles files = BatchFiles.open(input, answers);
                StatusLine status = new StatusLine(console, quiet)) {
            int before = files.done();
            if (before < files.total()) {
                status.show("Loading " + model);
                try (Pipeline pipe = Pipeline.of("image-text-to-text", model, engine.loadOptions(status.warnings()))) {
                    run(pipe, files, status);
                }
            }
            status.clear();
            if (!quiet) {
                console.note(files.done() + " requests" + (before > 0 ? ", " + before + " of them before" : "") + ": "
                        + (files.done() - files.failed()) + " answered, " + files.failed() + " failed");
            }
            return files.failed() == 0 ? ExitStatus.DONE : ExitStatus.INPUT;
        }
    }

    private void run(Pipeline pipe, BatchFiles files, StatusLine status) {
        int before = files.done();
        List<Slot> slots = new ArrayList<>();
        for (Optional<String> line = files.next(); line.isPresent(); line = files.next()) {
            status.showProgress(files.done(), files.total(), before);
            slots.add(parse(line.get()));
            if (slots.size() == batchSize) {
                flush(pipe, slots, files);
            }
        }
        flush(pipe, slots, files);
    }

    private Slot parse(String line) {
        Object id = BatchFiles.id(line);
        try {
            Map<String, @Nullable Object> json =
                    options.under(Json.object(Json.parse(line, "the request"), "the request"));
            return new Slot(id, Optional.of(Request.parse(json, input.resolveSibling(""))), Optional.empty());
        } catch (RuntimeException e) {
            return new Slot(id, Optional.empty(), Optional.of(e));
        }
    }

    private static void flush(Pipeline pipe, List<Slot> slots, BatchFiles files) {
        answer(pipe, slots).forEach(files::write);
        slots.clear();
    }

    /** Output lines, in order. Where one request spoils the batch, each is tried by itself. */
    private static List<Map<String, @Nullable Object>> answer(Pipeline pipe, List<Slot> slots) {
        List<Request> requests =
                slots.stream().flatMap(s -> s.request().stream()).toList();
        List<Answer> together = List.of();
        if (requests.size() > 1) {
            try {
                together = pipe.answer(requests, GenerateOptions.DEFAULT);
            } catch (RuntimeException | OutOfMemoryError e) {
                together = List.of();
            }
        }
        List<Map<String, @Nullable Object>> lines = new ArrayList<>();
        int next = 0;
        for (Slot slot : slots) {
            boolean answered = slot.request().isPresent() && !together.isEmpty();
            lines.add(answered ? together.get(next++).toMap() : alone(pipe, slot));
        }
        return lines;
    }

    private static Map<String, @Nullable Object> alone(Pipeline pipe, Slot slot) {
        if (slot.failure().isPresent()) {
            return error(slot.id(), slot.failure().get());
        }
        try {
            return pipe.answer(slot.request().orElseThrow()).toMap();
        } catch (RuntimeException | OutOfMemoryError e) {
            return error(slot.id(), e);
        }
    }

    /** A line of the output that says why there is no answer. */
    static Map<String, @Nullable Object> error(@Nullable Object id, Throwable failure) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("id", id);
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("message", ExitStatus.message(failure));
        error.put("hint", ExitStatus.hint(failure));
        line.put("error", error);
        return line;
    }
}
