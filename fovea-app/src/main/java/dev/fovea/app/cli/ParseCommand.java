package dev.fovea.app.cli;

import dev.fovea.AutoProcessor;
import dev.fovea.Processor;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.io.DemoModels;
import dev.fovea.io.Json;
import dev.fovea.models.Parsed;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Post-processing alone. */
@Command(
        name = "parse",
        description = {
            "Reads boxes, polygons and labels from texts that a Florence-2 model generated, special tokens kept.",
            "Prints a JSON object a line, with id and parsed. Needs no weights."
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  fovea parse ./florence-2 --task OD --size 640x480 \"</s><s>car<loc_52><loc_334><loc_932><loc_774></s>\"",
            "  fovea parse ./florence-2 --input texts.jsonl",
            "A line of the input:",
            "  {\"id\": 1, \"text\": \"car<loc_52><loc_334><loc_932><loc_774>\", \"task\": \"<OD>\", \"size\": [640, 480]}"
        })
final class ParseCommand implements Callable<Integer> {
    private static final Set<String> KEYS = Set.of("id", "text", "task", "size");

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Parameters(
            index = "1..*",
            paramLabel = "TEXT",
            description = "Generated texts; - is stdin (default: stdin is one); ids count from 0.")
    List<String> texts = List.of();

    @Option(names = "--task", paramLabel = "TASK", description = "What the texts answer, as OD or <OD>.")
    Optional<String> task = Optional.empty();

    @Option(names = "--size", paramLabel = "WxH", description = "Width and height of the picture in pixels.")
    Optional<String> size = Optional.empty();

    @Option(
            names = "--input",
            paramLabel = "FILE",
            description = "Texts with task and size, a JSON object a line; - is stdin.")
    Optional<String> input = Optional.empty();

    private final Console console;
    private int failed;

    ParseCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (input.isPresent() && (!texts.isEmpty() || task.isPresent() || size.isPresent())) {
            throw new OptionException("--input holds text, task and size; TEXT, --task and --size cannot go with it");
        }
        String meant = model.equals(DemoModels.DEMO) ? DemoModels.FINDER : model;
        String directory = Pulling.processorDirectory(meant, console, false);
        try (Processor processor = AutoProcessor.fromPretrained(directory, Warnings.to(console::note))) {
            if (processor.tasks().isEmpty()) {
                throw new OptionException("parse needs a model with tasks, as Florence-2; " + model + " knows none");
            }
            if (input.isPresent()) {
                parseLines(processor, input.get());
            } else {
                parseTexts(processor);
            }
        }
        return failed == 0 ? ExitStatus.DONE : ExitStatus.INPUT;
    }

    private void parseTexts(Processor processor) {
        String token = InputOptions.known(
                task.orElseThrow(() -> new OptionException("parse needs --task, or --input")), processor.tasks());
        Size picture =
                Size.parse("--size", size.orElseThrow(() -> new OptionException("parse needs --size, or --input")));
        if (texts.stream().filter(InputOptions.STDIN::equals).count() > 1) {
            throw new OptionException("TEXT is stdin more than once, which can be read once");
        }
        List<String> given = texts.isEmpty() ? List.of(InputOptions.STDIN) : texts;
        for (int i = 0; i < given.size(); i++) {
            String text = given.get(i).equals(InputOptions.STDIN) ? InputOptions.typed(console) : given.get(i);
            print((long) i, parsed(processor, text, token, picture.width(), picture.height()));
        }
    }

    private void parseLines(Processor processor, String from) {
        try (JsonLines lines = JsonLines.open(from, console)) {
            for (Optional<JsonLines.Line> line = lines.next(); line.isPresent(); line = lines.next()) {
                parseLine(processor, line.get());
            }
        }
    }

    /** One bad line does not stop the rest. */
    private void parseLine(Processor processor, JsonLines.Line line) {
        Map<String, @Nullable Object> json = Map.of();
        try {
            json = line.object();
            Set<String> unknown = new TreeSet<>(json.keySet());
            unknown.removeAll(KEYS);
            if (!unknown.isEmpty()) {
                throw new InputException(
                        "the line has the unknown key " + String.join(", ", unknown) + "; known: id, text, task, size");
            }
            List<@Nullable Object> side = Json.array(json.get("size"), "size");
            if (side.size() != 2) {
                throw new InputException("size has " + side.size() + " numbers; expected width and height");
            }
            print(
                    json.get("id"),
                    parsed(
                            processor,
                            text(json, "text"),
                            text(json, "task"),
                            pixels(side.get(0)),
                            pixels(side.get(1))));
        } catch (RuntimeException e) {
            failed++;
            Map<String, @Nullable Object> failure = new LinkedHashMap<>();
            failure.put("id", json.get("id"));
            failure.put("error", JsonLines.error(line.where(), e));
            console.printLine(Json.write(failure));
        }
    }

    private static String text(Map<String, @Nullable Object> json, String key) {
        if (json.get(key) instanceof String s) {
            return s;
        }
        throw new InputException(key + " is " + Json.typeName(json.get(key)) + "; expected a string");
    }

    private static int pixels(@Nullable Object value) {
        if (value instanceof Long n && n >= 1 && n <= Integer.MAX_VALUE) {
            return n.intValue();
        }
        throw new InputException(
                "size holds " + Json.typeName(value) + "; expected whole numbers of pixels, at least 1");
    }

    private static Parsed parsed(Processor processor, String text, String task, int width, int height) {
        return processor.postProcessGeneration(text, task, width, height).orElseThrow();
    }

    private void print(@Nullable Object id, Parsed parsed) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("id", id);
        line.put("parsed", parsed.toMap());
        console.printLine(Json.write(line));
    }
}
