package dev.fovea;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.TextArguments;
import dev.fovea.text.ChatTemplate;
import dev.fovea.text.ChatTemplateOptions;
import dev.fovea.text.ControlTokens;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Conversations to prompts: transformers' apply_chat_template, of processors and of tokenizers. */
record ChatPrompts(ModelProcessor processor, Warnings warnings) {

    /**
     * A prompt to be encoded.
     *
     * @param arguments of the processor, beside the user's
     */
    record Prompt(String text, Map<String, Object> arguments) {}

    /** {@code apply_chat_template(…, tokenize=False)}. */
    String text(List<Message> messages, ChatTemplateOptions options) {
        if (options.sanitizeControlTokens()) {
            throw new OptionException(
                    "sanitize_control_tokens is for calls that encode the prompt: a text does not tell who wrote what",
                    "use applyChatTemplateAndTokenize, or Pipeline");
        }
        return template(options).render(messages.stream().map(Message::toMap).toList(), options);
    }

    /** {@code apply_chat_template(…, tokenize=True)} up to the text. */
    Prompt toEncode(List<Message> messages, ChatTemplateOptions options) {
        ChatTemplate template = template(options);
        List<Map<String, @Nullable Object>> maps = new ArrayList<>();
        messages.forEach(m -> maps.add(processor.isTokenizer() ? m.toMap() : withList(m.toMap())));
        String text =
                options.sanitizeControlTokens() ? marked(template, maps, options) : template.render(maps, options);
        Map<String, Object> arguments = new LinkedHashMap<>();
        boolean begun =
                processor.tokenizer().bosToken().filter(text::startsWith).isPresent();
        if (processor.isTokenizer() || begun) {
            arguments.put(TextArguments.ADD_SPECIAL_TOKENS, false);
        }
        if (options.sanitizeControlTokens()) {
            arguments.put(TextArguments.SANITIZE_CONTROL_TOKENS, true);
        }
        return new Prompt(text, arguments);
    }

    /** A processor looks through the content for pictures, and leaves a list where it found nothing. */
    private static Map<String, @Nullable Object> withList(Map<String, @Nullable Object> message) {
        Object content = message.getOrDefault("content", "");
        if ("".equals(content)) {
            message.put("content", List.of());
        }
        return message;
    }

    private String marked(
            ChatTemplate template, List<Map<String, @Nullable Object>> messages, ChatTemplateOptions options) {
        ControlTokens tokens = ControlTokens.of(processor.tokenizer(), template);
        UnaryOperator<List<Map<String, @Nullable Object>>> mark =
                maps -> maps.stream().map(tokens::markAll).toList();
        ChatTemplateOptions all = options.withVariables(tokens.markAll(options.variables()));
        all = options.tools().isPresent()
                ? all.withTools(mark.apply(options.tools().get()))
                : all;
        all = options.documents().isPresent()
                ? all.withDocuments(mark.apply(options.documents().get()))
                : all;
        return template.render(mark.apply(messages), all);
    }

    private ChatTemplate template(ChatTemplateOptions options) {
        ChatTemplate template = processor
                .chatTemplates()
                .orElseThrow(() -> new InputException(
                        "this model has no chat template; it takes a raw prompt", "give a text instead of messages"))
                .choose(options);
        Map<String, @Nullable Object> given = new LinkedHashMap<>(options.variables());
        options.tools().ifPresent(t -> given.put("tools", t));
        options.documents().ifPresent(d -> given.put("documents", d));
        template.unread(given.keySet())
                .forEach(name -> warnings.warn(
                        "the chat template of this model does not look at " + Quote.of(name) + ": it has no effect"));
        return template;
    }
}
