package dev.fovea.text;

import dev.fovea.error.OptionException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of transformers' apply_chat_template.
 *
 * <pre>{@code ChatTemplateOptions.DEFAULT.withTools(tools).with("enable_thinking", false)}</pre>
 *
 * @param chatTemplate the name of one of the model's templates, or a template; the model's own where empty
 * @param tools JSON schemas of functions that the model may call
 * @param documents maps with {@code title} and {@code text}
 * @param addGenerationPrompt whether the assistant's turn is opened; where empty, it is unless the last message is continued
 * @param continueFinalMessage whether the prompt ends inside the last message, for the model to go on with it; where empty, a
 *     pipeline does so if that message is the assistant's, and apply_chat_template does not
 * @param continuedField the key of the last message that is continued: {@code content}, or {@code reasoning_content}
 * @param sanitizeControlTokens whether control tokens that stand in the messages, tools, documents and variables are encoded as
 *     the plain text that they are, so that no user writes {@code <|im_end|>}; for calls that encode the prompt
 * @param variables further variables of the template, as {@code enable_thinking} or {@code add_vision_id}
 */
public record ChatTemplateOptions(
        Optional<String> chatTemplate,
        Optional<List<Map<String, @Nullable Object>>> tools,
        Optional<List<Map<String, @Nullable Object>>> documents,
        Optional<Boolean> addGenerationPrompt,
        Optional<Boolean> continueFinalMessage,
        String continuedField,
        boolean sanitizeControlTokens,
        Map<String, @Nullable Object> variables) {

    /** What apply_chat_template gives a template under these names. */
    private static final Set<String> RESERVED = Set.of(
            "messages",
            "conversation",
            "tools",
            "documents",
            "chat_template",
            "add_generation_prompt",
            "continue_final_message",
            "sanitize_control_tokens");

    public static final ChatTemplateOptions DEFAULT = new ChatTemplateOptions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            "content",
            false,
            Map.of());

    public ChatTemplateOptions {
        Objects.requireNonNull(chatTemplate, "chatTemplate");
        Objects.requireNonNull(tools, "tools");
        Objects.requireNonNull(documents, "documents");
        Objects.requireNonNull(addGenerationPrompt, "addGenerationPrompt");
        Objects.requireNonNull(continueFinalMessage, "continueFinalMessage");
        Objects.requireNonNull(continuedField, "continuedField");
        Objects.requireNonNull(variables, "variables");
        tools = tools.map(List::copyOf);
        documents = documents.map(List::copyOf);
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
        for (String name : RESERVED) {
            if (variables.containsKey(name)) {
                throw new OptionException(
                        name + " is among the variables of the chat template; expected as an argument of its own");
            }
        }
    }

    /** @param nameOrText the name of one of the model's templates, or a template */
    public ChatTemplateOptions withChatTemplate(String nameOrText) {
        return new ChatTemplateOptions(
                Optional.of(nameOrText),
                tools,
                documents,
                addGenerationPrompt,
                continueFinalMessage,
                continuedField,
                sanitizeControlTokens,
                variables);
    }

    public ChatTemplateOptions withTools(List<Map<String, @Nullable Object>> schemas) {
        return new ChatTemplateOptions(
                chatTemplate,
                Optional.of(schemas),
                documents,
                addGenerationPrompt,
                continueFinalMessage,
                continuedField,
                sanitizeControlTokens,
                variables);
    }

    public ChatTemplateOptions withDocuments(List<Map<String, @Nullable Object>> titlesAndTexts) {
        return new ChatTemplateOptions(
                chatTemplate,
                tools,
                Optional.of(titlesAndTexts),
                addGenerationPrompt,
                continueFinalMessage,
                continuedField,
                sanitizeControlTokens,
                variables);
    }

    public ChatTemplateOptions withAddGenerationPrompt(boolean add) {
        return new ChatTemplateOptions(
                chatTemplate,
                tools,
                documents,
                Optional.of(add),
                continueFinalMessage,
                continuedField,
                sanitizeControlTokens,
                variables);
    }

    public ChatTemplateOptions withContinueFinalMessage(boolean goOn) {
        return new ChatTemplateOptions(
                chatTemplate,
                tools,
                documents,
                addGenerationPrompt,
                Optional.of(goOn),
                continuedField,
                sanitizeControlTokens,
                variables);
    }

    /** With what holds where nothing was said about the last message. */
    public ChatTemplateOptions withContinuing(boolean otherwise) {
        return withContinueFinalMessage(continueFinalMessage.orElse(otherwise));
    }

    /** @param field the key of the last message that is continued, as {@code reasoning_content} */
    public ChatTemplateOptions withContinueFinalMessage(String field) {
        return new ChatTemplateOptions(
                chatTemplate,
                tools,
                documents,
                addGenerationPrompt,
                Optional.of(true),
                field,
                sanitizeControlTokens,
                variables);
    }

    public ChatTemplateOptions withSanitizeControlTokens(boolean sanitize) {
        return new ChatTemplateOptions(
                chatTemplate,
                tools,
                documents,
                addGenerationPrompt,
                continueFinalMessage,
                continuedField,
                sanitize,
                variables);
    }

    /** With a variable of the template. */
    public ChatTemplateOptions with(String name, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(variables);
        more.put(name, value);
        return withVariables(more);
    }

    public ChatTemplateOptions withVariables(Map<String, @Nullable Object> all) {
        return new ChatTemplateOptions(
                chatTemplate,
                tools,
                documents,
                addGenerationPrompt,
                continueFinalMessage,
                continuedField,
                sanitizeControlTokens,
                all);
    }

    /** Whether the last message is continued; not where nothing is said. */
    public boolean continues() {
        return continueFinalMessage.orElse(false);
    }

    /**
     * Whether the assistant's turn is opened.
     *
     * @throws OptionException where the last message shall be continued as well
     */
    public boolean opensTurn() {
        if (continues() && addGenerationPrompt.orElse(false)) {
            throw new OptionException(
                    "continue_final_message and add_generation_prompt are both given; one goes on with the last"
                            + " message, the other begins a new one",
                    "leave one of them out");
        }
        return addGenerationPrompt.orElse(!continues());
    }
}
