package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
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
            description = "A chat template: its name among the model's, or a file.")
    Optional<String> chatTemplate = Optional.empty();

    @Option(
            names = "--tools",
            paramLabel = "FILE",
            description = "Functions that the model may call: a list of JSON schemas.")
    Optional<Path> tools = Optional.empty();

    @Option(
            names = "--documents",
            paramLabel = "FILE",
            description = "Documents for the chat template: a list of titles and texts in JSON.")
    Optional<Path> documents = Optional.empty();

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

    /** The keys of a request. */
    Map<String, @Nullable Object> toMap() {
        return new Values()
                .put("chat_template", chatTemplate.map(ChatTemplateArguments::template))
                .put("tools", tools.map(Json::parse))
                .put("documents", documents.map(Json::parse))
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

    private static String template(String nameOrFile) {
        boolean file = nameOrFile.endsWith(".jinja") || nameOrFile.contains("/");
        if (!file) {
            return nameOrFile;
        }
        try {
            return Files.readString(Path.of(nameOrFile));
        } catch (IOException e) {
            throw new InputException("cannot read the chat template " + Quote.of(nameOrFile), "", e);
        }
    }
}
