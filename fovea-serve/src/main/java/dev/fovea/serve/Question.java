package dev.fovea.serve;

import dev.fovea.Content;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.media.ImageSource;
import dev.fovea.text.ChatTemplateOptions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a conversation asks of a model. */
final class Question {
    private static final int MOST_PIXELS = 1 << 24;
    private static final String NO_TEMPLATE = "this model has no chat template";

    private Question() {}

    /**
     * Keys beside the messages that a chat template, or a processor, gets.
     *
     * @param tools for models with a chat template
     */
    static Request of(List<Message> messages, Fields request, Pipeline model, Sampling sampling, Tools tools) {
        Request asked = model.processor().hasChatTemplate()
                ? Request.of(messages).withChat(chat(request, tools.schemas()))
                : single(messages, request);
        Map<String, Object> processor = processor(request);
        return asked.withGenerate(tools.hold(sampling.config())).withProcessor(processor);
    }

    /** Users' texts are texts, whatever control tokens they spell. */
    private static ChatTemplateOptions chat(Fields request, List<Map<String, @Nullable Object>> tools) {
        ChatTemplateOptions chat = ChatTemplateOptions.DEFAULT.withSanitizeControlTokens(true);
        if (!tools.isEmpty()) {
            chat = chat.withTools(tools);
        }
        Optional<Map<String, @Nullable Object>> variables = request.map("chat_template_kwargs");
        if (variables.isPresent()) {
            chat = chat.withVariables(variables.get());
        }
        Optional<Boolean> opens = request.optionalFlag("add_generation_prompt");
        if (opens.isPresent()) {
            chat = chat.withAddGenerationPrompt(opens.get());
        }
        // OpenAI's clients expect a new turn, whoever spoke last.
        return chat.withContinueFinalMessage(request.flag("continue_final_message"));
    }

    /** For models without a conversation: one text, and what it is about. */
    private static Request single(List<Message> messages, Fields request) {
        request.only("tools", List.of(), NO_TEMPLATE);
        if (!request.value("tool_choice").equals(Optional.of("none"))) {
            request.only("tool_choice", "auto", NO_TEMPLATE);
        }
        request.optionalFlag("parallel_tool_calls"); // of none
        request.only("chat_template_kwargs", Map.of(), NO_TEMPLATE);
        request.only("continue_final_message", false, NO_TEMPLATE);
        request.only("add_generation_prompt", true, NO_TEMPLATE);
        if (messages.size() != 1 || !messages.getFirst().role().equals("user")) {
            throw Problem.of(
                    "messages",
                    "this model answers one message of the user and keeps no conversation; expected that one alone");
        }
        List<ImageSource> pictures = new ArrayList<>();
        for (Content item : messages.getFirst().content()) {
            switch (item) {
                case Content.Image image -> pictures.add(image.source().orElseThrow());
                case Content.Video _ -> throw Problem.of("messages", "this model takes no clips; expected a picture");
                case Content.Text _ -> {}
            }
        }
        String text = messages.getFirst().text();
        return (text.isEmpty() ? Request.of(pictures.getFirst()) : Request.of(text)).withImages(pictures);
    }

    /** The largest numbers are areas in pixels, for which memory is taken before anybody counts tokens. */
    private static void requireSmall(Object value, String param) {
        if (value instanceof Number n && n.doubleValue() > MOST_PIXELS) {
            throw Problem.of(param, param + " is more than " + MOST_PIXELS + ", which is this server's limit");
        }
        Collection<?> inner =
                value instanceof Map<?, ?> map ? map.values() : value instanceof List<?> list ? list : List.of();
        for (Object one : inner) {
            if (one != null) {
                requireSmall(one, param);
            }
        }
    }

    /** Keyword arguments of the reference's processor, under vLLM's name. */
    private static Map<String, Object> processor(Fields request) {
        Map<String, Object> options = new LinkedHashMap<>();
        request.map("mm_processor_kwargs").orElse(Map.of()).forEach((key, value) -> {
            if (value != null) {
                requireSmall(value, "mm_processor_kwargs." + key);
                options.put(key, value);
            }
        });
        return options;
    }
}
