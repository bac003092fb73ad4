package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.Trace;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
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

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = {"The safetensors file to write.", "With - it goes to stdout, and the answer to stderr."})
    String stages = "";

    @Mixin
    OverwriteOption overwrite = new OverwriteOption();

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
        if (Target.isStdout(stages) && output.json()) {
            throw new OptionException("--output - and --format json both want stdout; expected one of them");
        }
        engine.check();
        input.pull(console, output.quiet);
        Target target = Target.of("--output", stages, "a trace of Fovea", Trace::isTrace, overwrite, console)
                .sparing(input.files());
        target.check();
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show("Loading " + input.model);
            try (Pipeline pipe = Pipeline.of("image-text-to-text", input.model(), engine.loadOptions(status))) {
                Request request = input.request(pipe.processor(), console, status);
                status.show("Tracing");
                Trace trace = pipe.trace(request);
                target.sparing(RunFiles.of(request)).write(trace::write);
                status.show("Answering");
                Answer answer = pipe.answer(request);
                status.clear();
                print(output.json() ? Json.write(answer.toMap()) : summary(trace, answer, target), target);
            }
        }
        return ExitStatus.DONE;
    }

    private void print(String readable, Target target) {
        if (!target.isStdout()) {
            console.printLine(readable);
        } else if (!output.quiet) {
            console.tell(readable);
        }
    }

    private static String summary(Trace trace, Answer answer, Target target) {
        return Answers.readable(answer) + "\n\n" + trace + "\n\n"
                + trace.stages().size() + " stages in " + target;
    }
}
