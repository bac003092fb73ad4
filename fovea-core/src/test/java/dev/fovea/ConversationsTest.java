package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.FoveaException;
import dev.fovea.io.Config;
import dev.fovea.io.Json;
import dev.fovea.text.ChatTemplateOptions;
import dev.fovea.text.ChatTemplates;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Conversations of every kind of message and option, against what transformers made of them: see conversations.py. */
class ConversationsTest {
    private static final Map<String, String> CHECKPOINTS = Map.of(
            "qwen2_5_vl", "/oracle/qwen2_5_vl/base/checkpoint",
            "gemma3", "/oracle/gemma3/base/checkpoint",
            "llava_onevision1_5", "/oracle/llava_onevision1_5/small/checkpoint");

    private final Map<String, Processor> processors = new HashMap<>();

    @TestFactory
    Stream<DynamicTest> areRenderedAndEncodedAsByTransformers() {
        List<@Nullable Object> cases = Json.array(Json.parse(resource("/golden/conversations.json")), "cases");
        return cases.stream().map(c -> {
            Map<String, @Nullable Object> one = Json.object(c, "a case");
            String name = one.get("family") + " " + cases.indexOf(c);
            return DynamicTest.dynamicTest(name, () -> check(one));
        });
    }

    private void check(Map<String, @Nullable Object> expected) {
        if (expected.containsKey("error")) {
            assertThatThrownBy(() -> made(expected)).isInstanceOf(FoveaException.class);
        } else {
            assertThat(made(expected)).isEqualTo(expected.containsKey("ids") ? ids(expected) : expected.get("prompt"));
        }
    }

    private Object made(Map<String, @Nullable Object> expected) {
        List<Message> messages = Message.parse(expected.get("messages"), resource("/"));
        ChatTemplateOptions options = ChatTemplateKeys.of(Config.of(new LinkedHashMap<>(expected), "a case"));
        if (expected.get("family").equals("qwen3")) {
            return ChatTemplates.ofTokenizer(resource("/tokenizers/qwen3"))
                    .orElseThrow()
                    .choose(options)
                    .render(messages.stream().map(Message::toMap).toList(), options);
        }
        Processor processor = processors.computeIfAbsent(
                String.valueOf(expected.get("family")),
                family -> AutoProcessor.fromPretrained(resource(Objects.requireNonNull(CHECKPOINTS.get(family)))
                        .toString()));
        return expected.containsKey("sanitize_control_tokens")
                ? processor
                        .applyChatTemplateAndTokenize(messages, options)
                        .rows()
                        .getFirst()
                        .inputIds()
                : processor.applyChatTemplate(messages, options);
    }

    private static int[] ids(Map<String, @Nullable Object> expected) {
        return Json.array(expected.get("ids"), "ids").stream()
                .mapToInt(id -> ((Long) id).intValue())
                .toArray();
    }

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(ConversationsTest.class.getResource(name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
