package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.Trace;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One answer with the intermediate tensors of its prefill. */
@Command(
        name = "trace",
        description = "Answers as run does, and writes the intermediate tensors of the prefill in float32.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {
            "",
            "Example:",
            "  fovea trace ./model \"What is in the picture?\" --image photo.jpg --output stages.safetensors"
        })
final class TraceCommand implements Callable<Integer> {
    @Mixin
    InputOptions input = new InputOptions();

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "The safetensors file to write.")
    Path stages = Path.of("");

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    TraceCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        input.check(console);
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show("Loading " + input.model);
            try (Pipeline pipe =
                    Pipeline.of("image-text-to-text", input.model(), engine.loadOptions(status.warnings()))) {
                Request request = input.request(pipe.processor(), console);
                status.show("Tracing");
                Trace trace = pipe.trace(request);
                trace.write(stages);
                status.show("Answering");
                Answer answer = pipe.answer(request);
                status.clear();
                console.printLine(output.json() ? Json.write(answer.toMap()) : summary(trace, answer));
            }
        }
        return ExitStatus.DONE;
    }

    private String summary(Trace trace, Answer answer) {
        return Answers.readable(answer) + "\n\n" + trace + "\n\n"
                + trace.stages().size() + " stages in " + stages;
    }
}
