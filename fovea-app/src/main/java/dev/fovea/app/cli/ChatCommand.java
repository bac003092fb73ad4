package dev.fovea.app.cli;

import dev.fovea.BatchOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.OptionException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A conversation. */
@Command(
        name = "chat",
        description = "A conversation about pictures. /help lists what can be said beside messages.",
        sortOptions = false,
        abbreviateSynopsis = true,
        footer = {
            "",
            "Examples:",
            "  fovea chat Qwen/Qwen2.5-VL-3B-Instruct --image photo.jpg",
            "  fovea chat ./model --system \"Answer in one sentence.\" --max-new-tokens 500",
            "  fovea chat ./model --messages talk.json",
            "  fovea chat ./model --quiet < questions.txt"
        })
final class ChatCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = {
                "A picture for the first message: path, file:, http: or https: URL, data: URI; repeatable.",
                "With --messages, it fills an image item that names none."
            })
    List<String> images = List.of();

    @Option(
            names = "--video",
            paramLabel = "FILE",
            description =
                    "A clip for the first message: a video file or a folder of frames; repeatable. With --messages as"
                            + " --image.")
    List<String> videos = List.of();

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told first.")
    Optional<String> system = Optional.empty();

    @Option(
            names = "--messages",
            paramLabel = "FILE",
            description = "A conversation in transformers' JSON form, which goes on.")
    Optional<String> messages = Optional.empty();

    @Mixin
    ItemOptions items = new ItemOptions();

    @Mixin
    RequestOptions options = new RequestOptions();

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    ChatCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        check();
        try (Pipeline pipe = open()) {
            Chat chat = new Chat(pipe, settings(), items.ofPicture(), items.ofClip(), console, output);
            system.ifPresent(chat::tell);
            if (messages.isEmpty()) {
                images.forEach(chat::show);
                videos.forEach(chat::play);
            }
            try (Prompter prompter = prompter()) {
                chat.run(prompter);
            }
        }
        return ExitStatus.DONE;
    }

    private void check() {
        if (messages.isPresent() && system.isPresent()) {
            throw new OptionException("--messages holds what was said so far; --system cannot go with it");
        }
        if (options.template.continueFinalMessage.orElse(false)) {
            throw new OptionException(
                    "--continue-final-message goes on with the assistant's last message; in a chat the last one is"
                            + " yours",
                    "fovea run --messages FILE --continue-final-message goes on with a conversation");
        }
        Stream<String> ofStdin = Stream.of(
                        images.stream().map(i -> i.equals(InputOptions.STDIN) ? "--image" : ""),
                        messages.stream().map(m -> m.equals(InputOptions.STDIN) ? "--messages" : ""),
                        options.ofStdin())
                .flatMap(s -> s);
        ofStdin.filter(option -> !option.isEmpty()).findFirst().ifPresent(option -> {
            throw new OptionException(option + " is -, which is stdin; a chat reads messages there");
        });
        options.read(console);
    }

    private Pipeline open() {
        engine.check();
        String directory = Pulling.directory(model, console, output.quiet);
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show("Loading " + model);
            // A batch of one: it keeps keys and values of a turn for the next.
            return Pipeline.of("image-text-to-text", directory, engine.loadOptions(status))
                    .batched(BatchOptions.DEFAULT.withRows(1).withCacheBytes(Long.MAX_VALUE));
        }
    }

    private Request settings() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        messages.ifPresent(file -> {
            json.put("messages", InputOptions.parsed(file, console));
            json.put("images", images.stream().map(InputOptions::absolute).toList());
            json.put("videos", videos.stream().map(InputOptions::absolute).toList());
        });
        return Request.parse(
                options.over(json), messages.map(InputOptions::directory).orElse(Path.of("")));
    }

    /** Lines are edited where both their ends are at a terminal that can do so. */
    private Prompter prompter() {
        if (console.inputIsTerminal() && !output.quiet) {
            console.tell("/help lists the commands, Ctrl-D leaves");
        }
        boolean edits = console.inputIsTerminal() && console.answersAreRead() && !"dumb".equals(System.getenv("TERM"));
        Optional<Prompter> editor = edits ? TerminalPrompter.open(HistoryFile.open()) : Optional.empty();
        return editor.orElseGet(() -> new PlainPrompter(console));
    }
}
