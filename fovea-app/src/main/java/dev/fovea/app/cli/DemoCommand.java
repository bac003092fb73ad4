package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.Content;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import dev.fovea.files.UserFolders;
import dev.fovea.io.DemoModels;
import dev.fovea.media.ImageSource;
import dev.fovea.models.Parsed;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The main job, on what comes with the program. */
@Command(
        name = "demo",
        description = {
            "Shows what Fovea does, offline and in seconds.",
            "Two small trained models answer questions about two pictures and find things in them. They know scenes of coloured shapes and printed words, nothing else."
        },
        sortOptions = false,
        footer = {"", "Example:", "  fovea demo --output boxes.png"})
final class DemoCommand implements Callable<Integer> {
    private static final List<String> QUESTIONS = List.of(
            "Describe this image.", "How many objects are there?", "What does it say?", "What is in the center?");
    private static final String COMPARISON = "Compare the two images.";

    @Option(
            names = "--output",
            paramLabel = "FILE.png",
            description = "Where the picture with boxes goes (default: ${DEFAULT-VALUE}).")
    String output = "fovea-demo.png";

    @Mixin
    OverwriteOption overwrite = new OverwriteOption();

    private final Console console;

    DemoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<Path> pictures = DemoModels.pictures();
        Target drawing = drawing().sparing(pictures);
        drawing.check();
        Path first = pictures.getFirst();
        console.printLine(
                "Two small trained models come with Fovea. They know pictures of coloured shapes and printed words, and"
                        + " nothing else.");
        try (Pipeline chat = Pipeline.imageTextToText("demo")) {
            console.printLine("\nMODEL demo, a Qwen2.5-VL, answers questions.");
            for (Path picture : pictures) {
                console.printLine("\n  " + shown(picture));
                QUESTIONS.forEach(question -> ask(chat, question, List.of(picture)));
            }
            console.printLine("\n  both pictures");
            ask(chat, COMPARISON, pictures);
        }
        try (Pipeline finder = Pipeline.imageTextToText("demo:finder")) {
            console.printLine(
                    "\nMODEL demo:finder, a Florence-2, says where things are, in pixels.\n\n  " + shown(first));
            find(finder, "<OCR_WITH_REGION>", first);
            Parsed found = find(finder, "<OD>", first);
            byte[] png = found.drawOn(ImageSource.of(first).load()).png();
            drawing.write(out -> out.write(png));
        }
        console.printLine("\nThe boxes are drawn in " + output + ".\n\n" + more(first));
        return ExitStatus.DONE;
    }

    private Target drawing() {
        if (Target.isStdout(output)) {
            throw new OptionException("--output is stdout, which gets the answers; expected a .png file");
        }
        return DrawOption.drawing("--output", output, overwrite, console);
    }

    private void ask(Pipeline chat, String question, List<Path> pictures) {
        console.print("  > " + question + "\n    ");
        Content[] content = Stream.concat(pictures.stream().map(Content::image), Stream.of(Content.text(question)))
                .toArray(Content[]::new);
        chat.answer(Request.of(List.of(Message.user(content))), console::print);
        console.printLine("");
    }

    private Parsed find(Pipeline finder, String task, Path picture) {
        Answer answer = finder.answer(Request.of(task, ImageSource.of(picture)));
        console.printLine(
                "  > " + task + "\n" + Answers.readable(answer).indent(4).stripTrailing());
        return answer.parsed().getFirst();
    }

    /** How to go on. The picture is one that the models know. */
    private static String more(Path picture) {
        return """
                Ask more:
                  %1$s chat demo --image %2$s
                  %1$s run demo --task OD --image %2$s --draw boxes.png
                A real model, which is fetched at its first use:
                  %1$s run Qwen/Qwen2.5-VL-3B-Instruct "What is in the picture?" --image photo.jpg""".formatted(System.getProperty("fovea.command", "fovea"), shown(picture));
    }

    /** As a shell takes it, and as short as that. */
    private static String shown(Path file) {
        return UserFolders.home()
                .filter(file::startsWith)
                .map(home -> "~/" + Words.escaped(home.relativize(file).toString()))
                .orElseGet(() -> Words.escaped(file.toString()));
    }
}
