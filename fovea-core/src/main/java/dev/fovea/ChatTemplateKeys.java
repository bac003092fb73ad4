package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.text.ChatTemplateOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The options of a chat template in JSON. */
final class ChatTemplateKeys {
    private ChatTemplateKeys() {}

    /**
     * From a request in JSON: the keys chat_template, tools, documents, add_generation_prompt, continue_final_message (true, false
     * or the name of a field), sanitize_control_tokens and chat_template_kwargs.
     *
     * @throws InputException for a value of a wrong type
     */
    static ChatTemplateOptions of(Config request) {
        ChatTemplateOptions options = new ChatTemplateOptions(
                request.optionalString("chat_template"),
                maps(request, "tools"),
                maps(request, "documents"),
                flag(request, "add_generation_prompt"),
                Optional.empty(),
                "content",
                flag(request, "sanitize_control_tokens").orElse(false),
                request.value("chat_template_kwargs")
                        .map(v -> Json.object(v, "the request's chat_template_kwargs"))
                        .orElse(Map.of()));
        return switch (request.value("continue_final_message").orElse(null)) {
            case null -> options;
            case Boolean goOn -> options.withContinueFinalMessage(goOn);
            case String field -> options.withContinueFinalMessage(field);
            case Object other ->
                throw new InputException("the request's continue_final_message is " + Quote.of(other)
                        + "; expected true, false or the name of a field");
        };
    }

    private static Optional<Boolean> flag(Config request, String key) {
        return request.has(key) ? Optional.of(request.flag(key)) : Optional.empty();
    }

    private static Optional<List<Map<String, @Nullable Object>>> maps(Config request, String key) {
        return request.value(key).map(v -> {
            List<Map<String, @Nullable Object>> maps = new ArrayList<>();
            for (Object item : Json.array(v, "the request's " + key)) {
                maps.add(Json.object(item, "an item of the request's " + key));
            }
            return maps;
        });
    }
}
