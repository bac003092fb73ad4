package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {
    @TempDir
    Path temp;

    @Test
    void valuesArePlainJava() {
        Map<String, Object> expected = new LinkedHashMap<>();
        expected.put("z", 1L);
        expected.put("a", Arrays.asList(-2.5e-7, true, null, "ü\n", Long.MIN_VALUE));
        expected.put("m", new BigInteger("9223372036854775808"));
        Object value = Json.parse(
                "{\"z\": 1, \"a\": [-2.5e-7, true, null, \"\\u00fc\\n\", -9223372036854775808],"
                        + " \"m\": 9223372036854775808}",
                "it");
        assertThat(value).isEqualTo(expected);
        assertThat(Json.object(value, "it").keySet()).containsExactly("z", "a", "m");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | it is empty; expected JSON",
                "{} {} | it has text after its JSON value",
                "{\"a\": 1, \"a\": 2} | it is not valid JSON: the key a stands twice in an object at line 1, column ",
                "[NaN] | it is not valid JSON: ",
                "[Infinity] | it is not valid JSON: ",
                "{'a': 1} | it is not valid JSON: ",
                "[1,] | it is not valid JSON: ",
                "[1 | it is not valid JSON: ",
                "// c | it is not valid JSON: "
            })
    void otherTextIsRefused(String text, String message) {
        assertThatThrownBy(() -> Json.parse(text, "it"))
                .isExactlyInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void nestingIsLimited() {
        assertThat(Json.parse("[".repeat(100) + "]".repeat(100), "it")).isInstanceOf(List.class);
        assertThatThrownBy(() -> Json.parse("[".repeat(101) + "]".repeat(101), "it"))
                .isExactlyInstanceOf(InputException.class);
    }

    @Test
    void messagesAreOneShortLine() {
        String name = "\\n" + "n".repeat(100_000);
        assertThatThrownBy(() -> Json.parse("{\"" + name + "\":1,\"" + name + "\":2}", "it"))
                .isExactlyInstanceOf(InputException.class)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400).doesNotContain("\n"));
    }

    @Test
    void messagesHaveLineAndColumn() throws Exception {
        Path file = Files.writeString(temp.resolve("config.json"), "{\n  \"a\": tru\n}");
        assertThatThrownBy(() -> Json.parseObject(file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + " is not valid JSON: ")
                .hasMessageContaining(" at line 2, column ");
    }

    /** DEL and C1 steer terminals as C0 does; JSON may hold them as they are, and need not. */
    @Test
    void whatIsWrittenSteersNoTerminal() {
        String steering = "\u007f\u0085\u009b\u2028\u202e\u2066";
        assertThat(Json.write(steering)).isEqualTo("\"\\u007f\\u0085\\u009b\\u2028\\u202e\\u2066\"");
        assertThat(Json.parse(Json.write(steering), "it")).isEqualTo(steering);
    }

    @Test
    void writesOneLine() {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("text", "\"ü\" \\ \u0001\n\ud83d\ude00 \ud800");
        value.put("ids", new int[] {1, 2});
        value.put("scores", new float[] {0.5f});
        value.put("none", null);
        value.put("far", Double.POSITIVE_INFINITY);
        value.put("empty", Map.of());
        assertThat(Json.write(value))
                .isEqualTo(
                        "{\"text\": \"\\\"ü\\\" \\\\ \\u0001\\n\ud83d\ude00 \\ud800\", \"ids\": [1, 2], \"scores\": [0.5], "
                                + "\"none\": null, \"far\": null, \"empty\": {}}");
    }
}
