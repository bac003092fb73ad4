package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.Content;
import dev.fovea.GenerateOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.files.OutputFile;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.io.Json;
import dev.fovea.media.VideoSource;
import dev.fovea.text.StreamingDetokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A conversation: what each line does. Where somebody sits at a terminal, what fails is said and the talk goes on; a script ends
 * at the first failure, since what follows builds on it.
 */
final class Chat {
    /** As transformers' image-text-to-text pipeline, where neither call nor directory gives a length. */
    private static final int DEFAULT_NEW_TOKENS = 256;

    /** A command is a slash and a word; a path has a second slash and is a message. */
    private static final Pattern COMMAND = Pattern.compile("(/[^/\\s]*)(?:\\s+(.*))?", Pattern.DOTALL);

    private final Pipeline pipe;
    private final Request settings;
    private final GenerationConfig generate;
    private final Map<String, Object> pictureOptions;
    private final Map<String, Object> clipOptions;
    private final Conversation conversation;
    private final Console console;
    private final OutputOptions output;
    private boolean over;
    private boolean interruptedBefore;

    /**
     * @param settings all but the messages hold for every turn; the messages are how the talk begins
     * @param pictureOptions of each picture that is added, in qwen-vl-utils' names
     * @param clipOptions of each clip
     * @throws OptionException for a model or options that make no conversation
     */
    Chat(
            Pipeline pipe,
            Request settings,
            Map<String, Object> pictureOptions,
            Map<String, Object> clipOptions,
            Console console,
            OutputOptions output) {
        if (!pipe.processor().hasChatTemplate()) {
            throw new OptionException(
                    "this model has no chat template, so it takes no conversation",
                    "ask single questions with fovea run");
        }
        GenerationConfig resolved = settings.generate().over(pipe.model().generationConfig());
        if (resolved.numReturnSequences() > 1) {
            throw new OptionException("num_return_sequences is " + resolved.numReturnSequences()
                    + "; a conversation goes on with one answer");
        }
        boolean limited = resolved.isGiven("max_new_tokens") || resolved.isGiven("max_length");
        generate = limited ? settings.generate() : settings.generate().withMaxNewTokens(DEFAULT_NEW_TOKENS);
        if (!output.quiet) {
            OptionWords.notes(settings.generate().warnings(resolved)).forEach(console::note);
        }
        conversation = new Conversation(settings.messages());
        this.pipe = pipe;
        this.settings = settings;
        this.pictureOptions = pictureOptions;
        this.clipOptions = clipOptions;
        this.console = console;
        this.output = output;
    }

    /** What the model is told first; an empty text is nothing. */
    void tell(String text) {
        conversation.tell(text);
    }

    /**
     * Adds a picture to the next message.
     *
     * @param named a path or address
     * @throws InputException where there is none
     */
    void show(String named) {
        String source = InputOptions.absolute(Completion.path(named));
        conversation.show(Content.image(source).with(pictureOptions));
    }

    /**
     * Adds a clip to the next message.
     *
     * @param named a folder of frames
     * @throws InputException where there is none
     */
    void play(String named) {
        VideoSource source = VideoSource.parse(InputOptions.absolute(Completion.path(named)), Path.of(""));
        conversation.show(Content.video(source).with(clipOptions));
    }

    /** Talks until there is nothing more to say. */
    void run(Prompter prompter) {
        if (conversation.question().isPresent()) {
            attempt(() -> answer(prompter));
        }
        while (!over) {
            switch (prompter.read(prompt())) {
                case Typed.End _ -> over = true;
                case Typed.Interrupt(String discarded) -> interrupted(discarded.isEmpty());
                case Typed.Entry entry -> attempt(() -> take(entry, prompter));
            }
        }
    }

    private String prompt() {
        List<Content> shown = conversation.shown();
        long clips = shown.stream().filter(Content.Video.class::isInstance).count();
        return counted(shown.size() - clips, "picture") + counted(clips, "clip") + "> ";
    }

    private static String counted(long count, String what) {
        return count == 0 ? "" : count + " " + what + (count == 1 ? " " : "s ");
    }

    private void interrupted(boolean nothingToClear) {
        if (nothingToClear && interruptedBefore) {
            hint("/exit or Ctrl-D leaves");
        }
        interruptedBefore = nothingToClear;
    }

    private void attempt(Runnable action) {
        interruptedBefore = false;
        try {
            action.run();
        } catch (FoveaException e) {
            if (!console.inputIsTerminal()) {
                throw e;
            }
            console.note(ExitStatus.line(e, OptionWords.ofRequests()) + wayOut());
        }
    }

