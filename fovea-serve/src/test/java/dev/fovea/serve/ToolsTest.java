package dev.fovea.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.Pipeline;
import dev.fovea.ToolCallParser.Part;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Calls of tools, and texts that end before one. */
class ToolsTest {
    /** The demo's template teaches no form of its own, so that an answer of JSON is a call. */
    @Test
    void findsCallsBeforeAStopText() {
        try (Pipeline model = Pipeline.imageTextToText("demo")) {
            Map<String, Object> weather = Map.of("type", "function", "function", Map.of("name", "weather"));
            Tools tools = new Tools(List.of(weather), Optional.empty());
            AnswerReader reader = AnswerReader.of(tools, List.of("END"), model.processor());
            assertThat(reader.add("{\"name\": \"weather\", ")).isEmpty();
            assertThat(reader.add("\"arguments\": {\"city\": \"Köln\"}}EN")).isEmpty();
            assertThat(reader.add("D never seen")).isEmpty();
            assertThat(reader.flush()).singleElement().isInstanceOfSatisfying(Part.Call.class, call -> {
                Map<String, ?> json = Tools.json(call.call());
                assertThat(Trial.at(json, "function.name")).isEqualTo("weather");
                assertThat(Trial.at(json, "function.arguments")).isEqualTo("{\"city\": \"Köln\"}");
            });
            assertThat(AnswerReader.of(tools, List.of(), model.processor()).add("Hi"))
                    .containsExactly(new Part.Text("Hi"));
            AnswerReader plain = AnswerReader.of(Tools.NONE, List.of(), model.processor());
            assertThat(plain.add("{\"name\": ")).containsExactly(new Part.Text("{\"name\": "));
        }
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
