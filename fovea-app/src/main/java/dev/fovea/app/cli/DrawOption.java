package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The answer's boxes on the picture. */
final class DrawOption {
    @Option(
            names = "--draw",
            paramLabel = "FILE.png",
            description = {
                "Write the picture with the answer's boxes, outlines and labels; for tasks that find things.",
                "With - it goes to stdout, and the answer to stderr."
            })
    Optional<String> file = Optional.empty();

    @Mixin
    OverwriteOption overwrite = new OverwriteOption();

    /** Whether stdout belongs to the picture. */
    boolean toStdout() {
        return file.filter(Target::isStdout).isPresent();
    }

    /**
     * Finds what is wrong before a model is loaded.
     *
     * @param inputs that are read
     */
    void check(Console console, Supplier<List<Path>> inputs) {
        file.ifPresent(f -> {
            Target target = drawing("--draw", f, overwrite, console);
            target.sparing(inputs.get()).check();
        });
    }

    /**
     * A target for a drawing.
     *
     * @throws OptionException where an option names no file for a picture
     */
    static Target drawing(String option, String named, OverwriteOption overwrite, Console console) {
        if (!Target.isStdout(named) && !named.toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new OptionException(option + " is " + Quote.of(named) + "; expected the name of a .png file");
        }
        return Target.of(option, named, "a drawing of Fovea", Picture::isOwnPng, overwrite, console);
    }

    /** @throws OptionException where the request's answer has nothing to draw, or would be drawn over one of its pictures */
    void check(Pipeline pipe, Request request, Console console) {
        if (file.isEmpty()) {
            return;
        }
        check(console, () -> RunFiles.of(request));
        if (pipe.processor().namesPlaces()) {
            if (pipe.pictures(request).size() != 1) {
                throw new OptionException(
                        "--draw needs a question about one picture; an answer does not say which of several it means");
            }
            return;
        }
        if (pipe.processor().tasks().isEmpty()) {
            throw new OptionException(
                    "--draw needs an answer with boxes; this model knows no tasks, it answers in text");
        }
        if (!Answers.hasPlaces(pipe.processor(), request)) {
            throw new OptionException(
                    "--draw needs an answer with boxes; "
                            + pipe.processor().task(request.text().orElse("")) + " gives a text",
                    "use a task as <OD>, <DENSE_REGION_CAPTION>, <OCR_WITH_REGION> or <REFERRING_EXPRESSION_SEGMENTATION>");
        }
    }

    void write(Pipeline pipe, Request request, Answer answer, Console console) {
        boolean named = !answer.grounding().isEmpty();
        if (file.isPresent() && (named || !answer.parsed().isEmpty())) {
            if (named && answer.grounding().getFirst().isEmpty()) {
                console.note("the answer names no boxes or points; the picture is drawn without");
            }
            DecodedImage picture = pipe.pictures(request).getFirst();
            DecodedImage drawn = named
                    ? answer.grounding().getFirst().drawOn(picture)
                    : answer.parsed().getFirst().drawOn(picture);
            byte[] png = drawn.png();
            drawing("--draw", file.get(), overwrite, console)
                    .sparing(RunFiles.of(request))
                    .write(out -> out.write(png));
        }
    }
}
