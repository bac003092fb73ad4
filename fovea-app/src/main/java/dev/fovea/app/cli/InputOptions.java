package dev.fovea.app.cli;

import dev.fovea.Processor;
import dev.fovea.Request;
import dev.fovea.error.Closest;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.io.DemoModels;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is asked, and whom: prompt, pictures and clips, or a file that holds them. */
final class InputOptions {
    static final String STDIN = "-";

    private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*", Pattern.DOTALL);

    /** The task of Florence-2 that says most about a picture. */
    private static final String DESCRIPTION = "<MORE_DETAILED_CAPTION>";

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PROMPT",
            description = "What to ask, or - for stdin; without it, a picture is described.")
    Optional<String> prompt = Optional.empty();

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description =
                    "A picture: path, file:, http: or https: URL, data: URI, or - for stdin; several may follow, repeatable.")
    List<String> images = List.of();

    @Option(
            names = "--video",
            paramLabel = "FILE",
            description =
                    "A clip: a video file, by path or URL, or a folder of pictures, one for each frame, in the order of their names; repeatable.")
    List<String> videos = List.of();

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before the prompt.")
    Optional<String> system = Optional.empty();

    @Option(
            names = "--messages",
            paramLabel = "FILE",
            description = "A conversation in transformers' JSON form; - is stdin.")
    Optional<String> messages = Optional.empty();

    @Option(
            names = "--text",
            arity = "0..1",
            fallbackValue = "",
            paramLabel = "PROMPT",
            description = "The prompt is raw: no chat template.")
    Optional<String> text = Optional.empty();

    @Option(names = "--task", paramLabel = "TASK", description = "A task of the model, as OCR or CAPTION.")
    Optional<String> task = Optional.empty();

    @Option(
            names = "--request",
            paramLabel = "FILE",
            description = "A request in JSON, as a line of batch's input; - is stdin.")
    Optional<String> request = Optional.empty();

    @Mixin
    ItemOptions items = new ItemOptions();

    private Optional<String> directory = Optional.empty();

    @Mixin
    RequestOptions options = new RequestOptions();

    /** The model; of the demo models the one that knows tasks, where a task is asked for. */
    String model() {
        return directory.orElseGet(() -> withTask(model, task));
    }

    /** Finds the model, and fetches what is missing of it; {@link #model} is a directory then. */
    void pull(Console console, boolean quiet) {
        directory = Optional.of(Pulling.directory(model(), console, quiet));
    }

    static String withTask(String model, Optional<String> task) {
        return model.equals(DemoModels.DEMO) && task.isPresent() ? DemoModels.FINDER : model;
    }

    /**
     * Finds what is wrong before a model is loaded, and asks for a prompt where somebody is there to give it.
     *
     * @throws OptionException for options that do not go together, or where nothing is asked
     */
    void check(Console console) {
        boolean own = prompt.isPresent() || system.isPresent() || text.isPresent() || task.isPresent();
        if (request.isPresent() && (own || messages.isPresent() || !images.isEmpty() || !videos.isEmpty())) {
            throw new OptionException(
                    "--request holds the whole input; PROMPT, --image, --video, --system, --messages, --text"
                            + " and --task cannot go with it");
        }
        if (messages.isPresent() && own) {
            throw new OptionException(
                    "--messages holds the whole conversation; PROMPT, --system, --text and --task cannot go"
                            + " with it");
        }
        boolean sizes = !items.ofPicture().isEmpty();
        boolean ofClips = items.ofClip().size() > items.ofPicture().size();
        if ((sizes || ofClips)
                && (request.isPresent() || messages.isPresent() || text.isPresent() || task.isPresent())) {
            throw new OptionException(
                    "--resized-height, --resized-width, --sample-fps, --fps, --nframes and --video-reader go with a prompt"
                            + " and --image or --video; in a file they stand in the items of the messages");
        }
        if (videos.isEmpty() && ofClips) {
            throw new OptionException(
                    "--sample-fps, --fps, --nframes and --video-reader go with --video; no clip is given");
        }
        if (images.isEmpty() && videos.isEmpty() && sizes) {
            throw new OptionException("--resized-height and --resized-width go with --image; no picture is given");
        }
        checkStdin();
        options.read(console);
        prompt = prompt.map(p -> p.equals(STDIN) ? typed(console) : p);
        text = text.map(t -> t.equals(STDIN) ? typed(console) : t);
        boolean nothing = !own && request.isEmpty() && messages.isEmpty() && images.isEmpty() && videos.isEmpty();
        if (nothing && console.inputIsTerminal()) {
            prompt = Optional.of(console.ask("Prompt: "));
        } else if (nothing) {
            throw new OptionException(
                    "no PROMPT is given",
                    "write it behind the model: fovea run MODEL \"What is in the picture?\" --image FILE");
        }
    }

    /** What is read there is gone. */
    private void checkStdin() {
        List<String> named = Stream.of(
                        prompt.stream().map(p -> p.equals(STDIN) ? "PROMPT" : ""),
                        text.stream().map(t -> t.equals(STDIN) ? "--text" : ""),
                        images.stream().map(i -> i.equals(STDIN) ? "--image" : ""),
                        messages.stream().map(m -> m.equals(STDIN) ? "--messages" : ""),
                        request.stream().map(r -> r.equals(STDIN) ? "--request" : ""),
                        options.ofStdin())
                .flatMap(s -> s)
                .filter(s -> !s.isEmpty())
                .toList();
        requireOne(named);
    }

    /** @throws OptionException where several options want stdin */
    static void requireOne(List<String> ofStdin) {
        if (ofStdin.size() > 1) {
            throw new OptionException(String.join(" and ", ofStdin)
                    + " are stdin, which can be read once; expected a file for one of them");
        }
    }

    /** Without the line's end that tools put behind a text. */
    static String typed(Console console) {
        return console.readText().replaceFirst("\\R$", "");
    }

    /** What is read, as far as the options name it: no output may be one of these files. */
    List<Path> files() {
        Stream<Path> named = Stream.of(
                        messages.stream(),
                        request.stream(),
                        images.stream().filter(i -> !URL.matcher(i).matches()))
                .flatMap(s -> s)
                .map(Path::of);
        return Stream.of(RunFiles.ofModel(model()).stream(), options.files().stream(), named)
                .flatMap(s -> s)
                .toList();
    }

    /** Whether there is something to look at. */
    boolean hasPictures() {
        return !images.isEmpty() || !videos.isEmpty() || request.isPresent() || messages.isPresent();
    }

    /** The request that the options describe, for a model. */
    Request request(Processor processor, Console console, StatusLine status) {
        if (request.isPresent()) {
            return fromFile(request.get(), console);
        }
        describe(processor).ifPresent(asked -> status.note("no PROMPT is given; asked is: " + asked));
        return Request.parse(
                options.over(json(processor, console)),
                messages.map(InputOptions::directory).orElse(Path.of("")));
    }

    /** The request that the options for prompt and pictures describe, without those that a request can carry itself. */
    Map<String, @Nullable Object> json(Processor processor, Console console) {
        describe(processor);
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("images", images.stream().map(s -> source(s, console)).toList());
        json.put("videos", videos.stream().map(s -> source(s, console)).toList());
        if (messages.isPresent()) {
            json.put("messages", parsed(messages.get(), console));
        } else if (text.isPresent() || task.isPresent() || !processor.hasChatTemplate()) {
            rawPrompt(processor).ifPresent(raw -> json.put("text", raw));
        } else {
            json.put("messages", conversation());
        }
        return json;
    }

    /** Who shows a picture and asks nothing wants to know what is in it. A model without either kind of prompt captions by itself. */
    private Optional<String> describe(Processor processor) {
        boolean shown = !images.isEmpty() || !videos.isEmpty();
        if (!shown || messages.isPresent() || prompt.isPresent() || text.isPresent() || task.isPresent()) {
            return Optional.empty();
        }
        if (processor.hasChatTemplate()) {
            prompt = Optional.of(
                    videos.isEmpty()
                            ? images.size() == 1 ? "Describe this image." : "Describe these images."
                            : images.isEmpty() && videos.size() == 1
                                    ? "Describe this video."
                                    : "Describe all of this.");
        } else if (processor.tasks().contains(DESCRIPTION)) {
            task = Optional.of(DESCRIPTION);
        }
        return prompt.or(() -> task);
    }

    /** The JSON of a file or of stdin. */
    static @Nullable Object parsed(String named, Console console) {
        return named.equals(STDIN) ? Json.parse(console.readText(), "stdin") : Json.parse(Path.of(named));
    }

    /** Where relative paths in a file start from; those in stdin where the program runs. */
    static Path directory(String named) {
        return named.equals(STDIN) ? Path.of("") : Path.of(named).resolveSibling("");
    }

    private Request fromFile(String file, Console console) {
        try {
            return Request.parse(options.over(Json.object(parsed(file, console), file)), directory(file));
        } catch (OptionException e) {
            throw new InputException(Quote.of(file) + ": " + e.problem(), e.hint(), e);
        }
    }

    private Optional<String> rawPrompt(Processor processor) {
        if (system.isPresent()) {
            throw new OptionException(
                    "--system needs a chat template; a raw prompt has none", "write it into the prompt");
        }
        Optional<String> plain = text.filter(t -> !t.isEmpty()).or(() -> prompt);
        return task.isEmpty() ? plain : Optional.of(known(task.get(), processor.tasks()) + plain.orElse(""));
    }

    /** The task as the model spells it; one in brackets that is none of its own, as fine-tuned models have them, as it stands. */
    static String known(String task, List<String> tasks) {
        String wanted = bare(task);
        boolean mayBeOwn = !tasks.isEmpty() && task.matches("<\\w+>");
        return tasks.stream()
                .filter(t -> bare(t).equals(wanted))
                .findFirst()
                .or(() -> Optional.of(task).filter(_ -> mayBeOwn))
                .orElseThrow(() -> unknown(task, tasks));
    }

    private static OptionException unknown(String task, List<String> tasks) {
        String found = "--task is " + Quote.of(task) + "; this model knows ";
        return tasks.isEmpty()
                ? new OptionException(found + "no tasks")
                : new OptionException(
                        found + String.join(", ", tasks),
                        (Closest.question(
                                                bare(task),
                                                tasks.stream()
                                                        .map(InputOptions::bare)
                                                        .toList())
                                        + " a task of a fine-tuned model's own is given in brackets: \"<MY_TASK>\"")
                                .strip());
    }

    private static String bare(String task) {
        return task.replaceAll("[<>]", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    private List<Object> conversation() {
        List<Object> turns = new ArrayList<>();
        system.ifPresent(s -> turns.add(Map.of("role", "system", "content", List.of(textItem(s)))));
        List<Object> content = new ArrayList<>();
        images.forEach(_ -> content.add(item("image", items.ofPicture())));
        videos.forEach(_ -> content.add(item("video", items.ofClip())));
        prompt.ifPresent(p -> content.add(textItem(p)));
        turns.add(Map.of("role", "user", "content", content));
        return turns;
    }

    private static Map<String, Object> item(String type, Map<String, Object> keys) {
        Map<String, Object> item = new LinkedHashMap<>(keys);
        item.put("type", type);
        return item;
    }

    private static Map<String, Object> textItem(String text) {
        return Map.of("type", "text", "text", text);
    }

    /** What the user named, in a form that does not depend on where a request's relative paths start. */
    static String source(String named, Console console) {
        if (named.equals(STDIN)) {
            return "data:;base64," + Base64.getEncoder().encodeToString(console.readInput());
        }
        return absolute(named);
    }

    /** A path from the root; an address as it is. */
    static String absolute(String named) {
        return URL.matcher(named).matches()
                ? named
                : Path.of(named).toAbsolutePath().toString();
    }
}
