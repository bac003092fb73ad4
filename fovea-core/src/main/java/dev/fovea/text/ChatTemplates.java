package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import dev.fovea.io.Json;
import dev.fovea.text.jinja.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The chat templates of a directory, most often one. Thread-safe. */
public final class ChatTemplates {
    private static final String DEFAULT = "default";
    private static final String SUFFIX = ".jinja";

    private record Source(Path file, String text) {}

    private final Map<String, Source> named;
    private final boolean ofTokenizer;
    private final Map<String, Object> specialTokens;
    private final Map<String, ChatTemplate> parsed = new ConcurrentHashMap<>();

    private ChatTemplates(Path directory, Map<String, Source> named, boolean ofTokenizer) {
        this.named = named;
        this.ofTokenizer = ofTokenizer;
        this.specialTokens = TokenizerConfig.read(directory).templateVariables();
        if (named.containsKey(DEFAULT)) {
            parse(named.get(DEFAULT));
        }
    }

    /**
     * The templates that transformers' processor would use: chat_template of processor_config.json, chat_template.json, or
     * chat_template.jinja with those in additional_chat_templates/; where the processor has none, those of its tokenizer.
     *
     * @throws InputException where a file is broken or the default template is no Jinja; the message has file and line
     */
    public static Optional<ChatTemplates> find(Path directory) {
        Map<String, Source> found = new LinkedHashMap<>(key(directory.resolve("processor_config.json")));
        Map<String, Source> legacy = key(directory.resolve("chat_template.json"));
        Map<String, Source> more = additional(directory);
        if (!legacy.isEmpty() && !more.isEmpty()) {
            throw new InputException(
                    directory + " has chat_template.json and " + more.size()
                            + " templates in additional_chat_templates; the two forms do not go together",
                    "write the text of chat_template.json to chat_template.jinja and delete it");
        }
        if (found.isEmpty()) {
            found.putAll(legacy.isEmpty() ? files(directory, more) : legacy);
        }
        if (!found.containsKey(DEFAULT)) {
            key(directory.resolve("tokenizer_config.json")).forEach(found::putIfAbsent);
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(new ChatTemplates(directory, found, false));
    }

    /** Whether the default template has a text in it: what it teaches the model to write. */
    public boolean mentions(String text) {
        Source template = named.get(DEFAULT);
        return template != null && template.text.contains(text);
    }

    /**
     * The templates that transformers' tokenizer would use: chat_template.jinja with those in additional_chat_templates/, or
     * chat_template of tokenizer_config.json; where it has none, those of {@link #find}.
     */
    public static Optional<ChatTemplates> ofTokenizer(Path directory) {
        Map<String, Source> found = files(directory, additional(directory));
        if (found.isEmpty()) {
            found = key(directory.resolve("tokenizer_config.json"));
        }
        if (!found.isEmpty()) {
            return Optional.of(new ChatTemplates(directory, found, true));
        }
        return find(directory).map(t -> new ChatTemplates(directory, t.named, true));
    }

    /**
     * The template that the options name or are; else {@code tool_use} where a tokenizer has it and there are tools; else the
     * default one.
     *
     * @throws OptionException where there are several and none is the default, or what is given is neither a name nor a template
     * @throws InputException where the template is no Jinja
     */
    public ChatTemplate choose(ChatTemplateOptions options) {
        if (options.chatTemplate().isPresent()) {
            String given = options.chatTemplate().get();
            Source source = named.get(given);
            if (source == null && !given.contains("{{") && !given.contains("{%")) {
                throw new OptionException(
                        "this model has no chat template " + Quote.of(given) + "; it has " + Quote.of(names()),
                        "a template of your own has {{ }} or {% %}, or the prompt would not depend on the messages");
            }
            return source != null ? parse(source) : parse(given, "the given chat template");
        }
        boolean tools = ofTokenizer && options.tools().isPresent() && named.containsKey("tool_use");
        Source source = named.get(tools ? "tool_use" : DEFAULT);
        if (source == null) {
            throw new OptionException(
                    "this model has several chat templates and none is the default: " + Quote.of(names()),
                    "name one as chat_template");
        }
        return parse(source);
    }

    private String names() {
        return String.join(", ", named.keySet().stream().sorted().toList());
    }

    private ChatTemplate parse(Source source) {
        return parsed.computeIfAbsent(source.text(), text -> parse(text, Quote.of(source.file())));
    }

    private ChatTemplate parse(String text, String what) {
        try {
            return new ChatTemplate(Template.parse(text), specialTokens);
        } catch (InputException e) {
            throw new InputException(what + ": " + e.problem(), e.hint(), e);
        }
    }

    private static Map<String, Source> files(Path directory, Map<String, Source> additional) {
        Map<String, Source> all = new LinkedHashMap<>(additional);
        Path file = directory.resolve("chat_template.jinja");
        if (Files.isRegularFile(file)) {
            all.put(DEFAULT, raw(file));
        }
        return all;
    }

    private static Map<String, Source> additional(Path directory) {
        Path folder = directory.resolve("additional_chat_templates");
        Map<String, Source> all = new LinkedHashMap<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(f -> f.getFileName().toString().endsWith(SUFFIX))
                        .sorted()
                        .forEach(f -> {
                            String name = f.getFileName().toString();
                            all.put(name.substring(0, name.length() - SUFFIX.length()), raw(f));
                        });
            } catch (IOException e) {
                throw InputException.cannot("list", folder, e);
            }
        }
        return all;
    }

    private static Source raw(Path file) {
        return new Source(file, InputFile.readText(file));
    }

    /** The key chat_template: a text, a list of named ones, or names with their texts. */
    private static Map<String, Source> key(Path file) {
        if (!Files.isRegularFile(file)) {
            return Map.of();
        }
        Map<String, Source> all = new LinkedHashMap<>();
        switch (Json.parseObject(file).get("chat_template")) {
            case String text -> all.put(DEFAULT, new Source(file, text));
            case List<?> several ->
                several.forEach(entry -> {
                    Map<String, @Nullable Object> map = Json.object(entry, file + ", an entry of chat_template");
                    if (!(map.get("name") instanceof String name) || !(map.get("template") instanceof String text)) {
                        throw new InputException(
                                Quote.of(file) + " has an entry of chat_template without name and template");
                    }
                    all.put(name, new Source(file, text));
                });
            case Map<?, ?> texts ->
                texts.forEach((name, text) -> {
                    if (text instanceof String template) {
                        all.put(String.valueOf(name), new Source(file, template));
                    }
                });
            case null, default -> {}
        }
        return all;
    }
}
