package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
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

    @TestFactory
    Stream<DynamicTest> rendersThePublishedTemplates() {
        Map<String, ChatTemplate> templates = Map.of(
                "gemma3",
                        ChatTemplate.find(Resources.path("oracle/gemma3/base/checkpoint"))
                                .orElseThrow(),
                "qwen2.5-vl",
                        ChatTemplate.find(Resources.path("tokenizers/qwen2.5-vl"))
                                .orElseThrow(),
                "qwen3", ChatTemplate.find(Resources.path("tokenizers/qwen3")).orElseThrow());
        Map<String, @Nullable Object> golden = Json.parseObject(Resources.path("golden/chat-templates.json"));
        return Json.array(golden.get("cases"), "cases").stream()
                .map(c -> Json.object(c, "a case"))
                .map(c -> DynamicTest.dynamicTest(c.get("template") + " " + c.get("conversation"), () -> {
                    ChatTemplate template = Objects.requireNonNull(templates.get(String.valueOf(c.get("template"))));
                    List<?> messages = Json.array(c.get("messages"), "messages");
                    boolean generation = Boolean.TRUE.equals(c.get("add_generation_prompt"));
                    Map<String, @Nullable Object> extra = new LinkedHashMap<>(c);
                    extra.keySet().retainAll(Set.of("add_vision_id", "enable_thinking"));
                    if (c.containsKey("error")) {
                        assertThatThrownBy(() -> template.render(messages, generation, extra))
                                .isInstanceOf(InputException.class);
                    } else {
                        assertThat(template.render(messages, generation, extra)).isEqualTo(c.get("rendered"));
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
                            ChatTemplate template = ChatTemplate.find(variant.resolve("checkpoint"))
                                    .orElseThrow();
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
                                    List<?> conversation = Json.array(conversations.get(row), "messages");
                                    assertThat(template.render(conversation, true, Map.of()))
                                            .as(String.valueOf(c.get("name")))
                                            .isEqualTo(expected);
                                    rendered++;
                                }
                            }
                            assertThat(rendered).isPositive();
                        }));
    }

    private String rendered() {
        return ChatTemplate.find(directory).orElseThrow().render(HELLO, true, Map.of());
    }

    @Test
    void looksWhereTransformersLooks() throws IOException {
        assertThat(ChatTemplate.find(directory)).isEmpty();
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

    @Test
    void findsNamedTemplates() throws IOException {
        Files.writeString(
                directory.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"R\"}, {\"name\": \"default\", \"template\":"
                        + " \"D\"}]}");
        Path more = Files.createDirectory(directory.resolve("additional_chat_templates"));
        Files.writeString(more.resolve("tool_use.jinja"), "T");
        assertThat(rendered()).isEqualTo("D");
        assertThat(ChatTemplate.find(directory, "rag").orElseThrow().render(HELLO, true, Map.of()))
                .isEqualTo("R");
        assertThat(ChatTemplate.find(directory, "tool_use").orElseThrow().render(HELLO, true, Map.of()))
                .isEqualTo("T");
        assertThat(ChatTemplate.find(directory, "none")).isEmpty();
    }

    @Test
    void letsTheCallerSetAnyVariable() throws IOException {
        Files.writeString(
                directory.resolve("chat_template.jinja"), "{{ add_vision_id }} {{ bos_token }} {{ tools[0] }}");
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"bos_token\": {\"content\": \"<s>\"}}");
        assertThat(ChatTemplate.find(directory)
                        .orElseThrow()
                        .render(HELLO, false, Map.of("add_vision_id", true, "tools", List.of("t"))))
                .isEqualTo("True <s> t");
    }

    @Test
    void saysWhereATemplateIsBroken() throws IOException {
        Files.writeString(directory.resolve("chat_template.jinja"), "a\n{% if %}");
        assertThatThrownBy(() -> ChatTemplate.find(directory))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("chat_template.jinja")
                .hasMessageContaining("line 2");
    }

    @Test
    void passesOnWhatTheTemplateSays() {
        ChatTemplate gemma = ChatTemplate.find(Resources.path("oracle/gemma3/base/checkpoint"))
                .orElseThrow();
        assertThatThrownBy(() -> gemma.render(List.of(HELLO.getFirst(), HELLO.getFirst()), true, Map.of()))
                .isInstanceOf(InputException.class)
                .hasMessageMatching("[^(]*alternate.*\\(chat template, line \\d+\\)");
    }
}
