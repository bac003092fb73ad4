package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.files.InputFile;
import dev.fovea.io.Json;
import dev.fovea.text.jinja.Template;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The chat template of a checkpoint: turns messages into the text that the model was trained on.
 *
 * <pre>{@code
 * ChatTemplate template = ChatTemplate.find(directory).orElseThrow();
 * String prompt = template.render(List.of(Map.of("role", "user", "content", "Hello")), true, Map.of());
 * }</pre>
 *
 * <p>Immutable and thread-safe. What stands in a message is never run.
 */
public final class ChatTemplate {
    private static final String DEFAULT = "default";

    private final Template template;
    private final Map<String, Object> specialTokens;

    private ChatTemplate(Template template, Map<String, Object> specialTokens) {
        this.template = template;
        this.specialTokens = specialTokens;
    }

    /**
     * The template that transformers' processor or, where it has none, tokenizer would use: chat_template of
     * processor_config.json, chat_template.json, chat_template.jinja, chat_template of tokenizer_config.json.
     *
     * @throws InputException where a file is broken or its template is no Jinja; the message has file and line
     */
    public static Optional<ChatTemplate> find(Path directory) {
        return find(directory, DEFAULT);
    }

    /** As {@link #find(Path)}, for the checkpoints that have several: {@code tool_use} for one. */
    public static Optional<ChatTemplate> find(Path directory, String name) {
        return source(directory, name).map(source -> {
            try {
                return new ChatTemplate(
                        Template.parse(source.text()),
                        TokenizerConfig.read(directory).templateVariables());
            } catch (InputException e) {
                throw new InputException(source.file() + ": " + e.getMessage(), e.hint(), e);
            }
        });
    }

    /**
     * The prompt for messages.
     *
     * @param messages maps with {@code role} and {@code content}, a text or a list of maps with {@code type}
     * @param addGenerationPrompt whether the prompt ends with the beginning of the model's answer
     * @param extra more variables of the template; they go before all others
     * @throws InputException where the template refuses the messages: its own words first
     */
    public String render(List<?> messages, boolean addGenerationPrompt, Map<String, ? extends @Nullable Object> extra) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(specialTokens);
        variables.put("messages", messages);
        variables.put("tools", null);
        variables.put("documents", null);
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.putAll(extra);
        return template.render(variables);
    }

    private record Source(Path file, String text) {}

    private static Optional<Source> source(Path directory, String name) {
        if (!name.equals(DEFAULT)) {
            Path file = directory.resolve("additional_chat_templates").resolve(name + ".jinja");
            return raw(file).or(() -> key(directory.resolve("tokenizer_config.json"), name));
        }
        // chat_template.json before chat_template.jinja is transformers' order (ProcessorMixin.get_processor_dict)
        return key(directory.resolve("processor_config.json"), name)
                .or(() -> key(directory.resolve("chat_template.json"), name))
                .or(() -> raw(directory.resolve("chat_template.jinja")))
                .or(() -> key(directory.resolve("tokenizer_config.json"), name));
    }

    private static Optional<Source> raw(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        return Optional.of(new Source(file, InputFile.readText(file)));
    }

    /** The key chat_template: a text, or a list of named ones. */
    private static Optional<Source> key(Path file, String name) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        return switch (Json.parseObject(file).get("chat_template")) {
            case String text when name.equals(DEFAULT) -> Optional.of(new Source(file, text));
            case List<?> several ->
                several.stream()
                        .map(entry -> Json.object(entry, file + ", an entry of chat_template"))
                        .filter(entry -> name.equals(entry.get("name")) && entry.get("template") instanceof String)
                        .map(entry -> new Source(file, String.valueOf(entry.get("template"))))
                        .findFirst();
            case null, default -> Optional.empty();
        };
    }
}
