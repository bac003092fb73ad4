package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import dev.fovea.media.MediaPolicy;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** One answer. */
@Command(
        name = "run",
        description = "Answers a question about pictures; the text appears as it is generated.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {
            "",
            "Examples:",
            "  fovea run Qwen/Qwen2.5-VL-3B-Instruct \"What is in the picture?\" --image photo.jpg",
            "  fovea run ./model \"Compare them.\" --image a.png --image b.png --max-new-tokens 200",
            "  curl -s URL | fovea run ./model \"What does it say?\" --image - --format json",
            "  fovea run ./florence-2 --task OD --image street.jpg --draw found.png",
            "  fovea run ./model --request question.json --num-beams 3"
        })
final class RunCommand implements Callable<Integer> {
    @Mixin
    InputOptions input = new InputOptions();

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    DrawOption draw = new DrawOption();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    RunCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        input.check(console);
        if (draw.toStdout() && output.json()) {
            throw new OptionException("--draw - and --format json both want stdout; expected one of them");
        }
        engine.check();
        input.pull(console, output.quiet);
        draw.check(console, input::files);
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show("Loading " + input.model);
            try (Pipeline opened = Pipeline.of("image-text-to-text", input.model(), engine.loadOptions(status))) {
                Pipeline pipe = opened.withMedia(MediaPolicy.TRUSTED.withFetchListener(status::showFetching));
                Request request = input.request(pipe.processor(), console, status);
                draw.check(pipe, request, console);
                status.show(input.hasPictures() ? "Looking" : "Reading");
                answer(pipe, request, status);
            }
        }
        return ExitStatus.DONE;
    }

    private void answer(Pipeline pipe, Request request, StatusLine status) {
        GenerationConfig config = request.generate().over(pipe.model().generationConfig());
        OptionWords.notes(request.generate().warnings(config)).forEach(status::note);
        if (output.json()
                || config.numBeams() > 1
                || config.numReturnSequences() > 1
                || draw.file.isPresent()
                || Answers.hasPlaces(pipe.processor(), request)) {
            Answer answer = pipe.answer(request, GenerateOptions.DEFAULT);
            status.clear();
            print(answer);
            draw.write(pipe, request, answer, console);
        } else {
            stream(pipe, request, status);
        }
    }

    private void print(Answer answer) {
        String readable = output.json() ? Json.write(answer.toMap()) : Answers.readable(answer);
        if (draw.toStdout() && !readable.isEmpty() && !output.quiet) {
            console.tell(readable);
        } else if (!readable.isEmpty() && !draw.toStdout()) {
            console.printLine(readable);
        } else if (!output.quiet) {
            console.note("nothing was found");
        }
    }

    private void stream(Pipeline pipe, Request request, StatusLine status) {
        pipe.answer(request, piece -> {
            status.clear();
            console.print(piece);
        });
        status.clear();
        console.printLine("");
    }
}
