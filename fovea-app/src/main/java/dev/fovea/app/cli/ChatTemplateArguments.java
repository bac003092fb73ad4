package dev.fovea.app.cli;

import dev.fovea.files.InputFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a conversation becomes a prompt; the names are those of transformers' apply_chat_template. */
final class ChatTemplateArguments {
    @Option(
            names = "--chat-template",
            paramLabel = "NAME|FILE",
            description = "A chat template: its name among the model's, or a file; - is stdin.")
    Optional<String> chatTemplate = Optional.empty();

    @Option(
            names = "--tools",
            paramLabel = "FILE",
            description = "Functions that the model may call: a list of JSON schemas.")
    Optional<String> tools = Optional.empty();

    @Option(
            names = "--documents",
            paramLabel = "FILE",
            description = "Documents for the chat template: a list of titles and texts in JSON.")
    Optional<String> documents = Optional.empty();

    @Option(
            names = "--template",
            paramLabel = "KEY=VALUE",
            description = "A variable of the chat template, as enable_thinking=false; repeatable.")
    Map<String, String> variables = new LinkedHashMap<>();

    @Option(
            names = "--continue-final-message",
            negatable = true,
            description = "Go on with the last message (default: if it is the assistant's).")
    Optional<Boolean> continueFinalMessage = Optional.empty();

    @Option(
            names = "--sanitize-control-tokens",
            description = "Control tokens in messages, as <|im_end|>, are plain text.")
    boolean sanitizeControlTokens;

    /** The files that are named, by option. */
    Map<String, String> files() {
        Map<String, String> files = new LinkedHashMap<>();
        chatTemplate.filter(ChatTemplateArguments::isFile).ifPresent(file -> files.put("--chat-template", file));
        tools.ifPresent(file -> files.put("--tools", file));
        documents.ifPresent(file -> files.put("--documents", file));
        return files;
    }

    /** The keys of a request; reads the files. */
    Map<String, @Nullable Object> toMap(Console console) {
        return new Values()
                .put("chat_template", chatTemplate.map(t -> isFile(t) ? text(t, console) : t))
                .put("tools", tools.map(file -> InputOptions.parsed(file, console)))
                .put("documents", documents.map(file -> InputOptions.parsed(file, console)))
                .put("continue_final_message", continueFinalMessage)
                .put("sanitize_control_tokens", Optional.of(true).filter(_ -> sanitizeControlTokens))
                .toMap();
    }

    /** The variables of the template. */
    Map<String, @Nullable Object> variables() {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        variables.forEach((name, value) -> all.put(name, Values.parse(value)));
        return all;
    }

    private static boolean isFile(String nameOrFile) {
        return nameOrFile.equals(InputOptions.STDIN) || nameOrFile.endsWith(".jinja") || nameOrFile.contains("/");
    }

    private static String text(String file, Console console) {
        return file.equals(InputOptions.STDIN) ? console.readText() : InputFile.readText(Path.of(file));
    }
}
