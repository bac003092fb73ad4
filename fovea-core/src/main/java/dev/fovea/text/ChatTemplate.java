package dev.fovea.text;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.text.jinja.Strings;
import dev.fovea.text.jinja.Template;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A chat template: turns messages into the text that the model was trained on.
 *
 * <pre>{@code
 * ChatTemplate template = ChatTemplates.find(directory).orElseThrow().choose(ChatTemplateOptions.DEFAULT);
 * String prompt = template.render(List.of(Map.of("role", "user", "content", "Hello")), ChatTemplateOptions.DEFAULT);
 * }</pre>
 *
 * <p>Immutable and thread-safe. What stands in a message is never run.
 */
public final class ChatTemplate {
    /** The names under which a message's reasoning is given; the first is the one that templates read. */
    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    /** Stands at the end of the message that is continued, so that what a template writes behind it can be cut. */
    private static final String TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

    private final Template template;
    private final Map<String, Object> specialTokens;

    ChatTemplate(Template template, Map<String, Object> specialTokens) {
        this.template = template;
        this.specialTokens = specialTokens;
    }

    /** The variables among these that the template does not look at: they have no effect. */
    public List<String> unread(Set<String> variables) {
        return variables.stream().filter(v -> !template.names().contains(v)).toList();
    }

    /** Whether the text stands in the template itself, in its raw text or in a string of its tags. */
    boolean writes(String text) {
        return template.literals().stream().anyMatch(literal -> literal.contains(text));
    }

    /**
     * The prompt for messages: transformers' render_jinja_template.
     *
     * @param messages maps with {@code role} and {@code content}, a text or a list of maps with {@code type}
     * @param options all but its name of the template
     * @throws InputException where the template refuses the messages: its own words first; or where the message to continue is not
     *     in what it writes
     * @throws dev.fovea.error.OptionException where options contradict each other
     */
    public String render(List<? extends Map<String, ?>> messages, ChatTemplateOptions options) {
        if (messages.isEmpty()) {
            throw new InputException("the conversation is empty; expected at least one message");
        }
        boolean opensTurn = options.opensTurn();
        List<Map<String, @Nullable Object>> seen = new ArrayList<>();
        messages.forEach(m -> seen.add(withReasoning(m)));
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(specialTokens);
        variables.put("tools", options.tools().orElse(null));
        variables.put("documents", options.documents().orElse(null));
        variables.put("add_generation_prompt", opensTurn);
        variables.putAll(options.variables());
        variables.put("messages", seen);
        if (!options.continues()) {
            return template.render(variables);
        }
        String last = tag(seen, options.continuedField());
        return cut(template.render(variables), last);
    }

    /** Reasoning under its older and newer names, as far as one of them is there. */
    private static Map<String, @Nullable Object> withReasoning(Map<String, ?> message) {
        for (String name : REASONING) {
            Object reasoning = message.get(name);
            if (reasoning != null) {
                Map<String, @Nullable Object> all = new LinkedHashMap<>();
                all.put("thinking", reasoning);
                all.putAll(message);
                all.put("reasoning_content", reasoning);
                return all;
            }
        }
        return new LinkedHashMap<>(message);
    }

    /** Marks the end of the last message; gives the text that ends there. */
    private String tag(List<Map<String, @Nullable Object>> messages, String field) {
        Map<String, @Nullable Object> last = messages.getLast();
        Object value = last.get(field);
        if (value == null) {
            throw new InputException("the last message is to be continued, and it has no " + Quote.of(field));
        }
        List<String> fields = REASONING.contains(field)
                ? REASONING.stream().filter(f -> value.equals(last.get(f))).toList()
                : List.of(field);
        if (fields.stream().noneMatch(template.source()::contains)) {
            throw new InputException("the last message is to be continued in its " + Quote.of(field)
                    + ", which the chat template does not look at");
        }
        if (value instanceof List<?> items) {
            List<Object> copy = new ArrayList<>(items);
            String text = tagLastText(copy);
            last.put(field, copy);
            return text;
        }
        if (!(value instanceof String text)) {
            throw new InputException("the last message is to be continued, and its " + Quote.of(field) + " is no text");
        }
        fields.forEach(f -> last.put(f, text + TAG));
        return text;
    }

    private static String tagLastText(List<Object> items) {
        for (int i = items.size() - 1; i >= 0; i--) {
            if (items.get(i) instanceof Map<?, ?> item && item.get("text") instanceof String text) {
                Map<Object, @Nullable Object> tagged = new LinkedHashMap<>(item);
                tagged.put("text", text + TAG);
                items.set(i, tagged);
                return text;
            }
        }
        throw new InputException("the last message is to be continued, and it has no text");
    }

    /** What the template wrote up to the end of the last message. */
    private static String cut(String rendered, String last) {
        int end = rendered.lastIndexOf(TAG.strip());
        if (end < 0 || !rendered.contains(Strings.strip(last))) {
            throw new InputException(
                    "the last message is to be continued, and the chat template does not write it as it stands: "
                            + Quote.of(Strings.strip(last)),
                    "the template may drop a part of it, such as its reasoning");
        }
        String before = rendered.substring(0, end);
        // A template that trims took the space of the tag, and with it what the message ends with.
        return rendered.startsWith(TAG, end) ? before : Strings.rstrip(before);
    }
}
