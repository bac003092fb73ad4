package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToolCallParserTest {
    private static String shown(List<ToolCallParser.Part> parts) {
        StringBuilder all = new StringBuilder();
        for (ToolCallParser.Part part : parts) {
            switch (part) {
                case ToolCallParser.Part.Text(String text) -> all.append(text);
                case ToolCallParser.Part.Call(ToolCall call) ->
                    all.append('[').append(call.name()).append(call.arguments()).append(']');
            }
        }
        return all.toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "true|plain text < b |plain text < b ",
                "true|Let me see.\\n<tool_call>\\n{\"name\": \"w\", \"arguments\": {\"c\": \"Köln\"}}\\n</tool_call>|Let me see.[w{\"c\": \"Köln\"}]",
                "true|<tool_call>{\"name\": \"a\"}</tool_call>\\n<tool_call>{\"name\": \"b\", \"arguments\": {}}</tool_call>|[a{}][b{}]",
                "true|<tool_call>{\"name\": \"a\"}</tool_call>\\nDone. |[a{}]Done. ",
                "true|<tool_call>{\"name\": }</tool_call> x|<tool_call>{\"name\": }</tool_call> x",
                "true|<tool_call>{\"name\": \"a\", \"arguments\": {\"t\": \"</tool\"}}|[a{\"t\": \"</tool\"}]",
                "true|<tool_call>{\"name\": \"a\", \"arguments\": {\"t\": \"</tool_call>\"}}</tool_call> x|[a{\"t\": \"</tool_call>\"}]x",
                "true|<tool_call>{\"name: 1}</tool_call> x|<tool_call>{\"name: 1}</tool_call> x",
                "true|<tool_call>{\"name\": \"a\"|<tool_call>{\"name\": \"a\"",
                "true|{\"name\": \"a\"}|{\"name\": \"a\"}",
                "true|a <tool_ b <tool_call|a <tool_ b <tool_call",
                "false| {\"name\": \"w\", \"parameters\": {\"x\": 1}}\\n|[w{\"x\": 1}]",
                "false|[{\"function\": {\"name\": \"w\", \"arguments\": \"{}\"}}, {\"name\": \"w\"}]|[w{}][w{}]",
                "false|{\"name\": \"Ann\"}|{\"name\": \"Ann\"}",
                "false|{\"name\": \"w\", \"arguments\": 3}|{\"name\": \"w\", \"arguments\": 3}",
                "false|<tool_call>{\"name\": \"w\"}</tool_call>|<tool_call>{\"name\": \"w\"}</tool_call>"
            })
    void callsAreFoundHoweverTheTextComes(boolean tagged, String text, String expected) {
        String answer = text.replace("\\n", "\n");
        assertThat(shown(new ToolCallParser(tagged, Set.of("w")).parse(answer))).isEqualTo(expected);
        Random random = new Random(3);
        for (int i = 0; i < 50; i++) {
            ToolCallParser parser = new ToolCallParser(tagged, Set.of("w"));
            List<ToolCallParser.Part> parts = new ArrayList<>();
            int at = 0;
            while (at < answer.length()) {
                int next = Math.min(answer.length(), at + 1 + random.nextInt(6));
                parts.addAll(parser.add(answer.substring(at, next)));
                at = next;
            }
            parts.addAll(parser.flush());
            assertThat(shown(parts)).isEqualTo(expected);
        }
    }

    @Test
    void textIsShownAsSoonAsItIsCertain() {
        ToolCallParser parser = new ToolCallParser(true, Set.of());
        assertThat(parser.add("Hello <").stream().map(Object::toString).collect(Collectors.joining()))
                .contains("Hello");
        assertThat(shown(parser.add("b>"))).isEqualTo(" <b>");
        assertThat(parser.flush()).isEmpty();
    }
}
