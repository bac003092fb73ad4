package dev.fovea.app.cli;

import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.media.DecodedImage;
import dev.fovea.models.Parsed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The answer's boxes on the picture. */
final class DrawOption {
    @Option(
            names = "--draw",
            paramLabel = "FILE.png",
            description = "Write the picture with the answer's boxes, outlines and labels; for tasks that find things.")
    Optional<Path> file = Optional.empty();

    /** @throws OptionException where the file cannot be what the user wants */
    void check() {
        file.ifPresent(f -> check("--draw", f));
    }

    /** @throws OptionException where an option names no file that a picture can be written to */
    static void check(String option, Path file) {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new OptionException(option + " is " + file + "; expected the name of a .png file");
        }
        Path parent = file.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new OptionException(option + " is " + file + "; there is no directory " + parent);
        }
    }

    /** @throws OptionException where the request's answer has nothing to draw */
    void check(Pipeline pipe, Request request) {
        if (file.isEmpty()) {
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

    void write(Pipeline pipe, Request request, List<Parsed> parsed) {
        if (file.isEmpty() || parsed.isEmpty()) {
            return;
        }
        write(parsed.getFirst(), pipe.pictures(request).getFirst(), file.get());
    }

    static void write(Parsed parsed, DecodedImage picture, Path file) {
        try {
            Files.write(file, parsed.drawOn(picture).png());
        } catch (IOException e) {
            throw new InputException("cannot write " + file + ": " + e, "", e);
        }
    }
}
