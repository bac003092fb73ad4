package dev.fovea.app.cli;

import dev.fovea.AutoProcessor;
import dev.fovea.Message;
import dev.fovea.Processor;
import dev.fovea.error.Warnings;
import dev.fovea.io.Json;
import dev.fovea.text.Tokenizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The tokens of a text. */
@Command(
        name = "tokenize",
        description = "Prints the token ids of a text, each with its piece.",
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  fovea tokenize ./model \"Hello, world\"",
            "  fovea tokenize ./model \"Hello\" --chat --format json",
            "  fovea tokenize ./model < text.txt"
        })
final class TokenizeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TEXT",
            description = "The text; - is stdin (default: stdin).")
    Optional<String> text = Optional.empty();

    @Option(names = "--chat", description = "The text is a user's turn: render the chat template first.")
    boolean chat;

    @Option(
            names = "--add-special-tokens",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "What the tokenizer puts around a text, as transformers does (default: yes).")
    boolean addSpecialTokens = true;

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    TokenizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        String given = text.filter(t -> !t.equals("-")).orElseGet(console::readText);
        String directory = Pulling.processorDirectory(model, console, output.quiet);
        try (Processor processor = AutoProcessor.fromPretrained(directory, Warnings.to(console::note))) {
            if (chat) {
                var row = processor
                        .applyChatTemplateAndTokenize(List.of(Message.user(given)))
                        .rows()
                        .getFirst();
                print(row.prompt(), row.inputIds(), processor.tokenizer());
            } else {
                print(given, processor.tokenizer().encode(given, addSpecialTokens), processor.tokenizer());
            }
        }
        return ExitStatus.DONE;
    }

    private void print(String tokenized, int[] ids, Tokenizer tokenizer) {
        List<String> pieces = Arrays.stream(ids).mapToObj(tokenizer::piece).toList();
        if (output.json()) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("text", tokenized);
            json.put("ids", ids);
            json.put("pieces", pieces);
            console.printLine(Json.write(json));
        } else {
            console.print(IntStream.range(0, ids.length)
                    .mapToObj(i -> ids[i] + "\t" + pieces.get(i) + "\n")
                    .collect(Collectors.joining()));
        }
    }
}
