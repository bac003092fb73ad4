package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
    private static final List<Map<String, String>> HELLO = List.of(Map.of("role", "user", "content", "Hello"));

    @TempDir
    Path directory;

    private static ChatTemplate template(Path directory) {
        return ChatTemplates.find(directory).orElseThrow().choose(ChatTemplateOptions.DEFAULT);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, ?>> maps(@Nullable Object messages) {
        return (List<Map<String, ?>>) (List<?>) Json.array(messages, "messages");
    }

    @TestFactory
    Stream<DynamicTest> rendersThePublishedTemplates() {
        Map<String, ChatTemplate> templates = Map.of(
                "gemma3", template(Resources.path("oracle/gemma3/base/checkpoint")),
                "qwen2.5-vl", template(Resources.path("tokenizers/qwen2.5-vl")),
                "qwen3", template(Resources.path("tokenizers/qwen3")));
        Map<String, @Nullable Object> golden = Json.parseObject(Resources.path("golden/chat-templates.json"));
        return Json.array(golden.get("cases"), "cases").stream()
                .map(c -> Json.object(c, "a case"))
                .map(c -> DynamicTest.dynamicTest(c.get("template") + " " + c.get("conversation"), () -> {
                    ChatTemplate template = Objects.requireNonNull(templates.get(String.valueOf(c.get("template"))));
                    List<Map<String, ?>> messages = maps(c.get("messages"));
                    Map<String, @Nullable Object> extra = new LinkedHashMap<>(c);
                    extra.keySet().retainAll(Set.of("add_vision_id", "enable_thinking"));
                    ChatTemplateOptions options = ChatTemplateOptions.DEFAULT
                            .withAddGenerationPrompt(Boolean.TRUE.equals(c.get("add_generation_prompt")))
                            .withVariables(extra);
                    if (c.containsKey("error")) {
                        assertThatThrownBy(() -> template.render(messages, options))
                                .isInstanceOf(InputException.class);
                    } else {
                        assertThat(template.render(messages, options)).isEqualTo(c.get("rendered"));
                    }
                }));
    }

    /** The prompts of the kit's chats, from their messages. */
    @TestFactory
    Stream<DynamicTest> rendersTheKitsPrompts() {
        return Resources.kit().stream()
                .filter(v -> Files.isRegularFile(v.resolve("checkpoint/chat_template.json"))
                        || Files.isRegularFile(v.resolve("checkpoint/chat_template.jinja")))
                .map(variant ->
                        DynamicTest.dynamicTest(variant.getParent().getFileName() + "/" + variant.getFileName(), () -> {
                            ChatTemplate template = template(variant.resolve("checkpoint"));
                            int rendered = 0;
                            for (Map<String, @Nullable Object> c : Resources.cases(variant)) {
                                Object prompt = c.get("prompt");
                                List<?> messages = c.get("messages") == null
                                        ? List.of()
                                        : Json.array(c.get("messages"), "messages");
                                boolean batch = !messages.isEmpty() && messages.getFirst() instanceof List<?>;
                                List<?> conversations =
                                        batch ? messages : messages.isEmpty() ? List.of() : List.of(messages);
                                for (int row = 0; row < conversations.size(); row++) {
                                    Object expected = prompt instanceof List<?> rows ? rows.get(row) : prompt;
                                    assertThat(template.render(
                                                    maps(conversations.get(row)), ChatTemplateOptions.DEFAULT))
                                            .as(String.valueOf(c.get("name")))
                                            .isEqualTo(expected);
                                    rendered++;
                                }
                            }
                            assertThat(rendered).isPositive();
                        }));
    }

    private String rendered() {
        return template(directory).render(HELLO, ChatTemplateOptions.DEFAULT);
    }

    @Test
    void looksWhereTransformersLooks() throws IOException {
        assertThat(ChatTemplates.find(directory)).isEmpty();
        Path config = directory.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"chat_template\": \"tokenizer's {{ bos_token }}\", \"bos_token\": \"<s>\"}");
        assertThat(rendered()).isEqualTo("tokenizer's <s>");
        Files.writeString(directory.resolve("chat_template.jinja"), "jinja {{ messages[0].content }}\n");
        assertThat(rendered()).isEqualTo("jinja Hello");
        Files.writeString(directory.resolve("chat_template.json"), "{\"chat_template\": \"json {{ tools is none }}\"}");
        assertThat(rendered()).isEqualTo("json True");
        Files.writeString(directory.resolve("processor_config.json"), "{\"processor_class\": \"Some\"}");
        assertThat(rendered()).isEqualTo("json True");
        Files.writeString(directory.resolve("processor_config.json"), "{\"chat_template\": \"processor's\"}");
        assertThat(rendered()).isEqualTo("processor's");
    }

    private String rendered(ChatTemplates templates, ChatTemplateOptions options) {
        return templates.choose(options).render(HELLO, options);
    }

    @Test
    void findsNamedTemplates() throws IOException {
        Files.writeString(
                directory.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"R\"}, {\"name\": \"default\", \"template\":"
                        + " \"D\"}]}");
        Path more = Files.createDirectory(directory.resolve("additional_chat_templates"));
        Files.writeString(more.resolve("tool_use.jinja"), "T{{ tools }}");
        assertThat(rendered()).isEqualTo("D");
        ChatTemplateOptions none = ChatTemplateOptions.DEFAULT;
        ChatTemplates processors = ChatTemplates.find(directory).orElseThrow();
        assertThat(rendered(processors, none.withChatTemplate("rag"))).isEqualTo("R");
        assertThat(rendered(processors, none.withChatTemplate("tool_use"))).isEqualTo("TNone");
        assertThat(rendered(processors, none.withTools(List.of()))).isEqualTo("D");
        assertThat(rendered(processors, none.withChatTemplate("text {{ messages[0].content }}")))
                .isEqualTo("text Hello");
        ChatTemplates tokenizers = ChatTemplates.ofTokenizer(directory).orElseThrow();
        assertThat(rendered(tokenizers, none.withTools(List.of()))).isEqualTo("T[]");
        assertThatThrownBy(() -> tokenizers.choose(none))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("several chat templates and none is the default: tool_use");
    }

    @Test
    void refusesTwoFormsOfTemplates() throws IOException {
        Files.writeString(directory.resolve("chat_template.json"), "{\"chat_template\": \"J\"}");
        assertThat(rendered()).isEqualTo("J");
        Files.writeString(
                Files.createDirectory(directory.resolve("additional_chat_templates"))
                        .resolve("tool_use.jinja"),
                "T");
        assertThatThrownBy(() -> ChatTemplates.find(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("chat_template.json")
                .hasMessageContaining("additional_chat_templates");
    }

    @Test
    void letsTheCallerSetAnyVariable() throws IOException {
        Files.writeString(
                directory.resolve("chat_template.jinja"), "{{ add_vision_id }} {{ bos_token }} {{ tools[0].a }}");
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"bos_token\": {\"content\": \"<s>\"}}");
        ChatTemplateOptions options =
                ChatTemplateOptions.DEFAULT.with("add_vision_id", true).withTools(List.of(Map.of("a", "t")));
        assertThat(template(directory).render(HELLO, options)).isEqualTo("True <s> t");
        assertThat(template(directory).render(HELLO, options.with("bos_token", "<b>")))
                .isEqualTo("True <b> t");
        assertThat(template(directory).unread(Set.of("tools", "add_generation_prompt")))
                .containsExactly("add_generation_prompt");
        assertThatThrownBy(() -> options.with("tools", 1)).isInstanceOf(OptionException.class);
    }

    @Test
    void continuesTheFinalMessage() throws IOException {
        Files.writeString(
                directory.resolve("chat_template.jinja"),
                "{% for m in messages %}<{{ m.content if m.role == 'user' else m.content | trim }}>{% endfor %}{{"
                        + " add_generation_prompt }}");
        ChatTemplateOptions options = ChatTemplateOptions.DEFAULT.withContinueFinalMessage(true);
        ChatTemplate template = template(directory);
        assertThat(template.render(List.of(Map.of("role", "user", "content", "go on ")), options))
                .isEqualTo("<go on ");
        assertThat(template.render(List.of(Map.of("role", "assistant", "content", "go on ")), options))
                .isEqualTo("<go on");
        assertThatThrownBy(() -> template.render(HELLO, options.withAddGenerationPrompt(true)))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("continue_final_message and add_generation_prompt");
        assertThatThrownBy(() -> template.render(HELLO, options.withContinueFinalMessage("reasoning_content")))
                .hasMessageContaining("it has no reasoning_content");
        assertThatThrownBy(() -> template.render(
                        List.of(Map.of("role", "user", "content", List.of(Map.of("type", "image")))), options))
                .hasMessageContaining("it has no text");
        assertThatThrownBy(() -> template.render(List.of(), options)).hasMessageContaining("empty");
    }

    @Test
    void saysWhereATemplateIsBroken() throws IOException {
        Files.writeString(directory.resolve("chat_template.jinja"), "a\n{% if %}");
        assertThatThrownBy(() -> ChatTemplates.find(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("chat_template.jinja")
                .hasMessageContaining("line 2");
    }

    @Test
    void passesOnWhatTheTemplateSays() {
        ChatTemplate gemma = template(Resources.path("oracle/gemma3/base/checkpoint"));
        assertThatThrownBy(() -> gemma.render(List.of(HELLO.getFirst(), HELLO.getFirst()), ChatTemplateOptions.DEFAULT))
                .isInstanceOf(InputException.class)
                .hasMessageMatching("[^(]*alternate.*\\(chat template, line \\d+\\)");
    }
}