    /** What somebody can do whose message got no answer. */
    private String wayOut() {
        return conversation.question().isEmpty()
                ? ""
                : "; /retry sends the message again" + (conversation.isEmpty() ? "" : ", /reset forgets what was said");
    }

    private void take(Typed.Entry entry, Prompter prompter) {
        String text = entry.text();
        Matcher command = COMMAND.matcher(text);
        if (!entry.isVerbatim() && command.matches()) {
            String argument = Objects.requireNonNullElse(command.group(2), "");
            obey(SlashCommand.of(command.group(1)), argument.strip(), prompter);
        } else if (!text.isBlank()) {
            conversation.ask(text);
            answer(prompter);
        }
    }

    private void obey(SlashCommand command, String argument, Prompter prompter) {
        switch (command) {
            case IMAGE -> addAll(Words.values(argument), this::show);
            case VIDEO -> addAll(Words.values(argument), this::play);
            case SYSTEM -> tell(argument);
            case RETRY -> retry(prompter);
            case RESET -> conversation.reset();
            case SAVE -> save(Words.values(argument));
            case HELP -> console.tell(SlashCommand.help());
            case EXIT -> over = true;
        }
    }

    private void addAll(List<String> named, Consumer<String> add) {
        if (named.isEmpty()) {
            conversation.dropShown();
        }
        named.forEach(add);
    }

    private void retry(Prompter prompter) {
        conversation.askAgain();
        if (conversation.question().isEmpty()) {
            throw new OptionException("/retry asks the last message again; there is none");
        }
        answer(prompter);
    }

    private void save(List<String> named) {
        if (named.size() != 1) {
            throw new OptionException("/save writes one file; " + named.size() + " are named");
        }
        Path file = Path.of(Completion.path(named.getFirst()));
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(Quote.of(file) + " exists; expected a new file");
        }
        byte[] json = (Json.write(conversation.toJson()) + "\n").getBytes(StandardCharsets.UTF_8);
        OutputFile.of(file)
                .replacingOnly("a new file", _ -> false, "give another file")
                .write(out -> out.write(json));
        hint("written to " + file);
    }

    private void answer(Prompter prompter) {
        AtomicBoolean stopped = new AtomicBoolean();
        prompter.interruptibly(() -> answer(stopped::get), () -> stopped.set(true));
    }

    private void answer(BooleanSupplier stopped) {
        Answer answer = generate(stopped);
        if (answer.usage().completionTokens() == 0) {
            hint("stopped before the first word; /retry asks again");
        } else {
            conversation.answer(answer.text());
            hint(figures(answer));
        }
    }

    private Answer generate(BooleanSupplier stopped) {
        StreamingDetokenizer text = pipe.processor().tokenizer().stream(true);
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            boolean looks = conversation.question().stream()
                    .anyMatch(q -> !q.images().isEmpty() || !q.videos().isEmpty());
            status.show(looks ? "Looking" : "Reading");
            GenerateOptions options = GenerateOptions.DEFAULT.withCancelled(stopped);
            Listener listener = new Listener() {
                @Override
                public void token(int index, int token) {
                    status.clear();
                    console.print(text.add(token));
                }
            };
            Answer answer = pipe.answer(request(), output.json() ? options : options.withListener(listener));
            status.clear();
            console.printLine(output.json() ? Json.write(answer.toMap()) : text.flush());
            return answer;
        }
    }

    private Request request() {
        return settings.withMessages(conversation.prompt())
                .withImages()
                .withVideos(List.of())
                .withGenerate(generate);
    }

    /** How much and how fast: {@code 12 tokens · 3.1 tokens/s · first token 0.4 s}. */
    static String figures(Answer answer) {
        int tokens = answer.usage().completionTokens();
        Answer.Timings t = answer.timings();
        String rate = tokens < 2 ? "" : String.format(Locale.ROOT, " · %.1f tokens/s", (tokens - 1) / t.decode() * 1e3);
        double first = (t.preprocess() + t.vision() + t.prefill()) / 1e3;
        String end = switch (answer.sequences().getFirst().finishReason()) {
            case LENGTH -> " · cut off; --max-new-tokens allows more";
            case CANCELLED, DEADLINE -> " · stopped";
            case STOP -> "";
        };
        return tokens
                + (tokens == 1 ? " token" : " tokens")
                + rate
                + String.format(Locale.ROOT, " · first token %.1f s", first)
                + end;
    }

    private void hint(String line) {
        if (!output.quiet) {
            console.tell(line);
        }
    }
}
