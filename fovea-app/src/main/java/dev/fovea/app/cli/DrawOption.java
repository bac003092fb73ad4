package dev.fovea.app.cli;

import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
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
        file.ifPresent(f -> {
            if (!f.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
                throw new OptionException("--draw is " + f + "; expected the name of a .png file");
            }
            Path parent = f.toAbsolutePath().getParent();
            if (parent == null || !Files.isDirectory(parent)) {
                throw new OptionException("--draw is " + f + "; there is no directory " + parent);
            }
        });
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
        DecodedImage opened = pipe.pictures(request).getFirst();
        Picture drawn = parsed.getFirst().drawOn(opened.rgb());
        try {
            Files.write(file.get(), drawn.png());
        } catch (IOException e) {
            throw new InputException("cannot write " + file.get() + ": " + e, "", e);
        }
    }
}
