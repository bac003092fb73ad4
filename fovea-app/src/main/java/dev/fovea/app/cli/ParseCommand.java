package dev.fovea.app.cli;

import dev.fovea.AutoProcessor;
import dev.fovea.Processor;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.io.DemoModels;
import dev.fovea.io.Json;
import dev.fovea.models.Parsed;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
            description = "Generated texts (default: stdin is one); ids count from 0.")
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
        try (Processor processor = AutoProcessor.fromPretrained(meant, Warnings.to(console::note))) {
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
        List<String> given = texts.isEmpty() ? List.of(stdin()) : texts;
        for (int i = 0; i < given.size(); i++) {
            print((long) i, parsed(processor, given.get(i), token, picture.width(), picture.height()));
        }
    }

    /** Without the line's end that tools put behind a text. */
    private String stdin() {
        String text = new String(console.readInput(), StandardCharsets.UTF_8);
        return text.replaceFirst("\\R$", "");
    }

    private void parseLines(Processor processor, String from) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(open(from), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    parseLine(processor, line);
                }
            }
        } catch (IOException e) {
            throw new InputException("cannot read " + from + ": " + e, "", e);
        }
    }

    private InputStream open(String from) throws IOException {
        if (from.equals("-")) {
            return new ByteArrayInputStream(console.readInput());
        }
        if (!Files.isRegularFile(Path.of(from))) {
            throw new InputException("there is no file " + from + " with texts");
        }
        return Files.newInputStream(Path.of(from));
    }

    /** One bad line does not stop the rest. */
    private void parseLine(Processor processor, String line) {
        try {
            Map<String, @Nullable Object> json = Json.object(Json.parse(line, "the line"), "the line");
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
            console.printLine(Json.write(BatchCommand.error(BatchFiles.id(line), e)));
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
