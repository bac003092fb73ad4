package dev.fovea.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Pipeline;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Calls of tools, and texts that end before one. */
class ToolsTest {
    @Test
    void readsCalls() {
        var calls = Tools.calls(
                "I look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\"}}\n</tool_call>\n"
                        + "<tool_call>{\"name\": \"time\", \"arguments\": {}}");
        assertThat(calls).hasSize(2);
        assertThat(Trial.at(calls, "0.function.name")).isEqualTo("weather");
        assertThat(Trial.at(calls, "0.function.arguments")).isEqualTo("{\"city\": \"Köln\"}");
        assertThat(Trial.at(calls, "1.index")).isEqualTo(1);
        assertThat(Tools.calls("nothing to call")).isEmpty();
        assertThat(Tools.calls("<tool_call>{\"name\": \"weath")).isEmpty();
        assertThat(Tools.calls("<tool_call>[1]</tool_call>")).isEmpty();
    }

    @Test
    void endsBeforeWhatMayBecomeAStopText() {
        StopFilter filter = new StopFilter(List.of("<tool_call>", "ab"));
        assertThat(filter.add("Yes. <to")).isEqualTo("Yes. ");
        assertThat(filter.add("ad> a")).isEqualTo("<toad> ");
        assertThat(filter.add("c <tool_")).isEqualTo("ac ");
        assertThat(filter.add("call>{")).isEmpty();
        assertThat(filter.add("more")).isEmpty();
        assertThat(filter.flush()).isEmpty();
        assertThat(new StopFilter(List.of("ab")).cut("xa")).isEqualTo("xa");
        assertThat(new StopFilter(List.of()).cut("text")).isEqualTo("text");
    }

    @Test
    void refusesToolsThatATemplateHasNoPlaceFor() {
        try (Pipeline model = Pipeline.imageTextToText("demo");
                Trial trial = Trial.of(ServeOptions.DEFAULT, model)) {
            Trial.Reply reply = trial.post(
                    "/v1/chat/completions",
                    Map.of(
                            "messages",
                            List.of(Map.of("role", "user", "content", "Hi")),
                            "tools",
                            List.of(Map.of("type", "function", "function", Map.of("name", "weather")))));
            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(reply.at("error.param")).isEqualTo("tools");
            Map<String, Object> biased = Map.of(
                    "messages",
                    List.of(Map.of("role", "user", "content", "Hi")),
                    "max_tokens",
                    2,
                    "logit_bias",
                    Map.of("17", 100));
            assertThat(trial.post("/v1/chat/completions", biased).at("choices.0.message.content"))
                    .isEqualTo(model.processor().decode(new int[] {17, 17}));
        }
    }
}
